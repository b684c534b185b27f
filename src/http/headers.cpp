#include "http/headers.h"

#include <algorithm>

#include "core/error.h"
#include "http/header_value.h"

namespace jackdaw::http {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void check(std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    throw Error(ErrorCode::kInvalidArgument, "A header field has a name with characters that are not allowed there.");
  }
  if (!is_field_value(value)) {
    throw Error(ErrorCode::kInvalidArgument,
                "The header field " + std::string(name) + " holds control characters. Send it without them.");
  }
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Headers::Headers(std::initializer_list<Field> fields) {
  for (const Field& field : fields) add(field.name, field.value);
}

void Headers::add(std::string_view name, std::string_view value) {
  check(name, value);
  fields_.push_back({std::string(name), std::string(value)});
}

void Headers::set(std::string_view name, std::string_view value) {
  check(name, value);
  Field field{std::string(name), std::string(value)};
  remove(field.name);
  fields_.push_back(std::move(field));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return equals_ignoring_case(field.name, name); });
}

bool Headers::contains(std::string_view name) const noexcept {
  return find(name).has_value();
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const Field& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string_view Headers::get(std::string_view name) const noexcept {
  return find(name).value_or(std::string_view());
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (equals_ignoring_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

}  // namespace jackdaw::http
