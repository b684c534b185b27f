#include "server/access.h"

#include <algorithm>

#include "core/error.h"
#include "http/header_value.h"

namespace jackdaw::server {
namespace {

// "[::1]:8000" -> "[::1]", "Example.org:80" -> "example.org".
std::string host_name(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    authority = authority.substr(0, colon);
  }
  return http::to_lower_ascii(authority);
}

std::string without_brackets(std::string host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

// Takes the same time wherever the texts differ.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  }
  return difference == 0;
}

// What a person's browser or a watchdog needs before anyone could give a key.
bool is_open_to_all(std::string_view path) {
  return path == "/" || path == "/health" || path == "/healthz" || path == "/readyz" || path == "/openapi.json" ||
         path == "/docs" || path.starts_with("/docs/") || path.starts_with("/app/") || path.starts_with("/shared/");
}

bool takes_json(const http::Request& request) {
  if (request.method == "PATCH") return true;
  return request.method == "POST" &&
         (request.route == "/query" || request.route == "/query/stream" || request.route == "/v1/search" ||
          request.route == "/v1/answers" || request.route == "/v1/conversations");
}

}  // namespace

Access::Access(const Config& config)
    : bound_host_(http::to_lower_ascii(config.host)), cors_origins_(config.cors_origins), api_key_(config.api_key) {
  for (const std::string& host : config.allowed_hosts) allowed_hosts_.push_back(without_brackets(host_name(host)));
}

void Access::check_bind(const Config& config) {
  if (is_loopback(config.host) || !config.api_key.empty() || config.allow_unauthenticated) return;
  throw Error(ErrorCode::kInvalidArgument,
              "Serving " + config.host +
                  " would let everyone on the network read your documents. Set JACKDAW_API_KEY, or say "
                  "--allow-unauthenticated if that is what you want.")
      .with_field("--host");
}

void Access::check(const http::Request& request) const {
  check_host(request);
  check_origin(request);
  check_key(request);
  if (takes_json(request) && http::media_type_of(request.headers.get("Content-Type")) != "application/json") {
    throw Error(ErrorCode::kUnsupportedMediaType,
                "This route takes JSON. Send the header Content-Type: application/json.");
  }
}

void Access::check_host(const http::Request& request) const {
  const std::string host = without_brackets(host_name(request.headers.get("Host")));
  if (is_loopback(host) || host == bound_host_) return;
  if (std::find(allowed_hosts_.begin(), allowed_hosts_.end(), host) != allowed_hosts_.end()) return;
  throw Error(ErrorCode::kForbiddenHost, "This server does not answer for the host name \"" + host +
                                             "\". Add it to JACKDAW_ALLOWED_HOSTS if it should.");
}

bool Access::is_listed(std::string_view origin) const {
  return std::find(cors_origins_.begin(), cors_origins_.end(), origin) != cors_origins_.end();
}

void Access::check_origin(const http::Request& request) const {
  const std::string_view origin = request.headers.get("Origin");
  if (!origin.empty()) {
    const std::size_t scheme = origin.find("://");
    const bool same = scheme != std::string_view::npos &&
                      http::equals_ignoring_case(origin.substr(scheme + 3), request.headers.get("Host"));
    if (same || is_listed(origin)) return;
  } else if (!http::equals_ignoring_case(request.headers.get("Sec-Fetch-Site"), "cross-site")) {
    return;
  }
  throw Error(ErrorCode::kForbiddenOrigin,
              origin.empty() ? std::string("Requests from pages of other sites are refused.")
                             : "Requests from pages of \"" + std::string(origin) +
                                   "\" are refused. Add it to JACKDAW_CORS_ORIGINS if it should be allowed.");
}

void Access::check_key(const http::Request& request) const {
  if (api_key_.empty() || is_open_to_all(request.path) || request.method == "OPTIONS") return;
  const std::string_view given = request.headers.get("Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  const bool has_scheme =
      given.size() > kScheme.size() && http::equals_ignoring_case(given.substr(0, kScheme.size()), kScheme);
  if (has_scheme && equal_in_constant_time(http::trim_blanks(given.substr(kScheme.size())), api_key_)) return;
  throw Error(
      ErrorCode::kUnauthenticated,
      "This server needs its key: send the header Authorization: Bearer KEY, with the value of JACKDAW_API_KEY.");
}

void Access::add_headers(const http::Request& request, http::Headers& headers) const {
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  if (cors_origins_.empty()) return;
  headers.add("Vary", "Origin");
  const std::string_view origin = request.headers.get("Origin");
  if (!is_listed(origin)) return;
  headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers",
              "X-Request-Id, Server-Timing, Retry-After, Location, ETag, Content-Range, Accept-Ranges");
  if (request.method == "OPTIONS") {
    headers.set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
    headers.set("Access-Control-Allow-Headers",
                "Authorization, Content-Type, Content-Disposition, Range, If-Range, If-None-Match, X-Request-Id");
    headers.set("Access-Control-Max-Age", "600");
  }
}

}  // namespace jackdaw::server
