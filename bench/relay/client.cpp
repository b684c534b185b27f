#include "relay/client.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string_view>

#include "relay/answer_reader.h"
#include "relay/socket.h"
#include "relay/tally.h"

namespace jackdaw::bench {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr double kGoldenRatio = 0.6180339887498949;  // its multiples lie evenly between 0 and 1, in no order
constexpr std::size_t kReadBytes = std::size_t{64} << 10;

std::string request_body(const ClientOptions& options) {
  char pace[96];
  std::snprintf(pace, sizeof pace, "bench tokens=%u rate=%g", options.tokens, options.rate);
  const std::string question = options.question + " " + pace;
  switch (options.door) {
    case Door::kChat:
      return R"({"model":"bench","stream":true,"stream_options":{"include_usage":true},)"
             R"("messages":[{"role":"user","content":")" +
             question + R"("}]})";
    case Door::kAnswers: return R"({"question":")" + question + R"(","stream":true,"rerank":false})";
    case Door::kQuery: return R"({"question":")" + question + R"(","rerank":false})";
  }
  return {};
}

std::string request(const ClientOptions& options) {
  const char* path = options.door == Door::kChat      ? "/v1/chat/completions"
                     : options.door == Door::kAnswers ? "/v1/answers"
                                                      : "/query/stream";
  const std::string body = request_body(options);
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) +
         "\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// All streams of one run.
class Load {
 public:
  explicit Load(const ClientOptions& options) : options_(options), request_(request(options)) {
    const std::size_t answers = std::size_t{options.streams} * options.repeat;
    tally_.token_ns.reserve(answers * options.tokens);
    for (auto* times : {&tally_.first_token_ns, &tally_.request_ns, &tally_.retrieval_ns, &tally_.beyond_ns}) {
      times->reserve(answers);
    }
    for (std::uint32_t i = 0; i < options.streams; ++i) {
      streams_.push_back({.reader = AnswerReader(options.door, options.tokens, tally_), .left = options.repeat});
    }
    running_ = options.streams;
  }

  Tally& run() {
    begin_ns_ = now_ns();
    const std::int64_t give_up_ns = begin_ns_ + options_.timeout_ms * kMillisecond;
    while (running_ > 0 && now_ns() < give_up_ns && (cut_ns_ == 0 || now_ns() < cut_ns_)) {
      start_due();
      std::int64_t until = cut_ns_ == 0 ? give_up_ns : cut_ns_;
      if (started_ < streams_.size()) until = std::min(until, start_ns(started_));
      for (const epoll_event& event : poller_.wait(until)) handle(streams_[event.data.u64], event.events);
    }
    for (Stream& stream : streams_) {
      if (cut_ns_ != 0) stream.reader.cut_by_us();
      stream.reader.end_of_connection("did not end in time");
    }
    return tally_;
  }

 private:
  struct Stream {
    Descriptor socket;
    AnswerReader reader;
    std::uint32_t left = 0;  // answers to ask for
    bool connected = false;
    bool had_token = false;
  };

  // Somewhere in its share of the ramp: evenly placed starts would make many streams beat as one.
  std::int64_t start_ns(std::size_t stream) const {
    const double place = static_cast<double>(stream) + std::fmod(static_cast<double>(stream) * kGoldenRatio, 1.0);
    const double ramp_ns = static_cast<double>(options_.ramp_ms * kMillisecond);
    return begin_ns_ + static_cast<std::int64_t>(ramp_ns * place / options_.streams);
  }

  void start_due() {
    for (const std::int64_t now = now_ns(); started_ < streams_.size() && start_ns(started_) <= now; ++started_) {
      connect(streams_[started_]);
    }
  }

  std::uint64_t key_of(const Stream& stream) const { return static_cast<std::uint64_t>(&stream - &streams_.front()); }

  void connect(Stream& stream) {
    stream.socket.close();
    stream.connected = false;
    stream.socket = connect_to_loopback(options_.port);
    poller_.add(stream.socket, EPOLLOUT, key_of(stream));
  }

  void handle(Stream& stream, std::uint32_t events) {
    if (!stream.socket.is_open()) return;
    if (!stream.connected) {
      const int error = pending_error(stream.socket);
      if (error != 0) return give_up(stream, std::string("connect: ") + std::strerror(error));
      stream.connected = true;
      poller_.modify(stream.socket, EPOLLIN, key_of(stream));
      return ask(stream);
    }
    if (events != 0) read(stream);
  }

  void give_up(Stream& stream, const std::string& why) {
    stream.reader.start(now_ns());
    stream.reader.end_of_connection(why);
    stream.left = 0;
    finish(stream);
  }

  void finish(Stream& stream) {
    stream.socket.close();
    --running_;
  }

  void ask(Stream& stream) {
    --stream.left;
    stream.reader.start(now_ns());
    const ssize_t count = ::send(stream.socket.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (count == static_cast<ssize_t>(request_.size())) return;
    stream.reader.end_of_connection("the request was not taken");
    finish(stream);
  }

  void read(Stream& stream) {
    const ssize_t count = ::recv(stream.socket.get(), buffer_, sizeof buffer_, 0);
    const std::int64_t received = now_ns();
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return end_of_connection(stream, count == 0 ? "the connection ended" : std::strerror(errno));
    stream.reader.feed({buffer_, static_cast<std::size_t>(count)}, received);
    if (!stream.had_token && stream.reader.has_token()) note_first_token(stream);
    if (!stream.reader.complete()) return;
    if (stream.left == 0) return finish(stream);
    ask(stream);
  }

  void end_of_connection(Stream& stream, const std::string& why) {
    stream.reader.end_of_connection(why);
    if (stream.left == 0) return finish(stream);
    connect(stream);
  }

  void note_first_token(Stream& stream) {
    stream.had_token = true;
    if (++with_token_ < streams_.size() || options_.hold_ms == 0) return;
    std::printf("{\"phase\": \"streaming\", \"after_s\": %.3f}\n", static_cast<double>(now_ns() - begin_ns_) * 1e-9);
    std::fflush(stdout);
    cut_ns_ = now_ns() + options_.hold_ms * kMillisecond;
  }

  const ClientOptions& options_;
  const std::string request_;
  Poller poller_;
  Tally tally_;
  std::vector<Stream> streams_;
  std::size_t started_ = 0;
  std::size_t running_ = 0;
  std::size_t with_token_ = 0;
  std::int64_t begin_ns_ = 0;
  std::int64_t cut_ns_ = 0;
  char buffer_[kReadBytes];
};

}  // namespace

int run_client(const ClientOptions& options) {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  Load load(options);
  const std::int64_t begin = now_ns();
  const double cpu_before = cpu_seconds();
  Tally& tally = load.run();
  char extra[96];
  std::snprintf(extra, sizeof extra, R"(, "wall_s": %.3f, "cpu_s": %.3f)", static_cast<double>(now_ns() - begin) * 1e-9,
                cpu_seconds() - cpu_before);
  std::puts(tally.to_json(extra).c_str());
  return 0;
}

}  // namespace jackdaw::bench
