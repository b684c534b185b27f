#pragma once

#include <cstddef>
#include <vector>

#include "core/document.h"

namespace jackdaw {

// Where the bytes [begin, end) of Page::text stand on the page: one box a line, top to bottom as read. A word counts
// when it overlaps the range. Pure.
std::vector<Box> line_boxes(const Page& page, std::size_t begin, std::size_t end);

}  // namespace jackdaw
