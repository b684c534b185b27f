#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <unordered_map>

namespace jackdaw::http {

// Who is told that a transfer ended. `code` is libcurl's CURLcode. It is still in the loop then and may be removed.
class CurlTransferEnd {
 public:
  virtual ~CurlTransferEnd() = default;
  virtual void on_transfer_end(int code) = 0;
};

// libcurl's multi handle, driven by the reactor of one Asio executor: it waits for the sockets and the time that
// libcurl names and hands it what happened. All on the executor's one thread. Handles are libcurl's CURL*; their
// CURLOPT_PRIVATE must be a CurlTransferEnd*. None of this may be called from inside a callback of libcurl. A transfer
// whose socket the system will not watch ends with CURLE_ABORTED_BY_CALLBACK; the others go on.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  // Throws Error kUnavailable when this libcurl resolves names by blocking.
  CurlLoop(boost::asio::any_io_executor executor, std::size_t max_idle_connections, bool multiplex);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Begins the transfer: sends what can be sent at once. Throws Error kUnavailable when libcurl cannot take it.
  void add(void* easy);
  // A transfer that has not ended loses its connection now (HTTP/1.1) or its stream (HTTP/2). Nothing for what is not
  // in the loop.
  void remove(void* easy) noexcept;
  // Goes on with a transfer whose write callback paused it; that callback may run before this returns. A CURLcode.
  int resume(void* easy) noexcept;

  std::size_t size() const noexcept { return transfers_.size(); }

 private:
  class Watch;
  struct Callbacks;

  void watch(void* easy, int socket, int events) noexcept;
  void unwatch(int socket) noexcept;
  void set_timer(long milliseconds) noexcept;
  void start_timer(long milliseconds);
  void drive_soon();
  void drive(int socket, int events);
  void tell_ends();
  void tell_unwatched();
  void limit_kept_connections() noexcept;
  void complain(const char* what) noexcept;
  void complain(const std::exception& error) noexcept;

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::unordered_map<void*, bool> transfers_;  // whether the system refused to watch its socket
  std::size_t max_idle_connections_;
  void* multi_ = nullptr;
  bool drives_soon_ = false;
  bool has_unwatched_ = false;
  bool timer_failed_ = false;
  bool complained_ = false;
};

}  // namespace jackdaw::http
