#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

namespace jackdaw::server {

// Adds the routes of what is served from the program itself: GET / and /docs, their files below /app,
// /docs and /shared, /openapi.json.
void add_pages(http::Router& router);

}  // namespace jackdaw::server
