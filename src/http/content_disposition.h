#pragma once

#include <optional>
#include <string>
#include <string_view>

// The Content-Disposition field: of downloads (RFC 6266) and of form parts (RFC 7578). Pure functions.
namespace jackdaw::http {

struct ContentDisposition {
  std::string type;                     // lower case: "attachment", "inline", "form-data"
  std::optional<std::string> name;      // of a form field
  std::optional<std::string> filename;  // filename* (RFC 8187) before filename; untrusted, may hold a path
};

// Reads leniently what clients send: quoted-pair escapes, and the browsers' %22, %0D and %0A in form-data. Nothing for
// a malformed field.
std::optional<ContentDisposition> parse_content_disposition(std::string_view value);

// `attachment; filename="..."; filename*=UTF-8''...`. Throws Error kInvalidArgument for a name with CR, LF, NUL or
// another control character.
std::string format_content_disposition(std::string_view type, std::string_view filename);

}  // namespace jackdaw::http
