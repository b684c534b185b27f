#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

// Reading JSON that somebody else wrote: nothing (empty, null) where a member is absent or of another type. Pure; the
// results live as long as what they were read from.
namespace jackdaw::providers {

std::string_view text_at(const boost::json::object& object, std::string_view name) noexcept;
const boost::json::object* object_at(const boost::json::object& object, std::string_view name) noexcept;
const boost::json::array* array_at(const boost::json::object& object, std::string_view name) noexcept;
// A number from 0 on; a fraction is cut off.
std::optional<std::int64_t> count_at(const boost::json::object& object, std::string_view name) noexcept;
// Whether it is there and says something: not null, false, 0, "", [] or {}.
bool says_something(const boost::json::object& object, std::string_view name) noexcept;
// The value's object: itself, or the only element of an array.
const boost::json::object* object_in(const boost::json::value& value) noexcept;

}  // namespace jackdaw::providers
