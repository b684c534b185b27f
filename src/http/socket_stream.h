#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace jackdaw::http {

// The bytes of one TCP connection. It reads ahead into a bounded buffer even while nobody waits for input: that is how
// the end of the peer is noticed while a handler computes. An idle stream holds no buffer. Lives on the executor of its
// socket; at most one coroutine waits for input and one writes.
class SocketStream : public std::enable_shared_from_this<SocketStream> {
 public:
  enum class Input { kReady, kEnd, kTimeout };

  // While so much input waits to be consumed nothing more is read, nor the end of the peer noticed.
  static constexpr std::size_t kMaxBufferedBytes = 64 * 1024;

  SocketStream(boost::asio::ip::tcp::socket socket, std::chrono::milliseconds write_timeout);

  // Starts reading ahead. `on_end` is called once, when the peer closed its side or the connection broke.
  void start(std::function<void()> on_end);

  std::string_view buffered() const noexcept { return std::string_view(input_).substr(consumed_); }
  bool is_full() const noexcept { return buffered().size() >= kMaxBufferedBytes; }
  void consume(std::size_t count);

  // kReady at once when input is buffered, else when more came.
  boost::asio::awaitable<Input> wait_for_input(TimePoint deadline);
  // The same, for input beyond what is buffered.
  boost::asio::awaitable<Input> wait_for_more_input(TimePoint deadline);

  // Returns when all bytes are with the kernel. Throws Error kCancelled when the connection is broken, or when the peer
  // took nothing for the write timeout; then the connection is closed.
  boost::asio::awaitable<void> write(std::span<const std::string_view> pieces);

  // From here on the kernel takes little that the peer does not read, where by itself it would take megabytes. For
  // what is written as it is made; it cannot be undone.
  void limit_unsent() noexcept;

  bool has_ended() const noexcept { return ended_; }
  void shutdown_send() noexcept;
  // Wakes who waits; what was written and not sent yet may be lost.
  void close() noexcept;

 private:
  void read_ahead();
  void take_readable();
  void end();
  boost::asio::awaitable<void> wait_until_writable();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer input_came_;  // its expiry is the deadline of who waits, cancel() says that input came
  boost::asio::steady_timer write_deadline_;
  std::chrono::milliseconds write_timeout_;
  std::function<void()> on_end_;
  std::string input_;
  std::size_t consumed_ = 0;
  bool reading_ = false;  // a wait for readability is under way
  bool ended_ = false;
};

}  // namespace jackdaw::http
