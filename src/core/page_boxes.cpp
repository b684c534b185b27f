#include "core/page_boxes.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace jackdaw {
namespace {

void widen(Box& box, const Box& by) {
  box.x0 = std::min(box.x0, by.x0);
  box.y0 = std::min(box.y0, by.y0);
  box.x1 = std::max(box.x1, by.x1);
  box.y1 = std::max(box.y1, by.y1);
}

}  // namespace

// The words up to an LF share a line, and a word with several boxes goes on in the next line with each.
std::vector<Box> line_boxes(const Page& page, std::size_t begin, std::size_t end) {
  std::vector<Box> lines;
  auto word = std::partition_point(page.words.begin(), page.words.end(),
                                   [begin](const Word& candidate) { return candidate.end <= begin; });
  std::optional<std::size_t> previous_end;
  for (; word != page.words.end() && word->begin < end; ++word) {
    const std::string_view between =
        previous_end ? std::string_view(page.text).substr(*previous_end, word->begin - *previous_end) : "\n";
    bool new_line = between.find('\n') != std::string_view::npos;
    for (const Box& box : word->boxes) {
      if (new_line || lines.empty()) {
        lines.push_back(box);
      } else {
        widen(lines.back(), box);
      }
      new_line = true;
    }
    previous_end = word->end;
  }
  return lines;
}

}  // namespace jackdaw
