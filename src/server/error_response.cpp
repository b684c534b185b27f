#include "server/error_response.h"

#include <boost/json.hpp>

#include <algorithm>

#include "core/text.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

struct Problem {
  int status;
  const char* title;
};

Problem problem_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidJson: return {400, "Invalid JSON"};
    case ErrorCode::kInvalidArgument: return {400, "Invalid argument"};
    case ErrorCode::kEmptyQuestion: return {400, "Empty question"};
    case ErrorCode::kUnauthenticated: return {401, "Key required"};
    case ErrorCode::kPermissionDenied: return {403, "Permission denied"};
    case ErrorCode::kForbiddenHost: return {403, "Forbidden host"};
    case ErrorCode::kForbiddenOrigin: return {403, "Forbidden origin"};
    case ErrorCode::kNotFound: return {404, "Not found"};
    case ErrorCode::kMethodNotAllowed: return {405, "Method not allowed"};
    case ErrorCode::kNotAcceptable: return {406, "Not acceptable"};
    case ErrorCode::kGone: return {410, "Gone"};
    case ErrorCode::kRequestTimeout: return {408, "Request timeout"};
    case ErrorCode::kRangeNotSatisfiable: return {416, "Range not satisfiable"};
    case ErrorCode::kConflict: return {409, "Conflict"};
    case ErrorCode::kNotReady: return {409, "Nothing to search yet"};
    case ErrorCode::kTooLarge: return {413, "Too large"};
    case ErrorCode::kUriTooLong: return {414, "URI too long"};
    case ErrorCode::kHeaderTooLarge: return {431, "Header too large"};
    case ErrorCode::kUnsupportedMediaType: return {415, "Unsupported media type"};
    case ErrorCode::kEncryptedDocument: return {422, "Encrypted document"};
    case ErrorCode::kDamagedDocument: return {422, "Damaged document"};
    case ErrorCode::kNoText: return {422, "No text"};
    case ErrorCode::kOverloaded: return {429, "Overloaded"};
    case ErrorCode::kRateLimited: return {429, "Rate limited"};
    case ErrorCode::kShuttingDown: return {503, "Shutting down"};
    case ErrorCode::kStarting: return {503, "Starting"};
    case ErrorCode::kInternal: return {500, "Internal error"};
    case ErrorCode::kProviderError: return {502, "Provider error"};
    case ErrorCode::kProviderAuth: return {502, "Provider refused the key"};
    case ErrorCode::kProviderOverloaded: return {502, "Provider overloaded"};
    case ErrorCode::kProviderBadStream: return {502, "Provider sent a bad stream"};
    case ErrorCode::kProviderTimeout: return {504, "Provider timeout"};
    case ErrorCode::kStorageFull: return {507, "Storage full"};
    case ErrorCode::kCancelled: return {503, "Cancelled"};
    case ErrorCode::kDeadlineExceeded: return {504, "Deadline exceeded"};
    case ErrorCode::kUnavailable: return {503, "Unavailable"};
  }
  return {500, "Internal error"};
}

std::optional<std::chrono::seconds> retry_after(const Error& error, int status) {
  if (error.retry_after()) return std::max(*error.retry_after(), std::chrono::seconds(1));
  if (status == 429 || status == 503) return std::chrono::seconds(error.code() == ErrorCode::kUnavailable ? 30 : 1);
  return std::nullopt;
}

}  // namespace

int http_status(ErrorCode code) noexcept {
  return problem_of(code).status;
}

http::Response render_error(const Error& error, const http::Request* request) {
  const auto [status, title] = problem_of(error.code());
  const std::string detail = text::sanitize(error.what());  // may quote what the caller sent
  boost::json::object body{{"type", "about:blank"},
                           {"title", title},
                           {"status", status},
                           {"detail", detail},
                           {"code", to_string(error.code())},
                           {"request_id", request != nullptr ? request->request_id : ""},
                           {"retryable", error.retryable()}};
  if (!error.field().empty()) {
    body["errors"] = boost::json::array{boost::json::object{{"field", error.field()}, {"message", detail}}};
  }
  if (!error.answer().empty()) body["answer_id"] = error.answer();
  http::Response response{.status = status, .headers = {}, .body = dump(body) + "\n"};
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  if (const auto delay = retry_after(error, status)) {
    response.headers.set("Retry-After", std::to_string(delay->count()));
  }
  if (error.code() == ErrorCode::kUnauthenticated) response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace jackdaw::server
