#include "providers/endpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "core/error.h"
#include "core/text.h"
#include "providers/redaction.h"

namespace jackdaw::providers {
namespace {

constexpr std::string_view kOllamaPort = "11434";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexAddress = "0123456789abcdefABCDEF:.";
constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

// What follows one of these may be a key: "?key=...", "#...", "user=...", a second word.
constexpr std::string_view kMayBeginSecret = "?#@\\&=;% \t\r\n";
constexpr std::size_t kMaxShownCharacters = 200;

struct Setting {
  std::string_view variable;
  std::string_view value;
};

// The value up to `end`, and no further than where a secret may stand.
std::string shown(std::string_view value, std::size_t end) {
  const std::size_t visible = std::min({end, value.find_first_of(kMayBeginSecret), value.size()});
  const std::string clean = redact(text::sanitize(value.substr(0, visible)), {});
  const std::string_view part = text::truncate(clean, kMaxShownCharacters);
  return std::string(part) + (visible < value.size() || part.size() < clean.size() ? "\u2026" : "");
}

[[noreturn]] void refuse(const Setting& setting, const std::string& why, std::size_t shown_end = std::string::npos) {
  throw Error(ErrorCode::kInvalidArgument, std::string(setting.variable) + " is \"" + shown(setting.value, shown_end) +
                                               "\", which " + why +
                                               " Use a URL like https://host or http://127.0.0.1:8000/v1.")
      .with_field(std::string(setting.variable));
}

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
  return out;
}

void check_characters(const Setting& setting) {
  for (const char c : setting.value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F) {
      refuse(setting, "holds a blank or another character that no URL may hold.");
    }
  }
  if (setting.value.find('@') != std::string_view::npos) {
    throw Error(ErrorCode::kInvalidArgument, std::string(setting.variable) +
                                                 " holds a user name or a password. Leave them out: keys belong in "
                                                 "the variables for keys.")
        .with_field(std::string(setting.variable));
  }
  if (setting.value.find_first_of("?#\\") != std::string_view::npos) refuse(setting, "holds a query or a fragment.");
}

std::string checked_port(const Setting& setting, std::string_view port) {
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_number = failure == std::errc() && end == port.data() + port.size() && only(port, kDigits);
  if (!is_number || number == 0 || number > 65535) {
    // Other than digits: perhaps the password of an address without its "@".
    const std::size_t shown_end = only(port, kDigits) ? std::string::npos : setting.value.find(port);
    refuse(setting, "has no valid port: use 1 to 65535.", shown_end);
  }
  return std::to_string(number);
}

// `rest` is "host", "host:port" or "[address]:port", then a path.
Endpoint parse_rest(const Setting& setting, std::string scheme, std::string_view rest) {
  Endpoint endpoint;
  endpoint.scheme = std::move(scheme);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view path = rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  endpoint.path = path;
  const std::string_view authority = rest.substr(0, slash);
  std::size_t host_end = std::min(authority.find(':'), authority.size());
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos || close < 3 || !only(authority.substr(1, close - 1), kHexAddress)) {
      refuse(setting, "has no valid address between the brackets.");
    }
    host_end = close + 1;
  } else if (host_end == 0 || !only(authority.substr(0, host_end), kHostCharacters)) {
    refuse(setting, "names no valid host.");
  }
  endpoint.host = lower(authority.substr(0, host_end));
  const std::string_view port = authority.substr(host_end);
  if (port.empty()) return endpoint;
  if (port.front() != ':') refuse(setting, "names no valid host.");
  endpoint.port = checked_port(setting, port.substr(1));
  return endpoint;
}

std::optional<Endpoint> parse_url(const Setting& setting) {
  const std::size_t end = setting.value.find("://");
  if (end == std::string_view::npos) return std::nullopt;
  std::string scheme = lower(setting.value.substr(0, end));
  if (scheme != "http" && scheme != "https") refuse(setting, "is neither http nor https.");
  return parse_rest(setting, std::move(scheme), setting.value.substr(end + 3));
}

}  // namespace

std::string Endpoint::origin() const {
  return scheme + "://" + host + (port.empty() ? "" : ":" + port);
}

bool Endpoint::is_loopback() const {
  const bool is_v4 = host.starts_with("127.") && only(host, "0123456789.");
  return host == "localhost" || host.ends_with(".localhost") || is_v4 || host == "[::1]";
}

Endpoint parse_base_url(std::string_view variable, std::string_view value) {
  const Setting setting{variable, text::trim(value)};
  check_characters(setting);
  const auto endpoint = parse_url(setting);
  if (!endpoint) refuse(setting, "is no URL.");
  return *endpoint;
}

Endpoint parse_ollama_host(std::string_view variable, std::string_view value) {
  const Setting setting{variable, text::trim(value)};
  check_characters(setting);
  auto endpoint = parse_url(setting);
  if (!endpoint) {
    const bool is_port_alone = setting.value.starts_with(':');
    endpoint = parse_rest(setting, "http", is_port_alone ? "127.0.0.1" + std::string(setting.value) : setting.value);
    if (endpoint->port.empty()) endpoint->port = kOllamaPort;
  }
  if (endpoint->host == "0.0.0.0") endpoint->host = "127.0.0.1";
  if (endpoint->host == "[::]") endpoint->host = "[::1]";
  return *endpoint;
}

}  // namespace jackdaw::providers
