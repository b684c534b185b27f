#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "relay/socket.h"

namespace jackdaw::bench {

// The least that a relay can do: one read and one write for what comes in, bytes unseen. Each connection that it
// accepts gets one of its own to `upstream`. What it costs is the floor of this machine. One thread; runs until it is
// ended.
class Forwarder {
 public:
  Forwarder(std::uint16_t port, std::uint16_t upstream);
  std::uint16_t port() const { return local_port(listener_); }
  [[noreturn]] void run();

 private:
  struct Side {
    Descriptor socket;
    std::string unsent;  // what its peer did not take, or waits for the connection
  };
  struct Pair {
    Side sides[2];  // of the client, of the provider
    std::uint32_t generation = 0;
  };

  void accept_all();
  void handle(const epoll_event& event);
  bool forward(Side& from, Side& to, std::uint64_t to_key);
  void send(Side& to, std::uint64_t key, const char* bytes, std::size_t count);
  void drop(std::uint32_t slot);
  std::uint64_t key_of(std::uint32_t slot, std::uint32_t side) const;

  Poller poller_;
  Descriptor listener_;
  std::uint16_t upstream_;
  std::deque<Pair> pairs_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  char buffer_[16 * 1024];
};

}  // namespace jackdaw::bench
