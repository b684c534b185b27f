#include "relay/forwarder.h"

#include <sys/socket.h>

#include <cerrno>

namespace jackdaw::bench {
namespace {

constexpr std::uint64_t kListenerKey = ~std::uint64_t{0};

}  // namespace

Forwarder::Forwarder(std::uint16_t port, std::uint16_t upstream)
    : listener_(listen_on_loopback(port)), upstream_(upstream) {
  poller_.add(listener_, EPOLLIN, kListenerKey);
}

void Forwarder::run() {
  for (;;) {
    for (const epoll_event& event : poller_.wait(-1)) handle(event);
  }
}

// Generation, slot and side: an event of a pair that is gone matches none.
std::uint64_t Forwarder::key_of(std::uint32_t slot, std::uint32_t side) const {
  return (std::uint64_t{pairs_[slot].generation} << 32) | (slot << 1) | side;
}

void Forwarder::accept_all() {
  for (Descriptor socket = accept_from(listener_); socket.is_open(); socket = accept_from(listener_)) {
    if (free_slots_.empty()) {
      free_slots_.push_back(static_cast<std::uint32_t>(pairs_.size()));
      pairs_.emplace_back();
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    Pair& pair = pairs_[slot];
    pair.sides[0].socket = std::move(socket);
    pair.sides[1].socket = connect_to_loopback(upstream_);
    poller_.add(pair.sides[0].socket, EPOLLIN, key_of(slot, 0));
    poller_.add(pair.sides[1].socket, EPOLLIN, key_of(slot, 1));
  }
}

void Forwarder::handle(const epoll_event& event) {
  if (event.data.u64 == kListenerKey) return accept_all();
  const auto slot = static_cast<std::uint32_t>(event.data.u64 & 0xffffffff) >> 1;
  const std::uint32_t side = event.data.u64 & 1;
  Pair& pair = pairs_[slot];
  if (pair.generation != event.data.u64 >> 32 || !pair.sides[side].socket.is_open()) return;
  Side& here = pair.sides[side];
  if ((event.events & EPOLLOUT) != 0) {
    const std::string waiting = std::move(here.unsent);
    here.unsent.clear();
    poller_.modify(here.socket, EPOLLIN, event.data.u64);
    send(here, event.data.u64, waiting.data(), waiting.size());
  }
  if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0 && !forward(here, pair.sides[1 - side], key_of(slot, 1 - side))) {
    drop(slot);
  }
}

// False when one of the two is gone.
bool Forwarder::forward(Side& from, Side& to, std::uint64_t to_key) {
  const ssize_t count = ::recv(from.socket.get(), buffer_, sizeof buffer_, 0);
  if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
  send(to, to_key, buffer_, static_cast<std::size_t>(count));
  return true;
}

void Forwarder::send(Side& to, std::uint64_t key, const char* bytes, std::size_t count) {
  std::size_t sent = 0;
  if (to.unsent.empty()) {
    const ssize_t taken = ::send(to.socket.get(), bytes, count, MSG_NOSIGNAL);
    if (taken > 0) sent = static_cast<std::size_t>(taken);
    if (sent == count) return;
    poller_.modify(to.socket, EPOLLIN | EPOLLOUT, key);
  }
  to.unsent.append(bytes + sent, count - sent);
}

void Forwarder::drop(std::uint32_t slot) {
  Pair fresh;
  fresh.generation = pairs_[slot].generation + 1;
  pairs_[slot] = std::move(fresh);
  free_slots_.push_back(slot);
}

}  // namespace jackdaw::bench
