#pragma once

#include <string>
#include <vector>

#include "core/document.h"

namespace jackdaw::extract {

// A word as it was read from a picture.
struct RecognizedWord {
  enum class Before { kSpace, kLine, kParagraph };  // what separates it from the word before

  std::string text;      // UTF-8
  float confidence = 0;  // percent
  Before before = Before::kSpace;
  Box box;
};

// Below this many percent a word is a stain, a drawing or a part of a photograph rather than a word.
inline constexpr float kLeastConfidence = 30;

// Composes a page's text and words (core/document.h) from what was read, in the units of the boxes: single spaces, LF
// between lines, a blank line between paragraphs, whole words where a hyphen broke them over a line end, no word of
// little confidence. Fills Page::text and Page::words. Pure.
void compose_recognized(const std::vector<RecognizedWord>& words, Page& page);

}  // namespace jackdaw::extract
