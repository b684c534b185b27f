#include "relay/provider.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include "relay/token.h"

namespace jackdaw::bench {
namespace {

constexpr std::uint64_t kListenerKey = ~std::uint64_t{0};
constexpr std::size_t kMostLateSamples = std::size_t{1} << 21;
constexpr std::size_t kMostInput = std::size_t{4} << 20;
constexpr std::uint32_t kBurst = 64;  // tokens written at once when nothing paces them

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n"
    "x-request-id: req_bench\r\n\r\n";

#define JACKDAW_BENCH_CHUNK \
  R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",)"
constexpr std::string_view kRoleData =
    "data: " JACKDAW_BENCH_CHUNK
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
    "\n\n";
constexpr std::string_view kTokenBefore = "data: " JACKDAW_BENCH_CHUNK R"("choices":[{"index":0,"delta":{"content":")";
constexpr std::string_view kTokenAfter = R"("},"finish_reason":null}]})"
                                         "\n\n";
constexpr std::string_view kFinishData =
    "data: " JACKDAW_BENCH_CHUNK R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n";
#undef JACKDAW_BENCH_CHUNK

std::string chunk(std::string_view data) {
  char size[16];
  const int length = std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return std::string(size, static_cast<std::size_t>(length)) + std::string(data) + "\r\n";
}

// One token as it goes over the wire, of which only the digits change.
struct Frame {
  Frame()
      : bytes(chunk(std::string(kTokenBefore) + std::string(kTokenLength, ' ') + std::string(kTokenAfter))),
        token_at(bytes.find(kTokenBefore) + kTokenBefore.size()) {}
  std::string bytes;
  std::size_t token_at;
};

const Frame& token_frame() {
  static const Frame frame;
  return frame;
}

std::string usage_data(std::uint32_t tokens) {
  return R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",)"
         R"("choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":)" +
         std::to_string(tokens) + R"(,"total_tokens":)" + std::to_string(1000 + tokens) + "}}\n\n";
}

template <typename Number>
void read_marker(std::string_view text, std::string_view name, Number& value) {
  const std::size_t at = text.find(name);
  if (at != text.npos) std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
}

Pace pace_of(std::string_view body, Pace pace) {
  const std::size_t at = body.find("bench tokens=");
  if (at == body.npos) return pace;
  const std::string_view marker = body.substr(at, 64);
  read_marker(marker, "tokens=", pace.tokens);
  read_marker(marker, "rate=", pace.rate);
  return pace;
}

// Nothing without a Content-Length.
std::optional<std::size_t> content_length(std::string_view head) {
  for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    std::size_t value = 0;
    if (head.find(name) == head.npos) continue;
    read_marker(head, name, value);
    return value;
  }
  return std::nullopt;
}

std::uint64_t key_of(std::uint32_t slot, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | slot;
}

}  // namespace

std::int64_t Provider::Connection::due_ns() const noexcept {
  return pace.rate > 0 ? start_ns + static_cast<std::int64_t>(next * 1e9 / pace.rate) : start_ns;
}

Provider::Provider(std::uint16_t port, Pace pace) : listener_(listen_on_loopback(port)), pace_(pace) {
  poller_.add(listener_, EPOLLIN, kListenerKey);
  stats_.late_us.reserve(kMostLateSamples);
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

void Provider::run() {
  for (;;) {
    for (const epoll_event& event : poller_.wait(due_.empty() ? -1 : due_.top().ns)) handle(event);
    send_due();
  }
}

void Provider::handle(const epoll_event& event) {
  if (event.data.u64 == kListenerKey) return accept_all();
  Connection& connection = connections_[event.data.u64 & 0xffffffff];
  if (connection.generation != event.data.u64 >> 32 || !connection.socket.is_open()) return;
  if ((event.events & EPOLLOUT) != 0) flush(connection);
  if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0 && !read_input(connection)) drop(connection);
}

void Provider::accept_all() {
  for (Descriptor socket = accept_from(listener_); socket.is_open(); socket = accept_from(listener_)) {
    if (free_slots_.empty()) {
      free_slots_.push_back(static_cast<std::uint32_t>(connections_.size()));
      connections_.emplace_back().slot = free_slots_.back();
    }
    Connection& connection = connections_[free_slots_.back()];
    free_slots_.pop_back();
    connection.socket = std::move(socket);
    poller_.add(connection.socket, EPOLLIN | EPOLLRDHUP, key_of(connection.slot, connection.generation));
  }
}

void Provider::drop(Connection& connection) {
  if (connection.streaming) {
    ++stats_.aborted;
    --streaming_;
  }
  Connection fresh;
  fresh.slot = connection.slot;
  fresh.generation = connection.generation + 1;
  connection = std::move(fresh);
  free_slots_.push_back(connection.slot);
}

// False when the peer is gone.
bool Provider::read_input(Connection& connection) {
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t count = ::recv(connection.socket.get(), buffer, sizeof buffer, 0);
    if (count == 0) return false;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    connection.input.append(buffer, static_cast<std::size_t>(count));
    if (connection.input.size() > kMostInput) return false;
    while (!connection.streaming && take_request(connection)) {
    }
    if (static_cast<std::size_t>(count) < sizeof buffer) return true;
  }
}

// False while the request is not complete.
bool Provider::take_request(Connection& connection) {
  const std::string_view input = connection.input;
  const std::size_t end = input.find("\r\n\r\n");
  if (end == input.npos) return false;
  const std::size_t body_at = end + 4;
  const std::size_t length = content_length(input.substr(0, body_at)).value_or(0);
  if (input.size() - body_at < length) return false;
  const std::string request = connection.input.substr(0, body_at + length);
  connection.input.erase(0, request.size());
  answer(connection, std::string_view(request).substr(0, body_at), std::string_view(request).substr(body_at));
  return true;
}

void Provider::answer(Connection& connection, std::string_view head, std::string_view body) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  if (line.starts_with("GET /stats ")) return reply(connection, "200 OK", take_stats());
  if (!line.starts_with("POST ") || line.find("/chat/completions ") == line.npos) {
    return reply(connection, "404 Not Found", R"({"error":{"message":"There is only /v1/chat/completions."}})");
  }
  if (body.find(R"("stream":true)") == body.npos && body.find(R"("stream": true)") == body.npos) {
    return reply(connection, "400 Bad Request", R"({"error":{"message":"There are only streams here."}})");
  }
  begin_stream(connection, body);
}

void Provider::reply(Connection& connection, std::string_view status, std::string_view body) {
  std::string response = "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\nContent-Length: ";
  response += std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  send(connection, response);
}

void Provider::begin_stream(Connection& connection, std::string_view body) {
  static const std::string head_and_role = std::string(kStreamHead) + chunk(kRoleData);
  ++stats_.requests;
  ++streaming_;
  connection.streaming = true;
  connection.pace = pace_of(body, pace_);
  connection.wants_usage = body.find("include_usage") != body.npos;
  connection.next = 0;
  send(connection, head_and_role);
  connection.start_ns = now_ns();
  schedule(connection);
}

void Provider::end_stream(Connection& connection) {
  std::string tail = chunk(kFinishData);
  if (connection.wants_usage) tail += chunk(usage_data(connection.pace.tokens));
  tail += chunk("data: [DONE]\n\n") + "0\r\n\r\n";
  connection.streaming = false;
  --streaming_;
  send(connection, tail);
}

void Provider::send(Connection& connection, std::string_view bytes) {
  if (connection.unsent.empty()) {
    const ssize_t count = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (bytes.empty()) return;
    ++stats_.blocked;
    poller_.modify(connection.socket, EPOLLIN | EPOLLRDHUP | EPOLLOUT, key_of(connection.slot, connection.generation));
  }
  connection.unsent += bytes;
}

// A broken connection is left to its own event.
void Provider::flush(Connection& connection) {
  const ssize_t count =
      ::send(connection.socket.get(), connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
  if (count > 0) connection.unsent.erase(0, static_cast<std::size_t>(count));
  if (!connection.unsent.empty()) return;
  poller_.modify(connection.socket, EPOLLIN | EPOLLRDHUP, key_of(connection.slot, connection.generation));
  if (connection.streaming) schedule(connection);
}

void Provider::schedule(const Connection& connection) {
  due_.push({connection.due_ns(), connection.slot, connection.generation});
}

void Provider::send_due() {
  constexpr int kMostAtOnce = 256;
  const std::int64_t now = now_ns();
  for (int count = 0; count < kMostAtOnce && !due_.empty() && due_.top().ns <= now; ++count) {
    const Due due = due_.top();
    due_.pop();
    Connection& connection = connections_[due.slot];
    if (connection.generation != due.generation || !connection.streaming) continue;
    if (connection.next == connection.pace.tokens) {
      end_stream(connection);
    } else if (connection.pace.rate > 0) {
      send_token(connection, due.ns);
    } else {
      send_burst(connection);
    }
    if (connection.streaming && connection.unsent.empty()) schedule(connection);
  }
}

void Provider::send_token(Connection& connection, std::int64_t due) {
  static std::string frame = token_frame().bytes;
  const std::int64_t now = now_ns();
  write_token(frame.data() + token_frame().token_at, connection.next, now);
  send(connection, frame);
  ++connection.next;
  ++stats_.tokens;
  if (stats_.late_us.size() < kMostLateSamples) {
    stats_.late_us.push_back(static_cast<std::int32_t>(std::min<std::int64_t>((now - due) / 1000, INT32_MAX)));
  }
}

void Provider::send_burst(Connection& connection) {
  static std::vector<char> burst(kBurst * token_frame().bytes.size());
  const std::string& frame = token_frame().bytes;
  const std::uint32_t count = std::min(kBurst, connection.pace.tokens - connection.next);
  for (std::uint32_t i = 0; i < count; ++i) {
    char* place = burst.data() + i * frame.size();
    std::memcpy(place, frame.data(), frame.size());
    write_token(place + token_frame().token_at, connection.next++, now_ns());
  }
  stats_.tokens += count;
  send(connection, {burst.data(), count * frame.size()});
}

std::string Provider::take_stats() {
  std::vector<std::int32_t>& late = stats_.late_us;
  std::sort(late.begin(), late.end());
  const auto part = [&late](double fraction) {
    return late.empty() ? 0 : late[static_cast<std::size_t>(fraction * static_cast<double>(late.size() - 1))];
  };
  char text[512];
  std::snprintf(text, sizeof text,
                R"({"requests": %lu, "tokens": %lu, "aborted": %lu, "blocked": %lu, "streaming": %zu, )"
                R"("late_us": {"p50": %d, "p99": %d, "max": %d}, "cpu_s": %.3f})",
                stats_.requests, stats_.tokens, stats_.aborted, stats_.blocked, streaming_, part(0.5), part(0.99),
                part(1), cpu_seconds() - cpu_before_);
  late.clear();
  stats_ = {.late_us = std::move(late)};
  cpu_before_ = cpu_seconds();
  return text;
}

}  // namespace jackdaw::bench
