#pragma once

#include <cstddef>
#include <vector>

#include "extract/confined/page_text.h"

namespace jackdaw::extract {

// A line of a page as it is printed. Positions are in the reading frame, where `along` grows in the direction of
// reading and `down` from line to line, whatever way the text is turned.
struct Line {
  std::size_t begin = 0;  // glyphs
  std::size_t end = 0;
  bool broken_word = false;  // its last word goes on in the next line
  std::size_t letters = 0;   // glyphs that are not white space
  float size = 0;            // the font size of most of its letters
  int quarter = 0;
  float start = 0;    // along; of right-to-left text the right edge, negated
  float down = 0;     // baseline
  char32_t last = 0;  // the last glyph that is not white space or a closing quote or bracket
};

enum class Break { kLine, kParagraph };

// Cuts the glyphs into lines; lines without a letter are left out. Pure.
std::vector<Line> find_lines(const PageGlyphs& page);

// What stands between each line and the next: size() is lines.size() - 1, or 0. Pure.
std::vector<Break> find_breaks(const std::vector<Line>& lines);

bool is_space(char32_t c) noexcept;

}  // namespace jackdaw::extract
