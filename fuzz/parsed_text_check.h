#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "core/text.h"
#include "extract/confined/parsed_text.h"
#include "extract/confined/text_pieces.h"

// What every reader promises about the text that it gives out, whatever it was given.
namespace jackdaw::extract {

inline ReadLimits fuzz_limits() {
  return {.max_pages = 50, .max_characters = 200'000, .max_entries = 100, .max_decoded_bytes = 4 << 20};
}

inline void require(bool kept) {
  if (!kept) std::abort();
}

inline void check_page(const Page& page, const ParsedText& document) {
  require(text::is_valid_utf8(page.text));
  require(std::ranges::none_of(
      page.text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }));
  if (!document.paged) require(!page.text.empty() && page.text.size() <= kPieceBytes);
  std::size_t least = 0;
  for (const Section& section : page.sections) {
    require(section.begin >= least && section.begin < page.text.size());
    require(section.heading.size() <= kMaxHeadingBytes && text::is_valid_utf8(section.heading));
    least = section.begin + 1;
  }
}

inline void check(const ParsedText& document) {
  require(protocol::is_media_type(document.media_type));
  int number = 0;
  for (const Page& page : document.pages) {
    require(page.number == ++number);
    check_page(page, document);
  }
}

// Reads and checks; a refusal is an answer too.
template <class Read>
int check_reader(const std::uint8_t* data, std::size_t size, Read read) {
  try {
    check(read(std::string(reinterpret_cast<const char*>(data), size)));
  } catch (const Refusal&) {
    return 0;
  }
  return 0;
}

}  // namespace jackdaw::extract
