#pragma once

#include <optional>
#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

class TextBuilder;

// The character between the columns (comma, semicolon, tab or bar) when the text is a table: nearly all of its first
// lines have the same number of columns, two or more. Nothing for prose.
std::optional<char> csv_delimiter(std::string_view utf8);

// Comma-separated values and their kin, quoted as RFC 4180 says: each row as a line with the names of its columns.
ParsedText read_csv(std::string_view utf8, char delimiter, const ReadLimits& limits);

void append_csv(std::string_view utf8, char delimiter, TextBuilder& text);

}  // namespace jackdaw::extract
