#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// UTF-8 as core/document.h promises it, made from whatever a file holds. Pure, linear.
namespace jackdaw::extract {

// Valid UTF-8 without control characters: CR LF and CR become LF, other line ends (VT, FF, NEL, U+2028, U+2029) LF,
// ill-formed bytes U+FFFD; soft hyphens, zero-width marks of order and other controls but tab go.
std::string clean_text(std::string_view bytes);

// clean_text() on one line: white space of any kind and length becomes one space, none at the ends.
std::string one_line(std::string_view bytes);

// The longest beginning of at most `max_bytes` that does not end inside a character.
std::string_view cut_utf8(std::string_view utf8, std::size_t max_bytes) noexcept;

bool is_blank(std::string_view utf8) noexcept;

std::string lower_ascii(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept;
std::string_view trim_ascii(std::string_view text) noexcept;

// A number that stands alone: digits with signs, separators, a unit of currency or a percent sign.
bool looks_numeric(std::string_view utf8) noexcept;

}  // namespace jackdaw::extract
