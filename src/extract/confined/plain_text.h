#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

// All readers of this folder are pure functions of a file's bytes: no files, no clock, no state. They throw Refusal and
// std::bad_alloc only, and take time and memory in proportion to what they are given.
ParsedText read_plain_text(std::string_view utf8, const ReadLimits& limits);

}  // namespace jackdaw::extract
