#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/document.h"

namespace jackdaw::extract {

// One character as the PDF engine lists it, in reading order. Edges in page coordinates (points, y upwards).
struct Glyph {
  char32_t code = 0;  // may be half of a surrogate pair; kLineEndHyphen where a word is broken over a line end
  float left = 0;
  float bottom = 0;
  float right = 0;
  float top = 0;
};

// What the engine writes in place of a hyphen that breaks a word at a line's end; no line break follows it.
inline constexpr char32_t kLineEndHyphen = 0x02;

// How the glyphs from `first` up to the next style are set.
struct GlyphStyle {
  std::size_t first = 0;
  float size = 0;      // of the font on the page, points
  float origin_x = 0;  // of the first glyph, on the baseline
  float origin_y = 0;
  int quarter = 0;  // reading direction, counter-clockwise: 0 to the right, 1 up, 2 to the left, 3 down
};

struct PageGlyphs {
  std::vector<Glyph> glyphs;
  std::vector<GlyphStyle> styles;  // by ascending `first`, one for each word
  float left = 0;                  // the crop box, page coordinates
  float top = 0;
};

// Composes a page's text and words (core/document.h) from its glyphs: whole words where a line end broke them, single
// spaces, LF between lines, a blank line between paragraphs. Fills Page::text and Page::words. Pure.
//
// Paragraphs begin where a line is further from the one above than lines of that page usually are, is set in another
// size or direction, or is indented after a finished sentence.
void compose_text(PageGlyphs page_glyphs, Page& page);

// The steps, for tests. ----------------------------------------------------------------------------------------------

// Joins surrogate pairs; lone halves and numbers that are no code point become U+FFFD.
void join_surrogates(std::vector<Glyph>& glyphs, std::vector<GlyphStyle>& styles);

// Characters of one right-to-left ligature share one box and come in the order of left-to-right text: turns such runs.
void turn_right_to_left_ligatures(std::vector<Glyph>& glyphs);

void append_utf8(std::string& out, char32_t c);
bool is_right_to_left(char32_t c) noexcept;
// Scripts written without spaces: each character counts as a word, so that a box surrounds what is meant.
bool is_ideographic(char32_t c) noexcept;
// Whether a hyphen at a line's end between these two belongs to the word: "2019-2020", "Jean-Paul".
bool keeps_hyphen(char32_t before, char32_t after) noexcept;

}  // namespace jackdaw::extract
