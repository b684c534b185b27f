#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "relay/socket.h"

namespace jackdaw::bench {

// What one answer is made of: `tokens` at `rate` a second after one another, by the clock, however late the one before
// was; rate 0: as fast as they are taken.
struct Pace {
  std::uint32_t tokens = 200;
  double rate = 50;
};

// A provider of the OpenAI dialect that does nothing but keep time. Answers POST .../chat/completions with a stream of
// tokens that say when they were sent (token.h). "bench tokens=N rate=R" anywhere in a request sets its pace.
// GET /stats tells what it did since the last time that it was asked, as JSON. One thread; runs until it is ended.
class Provider {
 public:
  Provider(std::uint16_t port, Pace pace);
  std::uint16_t port() const { return local_port(listener_); }
  [[noreturn]] void run();

 private:
  struct Connection {
    Descriptor socket;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // a due entry of an earlier one is void
    std::string input;
    std::string unsent;  // what the kernel did not take; while there is some nothing more is made
    Pace pace;
    std::uint32_t next = 0;  // token
    std::int64_t start_ns = 0;
    bool streaming = false;
    bool wants_usage = false;
    std::int64_t due_ns() const noexcept;
  };
  struct Due {
    std::int64_t ns;
    std::uint32_t slot;
    std::uint32_t generation;
    bool operator>(const Due& other) const noexcept { return ns > other.ns; }
  };
  struct Stats {
    std::uint64_t requests = 0;
    std::uint64_t tokens = 0;
    std::uint64_t aborted = 0;  // streams whose reader left
    std::uint64_t blocked = 0;  // times that a reader did not take a token
    std::vector<std::int32_t> late_us;
  };

  void accept_all();
  void handle(const epoll_event& event);
  void drop(Connection& connection);
  bool read_input(Connection& connection);
  bool take_request(Connection& connection);
  void answer(Connection& connection, std::string_view head, std::string_view body);
  void begin_stream(Connection& connection, std::string_view body);
  void end_stream(Connection& connection);
  void reply(Connection& connection, std::string_view status, std::string_view body);
  void send(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  void schedule(const Connection& connection);
  void send_due();
  void send_token(Connection& connection, std::int64_t due);
  void send_burst(Connection& connection);
  std::string take_stats();

  Poller poller_;
  Descriptor listener_;
  Pace pace_;
  std::deque<Connection> connections_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::size_t streaming_ = 0;
  Stats stats_;
  double cpu_before_ = 0;
};

}  // namespace jackdaw::bench
