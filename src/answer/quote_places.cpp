#include "answer/quote_places.h"

#include <exception>
#include <string>

#include "core/error.h"
#include "core/log.h"
#include "core/page_boxes.h"

namespace jackdaw::answer {

boost::asio::awaitable<std::vector<Box>> QuotePlaces::find(const Passage& passage, std::uint32_t begin,
                                                           std::uint32_t end, Cancellation cancellation) {
  if (passage.span.boxes.empty() || begin >= end) co_return passage.span.boxes;
  const auto look = [&]() -> std::vector<Box> {
    const auto page = store_.page(passage.document, passage.span.page);
    // A page that was read anew meanwhile says something else there.
    if (!page || page->text.compare(passage.span.begin, passage.text.size(), passage.text) != 0) return {};
    return line_boxes(*page, passage.span.begin + begin, passage.span.begin + end);
  };
  std::vector<Box> boxes;
  try {
    boxes = co_await storage_.run(Lane::kInteractive, cancellation, look);
  } catch (const std::exception& failure) {
    cancellation.throw_if_requested();
    log::warning(std::string("The place of a quote was not found: ") + failure.what());
  }
  co_return boxes.empty() ? passage.span.boxes : std::move(boxes);
}

}  // namespace jackdaw::answer
