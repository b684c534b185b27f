#pragma once

#include <cstddef>
#include <vector>

#include "core/document.h"

namespace jackdaw::extract {

// Small enough that a passage is found on its piece at once, large enough that few paragraphs are cut.
inline constexpr std::size_t kPieceBytes = std::size_t{32} << 10;

// Cuts a text without pages into pieces of at most kPieceBytes, numbered from 1: before a heading where one is near,
// else between paragraphs, lines, words, and at last between characters. Each piece repeats the heading that it stands
// under. None for a blank text. Linear.
std::vector<Page> cut_into_pieces(const Page& whole);

}  // namespace jackdaw::extract
