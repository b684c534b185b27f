#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"

namespace jackdaw::server {

// Whether the program lives and can answer: GET /health, /healthz and /readyz. Lives on the I/O thread and longer than
// the server.
class HealthApi {
 public:
  explicit HealthApi(Assembly& assembly) : assembly_(assembly) {}

  boost::asio::awaitable<void> health(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> alive(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> ready(http::Request& request, http::ResponseWriter& writer);

 private:
  Assembly& assembly_;
};

}  // namespace jackdaw::server
