#pragma once

#include <string>
#include <vector>

#include "http/headers.h"
#include "http/request.h"
#include "server/config.h"

namespace jackdaw::server {

// Who may ask (docs/http_api.md, section 4): the Host name against DNS rebinding, the Origin against foreign pages, the
// key, and the content type of JSON routes. Immutable after construction.
class Access {
 public:
  explicit Access(const Config& config);

  // Refuses to serve beyond loopback without a key or an explicit word. Throws Error kInvalidArgument.
  static void check_bind(const Config& config);

  // Throws Error kForbiddenHost, kForbiddenOrigin, kUnauthenticated or kUnsupportedMediaType. Looks at the head alone.
  void check(const http::Request& request) const;

  // Security fields for every response, and the CORS fields for an origin that is listed.
  void add_headers(const http::Request& request, http::Headers& headers) const;

  bool allows_other_origins() const noexcept { return !cors_origins_.empty(); }

 private:
  void check_host(const http::Request& request) const;
  void check_origin(const http::Request& request) const;
  void check_key(const http::Request& request) const;
  bool is_listed(std::string_view origin) const;

  std::string bound_host_;
  std::vector<std::string> allowed_hosts_;
  std::vector<std::string> cors_origins_;
  std::string api_key_;
};

}  // namespace jackdaw::server
