#include "http/uri.h"

#include <algorithm>

#include "http/headers.h"

namespace jackdaw::http {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Bytes beyond ASCII are let through: clients send unescaped UTF-8.
bool is_target_char(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '#';
}

std::string decode_or_keep(std::string_view text) {
  return percent_decode(text, true).value_or(std::string(text));
}

void parse_query(std::string_view query, Target& target) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    target.query.emplace_back(decode_or_keep(pair.substr(0, equals)), decode_or_keep(value));
  }
}

bool parse_path(Target& target) {
  std::string_view rest = target.path;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view segment = rest.substr(0, rest.find('/'));
    std::optional<std::string> decoded = percent_decode(segment);
    if (!decoded || decoded->find('\0') != std::string::npos) return false;
    target.segments.push_back(std::move(*decoded));
    rest.remove_prefix(segment.size());
  }
  return true;
}

// Takes `http://host:port` off the front of a target in absolute form.
std::string_view take_authority(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view after = target.substr(scheme.size());
    const std::string_view authority = after.substr(0, after.find_first_of("/?"));
    target = after.substr(authority.size());
    return authority;
  }
  return {};
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4]);
    encoded.push_back(kHex[byte & 15U]);
  }
  return encoded;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.empty() || !std::ranges::all_of(target, is_target_char)) return std::nullopt;
  Target parsed;
  if (target == "*") {
    parsed.path = target;
    return parsed;
  }
  if (target.front() != '/') {
    parsed.authority = take_authority(target);
    if (parsed.authority.empty()) return std::nullopt;
  }
  const std::size_t question = target.find('?');
  parsed.path = target.substr(0, question);
  if (parsed.path.empty()) parsed.path = "/";
  if (!parse_path(parsed)) return std::nullopt;
  if (question != std::string_view::npos) parse_query(target.substr(question + 1), parsed);
  return parsed;
}

}  // namespace jackdaw::http
