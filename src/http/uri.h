#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Pure functions over request targets (RFC 3986, RFC 9112 section 3.2).
namespace jackdaw::http {

// Nothing where a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
// Everything but letters, digits and -._~ becomes %XX.
std::string percent_encode(std::string_view text);

// A request target taken apart.
struct Target {
  std::string authority;              // of a target in absolute form, else empty
  std::string path;                   // as sent, begins with '/', or is "*"
  std::vector<std::string> segments;  // split at '/', then decoded; {""} for "/"
  std::vector<std::pair<std::string, std::string>> query;
};

// Nothing for a target that is neither in origin form nor in absolute form (nor "*"), holds a malformed escape, NUL or
// a character that a target may not hold. A malformed escape in the query stands for itself.
std::optional<Target> parse_target(std::string_view target);

}  // namespace jackdaw::http
