#pragma once

#include <optional>
#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

// Strict JSON (RFC 8259), or one JSON value a line. Each object of an array is one line, as a row of a table is:
// "name: Magpie-7; size.width: 4"; the key of an array of objects is a heading. Nothing when it is no JSON, or nested
// deeper than kMaxDepth: then it is text.
std::optional<ParsedText> read_json(std::string_view utf8, const ReadLimits& limits);

}  // namespace jackdaw::extract
