#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace jackdaw::http {

// What the head of a request says about the message itself.
struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  bool is_http_1_0 = false;
  bool keep_alive = true;  // what the client wishes
  bool expects_continue = false;
  std::optional<std::uint64_t> content_length;  // nothing for a chunked body; 0 when there is no body
};

// Reads one HTTP/1.x request from bytes, incrementally and strictly: whatever two readers could understand differently
// (request smuggling) is refused. Knows no socket. Not shared between threads.
//
// Throws Error kInvalidArgument (400), kUriTooLong, kHeaderTooLarge; status() then says 501 or 505 where no code has
// that status. After a throw the parser, and the connection, cannot go on.
class RequestParser {
 public:
  struct Limits {
    std::size_t max_header_bytes = 16 * 1024;
    std::size_t max_target_bytes = 8 * 1024;
  };

  explicit RequestParser(Limits limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;

  // Returns how many bytes are done; the others are to be given again, with more behind them.
  std::size_t feed_head(std::string_view bytes);
  bool head_done() const noexcept;
  RequestHead& head() noexcept;

  struct BodyStep {
    std::size_t consumed = 0;  // bytes of the connection
    std::size_t produced = 0;  // bytes of the body
  };
  // After head_done(). Neither consumed nor produced: more bytes are needed.
  BodyStep feed_body(std::string_view bytes, std::span<char> into);
  bool body_done() const noexcept;
  // Of the body; nothing for a chunked body that is not done.
  std::optional<std::uint64_t> body_bytes_left() const noexcept;

  // 0: the status is that of the error's code.
  int status() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace jackdaw::http
