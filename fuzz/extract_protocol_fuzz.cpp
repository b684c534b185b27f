// What the confined parser sends is untrusted: any bytes, in any pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "core/error.h"
#include "core/text.h"
#include "extract/parser_output.h"

namespace {

void check(const jackdaw::Page& page) {
  if (!jackdaw::text::is_valid_utf8(page.text)) std::abort();
  std::uint32_t end = 0;
  for (const jackdaw::Word& word : page.words) {
    if (word.begin < end || word.begin >= word.end || word.end > page.text.size()) std::abort();
    end = word.end;
    for (const jackdaw::Box& box : word.boxes) {
      if (!(box.x0 <= box.x1 && box.y0 <= box.y1)) std::abort();
    }
  }
  std::int64_t last = -1;
  for (const jackdaw::Section& section : page.sections) {
    if (section.begin <= last || section.begin > page.text.size()) std::abort();
    if (section.heading.size() > jackdaw::kMaxHeadingBytes || !jackdaw::text::is_valid_utf8(section.heading)) {
      std::abort();
    }
    last = section.begin;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says how long the pieces are; the magic is given, since no mutation finds it fast.
  const std::size_t piece = 1 + data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  jackdaw::extract::ParserOutput output(100, 10'000);
  output.feed(jackdaw::extract::protocol::kMagic);
  try {
    while (!bytes.empty()) {
      output.feed(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
      while (const auto message = output.next()) {
        if (const auto* page = std::get_if<jackdaw::extract::ParsedPage>(&*message)) check(page->page);
      }
    }
  } catch (const jackdaw::Error&) {
    return 0;
  }
  return 0;
}
