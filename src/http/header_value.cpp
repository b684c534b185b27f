#include "http/header_value.h"

#include <algorithm>

#include "http/headers.h"

namespace jackdaw::http {
namespace {

constexpr std::string_view kBlanks = " \t";

bool is_token_char(char c) noexcept {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kOther.find(c) != std::string_view::npos;
}

// A cursor over the text of a field value.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }

  void skip_blanks() {
    const std::size_t first = rest_.find_first_not_of(kBlanks);
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_until(std::string_view stops) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // What follows an opening quote, up to and with the closing one.
  std::optional<std::string> take_quoted(QuotedPairs pairs) {
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c == '\\' && !rest_.empty() && escapes(rest_.front(), pairs)) {
        text.push_back(rest_.front());
        rest_.remove_prefix(1);
      } else {
        text.push_back(c);
      }
    }
    return std::nullopt;
  }

 private:
  static bool escapes(char next, QuotedPairs pairs) noexcept {
    return pairs == QuotedPairs::kStandard || next == '"' || next == '\\';
  }

  std::string_view rest_;
};

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_field_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

std::string to_lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view trim_blanks(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<std::string_view> ParameterizedValue::parameter(std::string_view lower_case_name) const noexcept {
  for (const auto& [name, text] : parameters) {
    if (name == lower_case_name) return text;
  }
  return std::nullopt;
}

std::optional<ParameterizedValue> parse_parameterized(std::string_view text, QuotedPairs pairs) {
  Cursor cursor(text);
  ParameterizedValue parsed;
  parsed.value = trim_blanks(cursor.take_until(";"));
  if (parsed.value.empty()) return std::nullopt;
  while (cursor.skip(';')) {
    cursor.skip_blanks();
    const std::string name = to_lower_ascii(trim_blanks(cursor.take_until("=;")));
    if (name.empty() && !cursor.skip('=')) continue;  // `;;`, or a `;` at the end
    if (!is_token(name) || !cursor.skip('=') || parsed.parameter(name)) return std::nullopt;
    cursor.skip_blanks();
    if (cursor.skip('"')) {
      std::optional<std::string> value = cursor.take_quoted(pairs);
      if (!value) return std::nullopt;
      parsed.parameters.emplace_back(name, std::move(*value));
      cursor.skip_blanks();
    } else {
      parsed.parameters.emplace_back(name, trim_blanks(cursor.take_until(";")));
    }
  }
  if (!cursor.at_end()) return std::nullopt;
  return parsed;
}

std::string media_type_of(std::string_view content_type) {
  const std::string_view type = trim_blanks(content_type.substr(0, content_type.find(';')));
  const std::size_t slash = type.find('/');
  if (slash == std::string_view::npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1)))
    return {};
  return to_lower_ascii(type);
}

bool list_contains(std::string_view list, std::string_view token) noexcept {
  while (true) {
    const std::size_t comma = list.find(',');
    if (equals_ignoring_case(trim_blanks(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace jackdaw::http
