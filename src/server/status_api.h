#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"

namespace boost::json {
class value;
}  // namespace boost::json

namespace jackdaw::server {

// GET /v1/status: what a page needs to know of the program it talks to. Never a key. Lives on the I/O thread and longer
// than the server.
class StatusApi {
 public:
  explicit StatusApi(Assembly& assembly) : assembly_(assembly) {}

  // 200 also while the program is starting, or cannot answer: it says so.
  boost::asio::awaitable<void> get(http::Request& request, http::ResponseWriter& writer);

 private:
  Assembly& assembly_;
};

// What a person should know of what does not work, a sentence each.
std::vector<std::string> degraded_parts(Assembly& assembly);

// Null where pages that are pictures of text are not read.
boost::json::value recognizer_to_json(const extract::RecognizerStatus& recognizer);

}  // namespace jackdaw::server
