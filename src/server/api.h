#pragma once

#include <cstddef>

#include "http/request.h"
#include "http/response.h"

namespace boost::json {
class object;
}  // namespace boost::json

// What the routes have in common.
namespace jackdaw::server {

// One JSON object and a line end. Nothing of it may be stored on the way: answers change.
http::Response json_response(int status, const boost::json::object& body);

// 204
http::Response no_content();

// `?limit=` of a list, 1 to 200; 50 when it is not given. Throws Error kInvalidArgument.
std::size_t parse_limit(const http::Request& request);

}  // namespace jackdaw::server
