#include "server/pages.h"

#include <span>
#include <string>
#include <string_view>

#include "server/web_assets.h"

namespace jackdaw::server {
namespace {

// Nothing but the program's own files and its own API; no inline script, no other host, no text that becomes a script.
// It is sent with every file, since a worker has the policy of its own file.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; worker-src "
    "'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types jackdaw";

http::Response respond(const WebAsset& asset, const http::Request& request) {
  http::Response response{.status = 200, .headers = {{"Content-Type", std::string(asset.media_type)}}, .body = {}};
  response.headers.set("ETag", asset.etag);
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("Content-Security-Policy", kPagePolicy);
  if (request.headers.get("If-None-Match") == asset.etag) {
    response.status = 304;
  } else {
    response.body = asset.content;
  }
  return response;
}

}  // namespace

void add_pages(http::Router& router) {
  for (const WebAsset& asset : web_assets()) {
    router.add("GET", asset.path, [&asset](http::Request& request, http::ResponseWriter& writer) {
      return writer.send(respond(asset, request));
    });
  }
}

}  // namespace jackdaw::server
