#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace jackdaw::http {

// The first CR or LF; npos when there is none. One pass: std::string_view::find_first_of calls memchr for each byte.
inline std::size_t find_line_end(std::string_view text) noexcept {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
  return end == text.end() ? std::string_view::npos : static_cast<std::size_t>(end - text.begin());
}

}  // namespace jackdaw::http
