#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cancellation.h"
#include "http/headers.h"

namespace jackdaw::http {

// Where the bytes of a request's body come from: a connection, or memory in tests. Used from one coroutine.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // At least one byte; 0 at the end of the body. Throws Error: kRequestTimeout when no byte came for too long,
  // kInvalidArgument for a malformed body, kCancelled when the client went away.
  virtual boost::asio::awaitable<std::size_t> read_some(std::span<char> into) = 0;
};

// A body that is in memory already.
class StringBody final : public BodySource {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)) {}
  boost::asio::awaitable<std::size_t> read_some(std::span<char> into) override;

 private:
  std::string bytes_;
  std::size_t read_ = 0;
};

// One request as a handler sees it. Lives until the handler returns; used only on the connection's thread.
struct Request {
  using Values = std::vector<std::pair<std::string, std::string>>;

  std::string method;                 // as sent: "GET"
  std::string target;                 // as sent: "/v1/documents/a%2Fb?limit=3"
  std::string path;                   // the target before '?', as sent; the form for logs and access checks
  std::vector<std::string> segments;  // of the path, split at '/' first and percent-decoded after: {"v1", "documents",
                                      // "a/b"}. Without NUL; not necessarily UTF-8
  Values query;                       // decoded ('+' is a space), in order
  Values path_values;                 // what the router matched: {{"id", "a/b"}}
  std::string route;                  // the matched pattern: "/v1/documents/{id}"; empty when none matched
  Headers headers;                    // "Host" is the authority that counts, also for a target in absolute form
  std::string request_id;             // the caller's X-Request-Id when it is well formed, else a new random id
  std::string remote_address;         // "127.0.0.1"
  std::uint16_t remote_port = 0;
  std::optional<std::uint64_t> content_length;  // of the body; nothing for a chunked body, 0 when there is no body
  Cancellation cancellation;  // kDisconnect as soon as the client went away, kShutdown when the server's grace is over

  // Borrowed; nullptr for no body.
  BodySource* body = nullptr;

  // The first value of that name.
  std::optional<std::string_view> query_value(std::string_view name) const noexcept;
  // A value that the route's pattern names; empty when it names no such value.
  std::string_view path_value(std::string_view name) const noexcept;

  // BodySource::read_some; 0 when there is no body. The first call sends "100 Continue" to a client that waits for it.
  boost::asio::awaitable<std::size_t> read_some(std::span<char> into);
  // The rest of the body. Throws Error kTooLarge, before anything is read when the length is known to exceed the limit.
  boost::asio::awaitable<std::string> read_body(std::size_t limit_bytes);
};

}  // namespace jackdaw::http
