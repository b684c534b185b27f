#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::http {

// ASCII letters compare without case; other bytes as they are.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

// The header fields of a message, in order. Names compare without case. A plain value; not shared between threads.
//
// What is added is checked, so that no value can smuggle in a line of its own: a name that is not a token, or a value
// with CR, LF, NUL or another control character, throws Error kInvalidArgument.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
    friend bool operator==(const Field&, const Field&) = default;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields);

  void add(std::string_view name, std::string_view value);
  // Replaces all fields of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  bool contains(std::string_view name) const noexcept;
  // The first field of that name. The view lives as long as the field.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  // The same, empty when there is none.
  std::string_view get(std::string_view name) const noexcept;
  std::vector<std::string_view> all(std::string_view name) const;

  std::size_t size() const noexcept { return fields_.size(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace jackdaw::http
