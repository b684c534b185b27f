#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Pure functions over the value of one header field (RFC 9110, section 5.6).
namespace jackdaw::http {

bool is_token(std::string_view text) noexcept;
// No control characters but tab; may hold bytes beyond ASCII.
bool is_field_value(std::string_view text) noexcept;
std::string to_lower_ascii(std::string_view text);
// Without spaces and tabs around.
std::string_view trim_blanks(std::string_view text) noexcept;

// How `\` is read inside a quoted string. Browsers do not escape it in the file names of forms, so there only `\"` and
// `\\` are escapes and `C:\file` stays whole.
enum class QuotedPairs { kStandard, kForm };

// `text/html; charset=utf-8`: a value and its parameters, names in lower case, values unquoted.
struct ParameterizedValue {
  std::string value;
  std::vector<std::pair<std::string, std::string>> parameters;

  std::optional<std::string_view> parameter(std::string_view lower_case_name) const noexcept;
};

// Nothing for a malformed value, and where a parameter stands twice.
std::optional<ParameterizedValue> parse_parameterized(std::string_view text,
                                                      QuotedPairs pairs = QuotedPairs::kStandard);

// The type and subtype of a Content-Type in lower case, without parameters; empty for none or a malformed one.
std::string media_type_of(std::string_view content_type);

// Whether a comma-separated list such as Connection or TE holds that token, in any case.
bool list_contains(std::string_view list, std::string_view token) noexcept;

}  // namespace jackdaw::http
