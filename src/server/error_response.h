#pragma once

#include "core/error.h"
#include "http/request.h"
#include "http/response.h"

namespace jackdaw::server {

// The HTTP status of a code: the one table (docs/http_api.md, section 3).
int http_status(ErrorCode code) noexcept;

// `application/problem+json` (RFC 9457) with the status, Retry-After where the code asks for it, and the request's id.
// The request is nullptr where its head could not be read.
http::Response render_error(const Error& error, const http::Request* request);

}  // namespace jackdaw::server
