#include "server/api.h"

#include <boost/json.hpp>

#include <charconv>

#include "core/error.h"
#include "server/json.h"

namespace jackdaw::server {

http::Response json_response(int status, const boost::json::object& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = dump(body) + "\n"};
}

http::Response no_content() {
  return {.status = 204, .headers = {}, .body = {}};
}

std::size_t parse_limit(const http::Request& request) {
  constexpr std::size_t kDefault = 50;
  constexpr std::size_t kMost = 200;
  const auto text = request.query_value("limit");
  if (!text) return kDefault;
  std::size_t limit = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (failure != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > kMost) {
    throw Error(ErrorCode::kInvalidArgument, "limit must be a whole number from 1 to 200.").with_field("limit");
  }
  return limit;
}

}  // namespace jackdaw::server
