#include "providers/json_fields.h"

#include <boost/json.hpp>

#include <cmath>

namespace jackdaw::providers {

namespace json = boost::json;

namespace {

const json::value* at(const json::object& object, std::string_view name) noexcept {
  return object.if_contains(json::string_view(name.data(), name.size()));
}

}  // namespace

std::string_view text_at(const json::object& object, std::string_view name) noexcept {
  const json::value* value = at(object, name);
  const json::string* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

const json::object* object_at(const json::object& object, std::string_view name) noexcept {
  const json::value* value = at(object, name);
  return value ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& object, std::string_view name) noexcept {
  const json::value* value = at(object, name);
  return value ? value->if_array() : nullptr;
}

std::optional<std::int64_t> count_at(const json::object& object, std::string_view name) noexcept {
  const json::value* value = at(object, name);
  if (!value) return std::nullopt;
  if (const auto* number = value->if_int64(); number && *number >= 0) return *number;
  if (const auto* number = value->if_double(); number && std::isfinite(*number) && *number >= 0 && *number < 9e15) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

bool says_something(const json::object& object, std::string_view name) noexcept {
  const json::value* value = at(object, name);
  if (!value) return false;
  switch (value->kind()) {
    case json::kind::null: return false;
    case json::kind::bool_: return value->get_bool();
    case json::kind::int64: return value->get_int64() != 0;
    case json::kind::uint64: return value->get_uint64() != 0;
    case json::kind::double_: return value->get_double() != 0;
    case json::kind::string: return !value->get_string().empty();
    case json::kind::array: return !value->get_array().empty();
    case json::kind::object: return !value->get_object().empty();
  }
  return false;
}

const json::object* object_in(const json::value& value) noexcept {
  if (const json::object* object = value.if_object()) return object;
  const json::array* array = value.if_array();
  return array && array->size() == 1 ? array->front().if_object() : nullptr;
}

}  // namespace jackdaw::providers
