#pragma once

#include <string>
#include <vector>

#include "extract/confined/page_text.h"
#include "extract/confined/protocol.h"

namespace jackdaw::extract {

// Reads a short text that PDFium gives as UTF-16LE; `read(buffer, bytes)` is the call that gives it. Empty when it is
// longer than kMaxShortStringBytes characters.
template <class Read>
std::string read_utf16(Read read) {
  const unsigned long bytes = read(nullptr, 0);
  if (bytes <= 2 || bytes > 2 * protocol::kMaxShortStringBytes) return {};
  std::vector<char16_t> units(bytes / 2);
  if (read(units.data(), bytes) > bytes) return {};
  std::vector<Glyph> glyphs;
  for (const char16_t unit : units) {
    if (unit == 0) break;
    glyphs.push_back(Glyph{.code = unit});
  }
  std::vector<GlyphStyle> no_styles;
  join_surrogates(glyphs, no_styles);
  std::string utf8;
  for (const Glyph& glyph : glyphs) append_utf8(utf8, glyph.code);
  return utf8;
}

}  // namespace jackdaw::extract
