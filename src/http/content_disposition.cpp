#include "http/content_disposition.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "http/header_value.h"
#include "http/headers.h"
#include "http/uri.h"

namespace jackdaw::http {
namespace {

// RFC 8187: charset'language'percent-encoded.
std::optional<std::string> decode_extended(std::string_view value) {
  const std::size_t first = value.find('\'');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = value.find('\'', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  std::optional<std::string> bytes = percent_decode(value.substr(second + 1));
  if (!bytes) return std::nullopt;
  const std::string_view charset = value.substr(0, first);
  if (equals_ignoring_case(charset, "UTF-8")) return text::is_valid_utf8(*bytes) ? bytes : std::nullopt;
  if (!equals_ignoring_case(charset, "ISO-8859-1")) return std::nullopt;
  std::string utf8;
  for (const char c : *bytes) text::append_utf8(utf8, static_cast<unsigned char>(c));
  return utf8;
}

// The three escapes of WHATWG's multipart/form-data encoding; every other '%' is itself.
std::string decode_form_escapes(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view escape = text.substr(i, 3);
    if (escape == "%22") {
      decoded.push_back('"');
    } else if (equals_ignoring_case(escape, "%0D")) {
      decoded.push_back('\r');
    } else if (equals_ignoring_case(escape, "%0A")) {
      decoded.push_back('\n');
    } else {
      decoded.push_back(text[i]);
      continue;
    }
    i += 2;
  }
  return decoded;
}

}  // namespace

std::optional<ContentDisposition> parse_content_disposition(std::string_view value) {
  const bool form = equals_ignoring_case(trim_blanks(value.substr(0, value.find(';'))), "form-data");
  const auto parsed = parse_parameterized(value, form ? QuotedPairs::kForm : QuotedPairs::kStandard);
  if (!parsed || !is_token(parsed->value)) return std::nullopt;
  const auto decoded = [form](std::string_view text) { return form ? decode_form_escapes(text) : std::string(text); };

  ContentDisposition disposition;
  disposition.type = to_lower_ascii(parsed->value);
  if (const auto name = parsed->parameter("name")) disposition.name = decoded(*name);
  if (const auto extended = parsed->parameter("filename*")) disposition.filename = decode_extended(*extended);
  if (!disposition.filename) {
    if (const auto filename = parsed->parameter("filename")) disposition.filename = decoded(*filename);
  }
  return disposition;
}

std::string format_content_disposition(std::string_view type, std::string_view filename) {
  if (!is_token(type) || !is_field_value(filename) || filename.find('\t') != std::string_view::npos) {
    throw Error(ErrorCode::kInvalidArgument, "A file name with control characters cannot stand in a header.");
  }
  std::string ascii;
  bool exact = true;
  for (const text::CodePoint& point : text::decode(filename)) {
    const char32_t c = point.value;
    // '%' could be read as an escape by some clients.
    const bool plain = c < 0x7f && c != '"' && c != '\\' && c != '%';
    ascii.push_back(plain ? static_cast<char>(c) : '_');
    exact = exact && plain;
  }
  std::string header = std::string(type) + "; filename=\"" + ascii + "\"";
  if (!exact) header += "; filename*=UTF-8''" + percent_encode(text::sanitize(filename));
  return header;
}

}  // namespace jackdaw::http
