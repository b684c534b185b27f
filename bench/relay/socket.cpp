#include "relay/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace jackdaw::bench {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Descriptor make_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) throw_errno("socket");
  return socket;
}

void switch_on(const Descriptor& socket, int level, int option) {
  const int on = 1;
  if (::setsockopt(socket.get(), level, option, &on, sizeof on) != 0) throw_errno("setsockopt");
}

}  // namespace

std::int64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

double cpu_seconds() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Descriptor listen_on_loopback(std::uint16_t port) {
  Descriptor socket = make_socket();
  switch_on(socket, SOL_SOCKET, SO_REUSEADDR);
  const sockaddr_in address = loopback(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw_errno("bind");
  if (::listen(socket.get(), SOMAXCONN) != 0) throw_errno("listen");
  return socket;
}

std::uint16_t local_port(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) throw_errno("getsockname");
  return ntohs(address.sin_port);
}

Descriptor accept_from(const Descriptor& listener) {
  Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.is_open()) {
    switch_on(socket, IPPROTO_TCP, TCP_NODELAY);
  } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    throw_errno("accept");
  }
  return socket;
}

Descriptor connect_to_loopback(std::uint16_t port) {
  Descriptor socket = make_socket();
  switch_on(socket, IPPROTO_TCP, TCP_NODELAY);
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    throw_errno("connect");
  }
  return socket;
}

int pending_error(const Descriptor& socket) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) throw_errno("epoll_create1");
}

void Poller::add(const Descriptor& socket, std::uint32_t events, std::uint64_t key) {
  epoll_event event{.events = events, .data = {.u64 = key}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0) throw_errno("epoll_ctl");
}

void Poller::modify(const Descriptor& socket, std::uint32_t events, std::uint64_t key) {
  epoll_event event{.events = events, .data = {.u64 = key}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket.get(), &event) != 0) throw_errno("epoll_ctl");
}

std::span<const epoll_event> Poller::wait(std::int64_t deadline_ns) {
  timespec left{};
  if (deadline_ns >= 0) {
    const std::int64_t ns = std::max<std::int64_t>(0, deadline_ns - now_ns());
    left = {.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
  }
  const int count = ::epoll_pwait2(epoll_.get(), events_, kMost, deadline_ns < 0 ? nullptr : &left, nullptr);
  if (count < 0 && errno != EINTR) throw_errno("epoll_pwait2");
  return {events_, static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace jackdaw::bench
