#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "http/socket_stream.h"

namespace jackdaw::http {

// What the head of a response depends on.
struct ResponseTraits {
  const Request* request = nullptr;                 // nullptr: its head could not be read
  const ResponseFilter* response_filter = nullptr;  // may be empty
  bool is_head = false;
  bool is_http_1_0 = false;
  std::function<bool()> may_keep_alive;  // asked when the head is made
};

// Writes one response to a connection. Borrows the stream and what the traits refer to.
class SocketResponseWriter final : public ResponseWriter {
 public:
  SocketResponseWriter(SocketStream& stream, ResponseTraits traits);

  boost::asio::awaitable<void> send(Response response) override;
  boost::asio::awaitable<void> begin_stream(int status, Headers headers) override;
  boost::asio::awaitable<void> begin_sized(int status, Headers headers, std::uint64_t body_bytes) override;
  boost::asio::awaitable<void> flush_head() override;
  boost::asio::awaitable<void> write(std::string_view bytes) override;
  boost::asio::awaitable<void> end_stream() override;
  bool started() const noexcept override { return state_ != State::kNone; }

  // Whether the whole response was sent.
  bool is_complete() const noexcept { return state_ == State::kComplete; }
  // Whether the head promised to keep the connection.
  bool keeps_alive() const noexcept { return keep_alive_; }

 private:
  enum class State { kNone, kStreaming, kComplete, kFailed };

  void expect(State state, const char* call) const;
  std::string make_head(int status, Headers headers, const std::string& framing);
  boost::asio::awaitable<void> transmit(std::span<const std::string_view> pieces);

  SocketStream& stream_;
  ResponseTraits traits_;
  State state_ = State::kNone;
  bool keep_alive_ = false;
  bool chunked_ = false;
  std::optional<std::uint64_t> unwritten_bytes_;  // of a body of known length
  std::string pending_head_;
};

}  // namespace jackdaw::http
