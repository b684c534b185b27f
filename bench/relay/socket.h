#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace jackdaw::bench {

// CLOCK_MONOTONIC, the same for every process of this machine.
std::int64_t now_ns() noexcept;

// Processor time of this process so far, user and system.
double cpu_seconds() noexcept;

// Throws std::system_error with errno.
[[noreturn]] void throw_errno(const std::string& what);

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  void close() noexcept;

 private:
  int fd_ = -1;
};

// TCP on 127.0.0.1, without blocking and without Nagle's delay. Port 0: a free one.
Descriptor listen_on_loopback(std::uint16_t port);
std::uint16_t local_port(const Descriptor& socket);
// Nothing open when nobody waits there.
Descriptor accept_from(const Descriptor& listener);
// Writable once it is connected.
Descriptor connect_to_loopback(std::uint16_t port);
// 0, or the errno of the connection.
int pending_error(const Descriptor& socket) noexcept;

// epoll with deadlines of nanoseconds.
class Poller {
 public:
  Poller();
  void add(const Descriptor& socket, std::uint32_t events, std::uint64_t key);
  void modify(const Descriptor& socket, std::uint32_t events, std::uint64_t key);
  // Waits until `deadline_ns`; for ever when it is negative, not at all when it has passed.
  std::span<const epoll_event> wait(std::int64_t deadline_ns);

 private:
  static constexpr int kMost = 256;
  Descriptor epoll_;
  epoll_event events_[kMost] = {};
};

}  // namespace jackdaw::bench
