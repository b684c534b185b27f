#include "http/socket_stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include "core/error.h"

namespace jackdaw::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
// After so many bytes without a pause the other connections get their turn.
constexpr std::size_t kTurnBytes = 256 * 1024;
constexpr std::size_t kMaxPieces = 8;
// The kernel takes up to twice as much.
constexpr int kMaxUnsentBytes = 64 * 1024;

Error gone() {
  return Error(ErrorCode::kCancelled, "The client closed the connection.");
}

bool is_would_block(const error_code& failure) {
  return failure == asio::error::would_block || failure == asio::error::try_again ||
         failure == asio::error::interrupted;
}

}  // namespace

SocketStream::SocketStream(asio::ip::tcp::socket socket, std::chrono::milliseconds write_timeout)
    : socket_(std::move(socket)),
      input_came_(socket_.get_executor()),
      write_deadline_(socket_.get_executor()),
      write_timeout_(write_timeout) {}

void SocketStream::start(std::function<void()> on_end) {
  on_end_ = std::move(on_end);
  error_code failure;
  socket_.non_blocking(true, failure);
  socket_.set_option(asio::ip::tcp::no_delay(true), failure);
  socket_.set_option(asio::socket_base::keep_alive(true), failure);
  read_ahead();
}

void SocketStream::limit_unsent() noexcept {
  error_code failure;
  socket_.set_option(asio::socket_base::send_buffer_size(kMaxUnsentBytes), failure);
}

void SocketStream::consume(std::size_t count) {
  consumed_ += count;
  if (consumed_ == input_.size()) {
    // An idle connection keeps no memory.
    input_ = std::string();
    consumed_ = 0;
  }
  read_ahead();
}

void SocketStream::read_ahead() {
  if (reading_ || ended_ || is_full()) return;
  reading_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](const error_code& failure) {
    self->reading_ = false;
    if (self->ended_) return;
    if (failure) return self->end();
    self->take_readable();
  });
}

void SocketStream::take_readable() {
  // One scratch buffer a thread, so that a connection pays only for bytes that wait.
  thread_local std::vector<char> scratch(kMaxBufferedBytes);
  error_code failure;
  const std::size_t room = kMaxBufferedBytes - buffered().size();
  const std::size_t count = socket_.read_some(asio::buffer(scratch.data(), room), failure);
  if (failure && !is_would_block(failure)) return end();
  if (count > 0) {
    input_.erase(0, consumed_);
    consumed_ = 0;
    input_.append(scratch.data(), count);
    input_came_.cancel();
  }
  read_ahead();
}

void SocketStream::end() {
  if (ended_) return;
  ended_ = true;
  input_came_.cancel();
  if (const auto on_end = std::exchange(on_end_, nullptr)) on_end();
}

asio::awaitable<SocketStream::Input> SocketStream::wait_for_input(TimePoint deadline) {
  if (!buffered().empty()) co_return Input::kReady;
  co_return co_await wait_for_more_input(deadline);
}

asio::awaitable<SocketStream::Input> SocketStream::wait_for_more_input(TimePoint deadline) {
  const std::size_t before = buffered().size();
  while (true) {
    if (buffered().size() > before) co_return Input::kReady;
    if (ended_) co_return Input::kEnd;
    if (SteadyClock::now() >= deadline) co_return Input::kTimeout;
    input_came_.expires_at(deadline);
    co_await input_came_.async_wait(kAwaitTuple);
  }
}

asio::awaitable<void> SocketStream::write(std::span<const std::string_view> pieces) {
  std::array<asio::const_buffer, kMaxPieces> buffers;
  std::size_t count = 0;
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) buffers.at(count++) = asio::buffer(piece.data(), piece.size());
  }
  std::span<asio::const_buffer> rest(buffers.data(), count);
  std::size_t this_turn = 0;
  while (!rest.empty()) {
    if (!socket_.is_open()) throw gone();
    error_code failure;
    std::size_t written = socket_.write_some(rest, failure);
    if (is_would_block(failure)) {
      co_await wait_until_writable();
      this_turn = 0;
      continue;
    }
    if (failure) {
      end();
      throw gone();
    }
    this_turn += written;
    while (!rest.empty() && written >= rest.front().size()) {
      written -= rest.front().size();
      rest = rest.subspan(1);
    }
    if (!rest.empty()) rest.front() += written;
    if (this_turn >= kTurnBytes) {
      this_turn = 0;
      co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    }
  }
}

asio::awaitable<void> SocketStream::wait_until_writable() {
  write_deadline_.expires_after(write_timeout_);
  write_deadline_.async_wait([self = shared_from_this()](const error_code& failure) {
    if (!failure) self->close();
  });
  const auto [failure] = co_await socket_.async_wait(asio::socket_base::wait_write, kAwaitTuple);
  write_deadline_.cancel();
  if (failure) {
    close();
    throw gone();
  }
}

void SocketStream::shutdown_send() noexcept {
  error_code failure;
  socket_.shutdown(asio::socket_base::shutdown_send, failure);
}

void SocketStream::close() noexcept {
  error_code failure;
  socket_.close(failure);
  end();
}

}  // namespace jackdaw::http
