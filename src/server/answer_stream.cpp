#include "server/answer_stream.h"

#include <boost/json.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "http/event_stream_writer.h"
#include "server/answer_json.h"
#include "server/answer_request.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Subscription = answer::RunningAnswers::Subscription;
using answer::NumberedEvent;

constexpr std::chrono::seconds kPingAfter{10};
constexpr std::chrono::seconds kLongestHold{2};
constexpr std::chrono::milliseconds kHeadAlone{10};
// Events that are ready together leave in one write of about this size.
constexpr std::size_t kMaxWriteBytes = 16 * 1024;

http::Headers event_stream_headers() {
  return {{"Content-Type", std::string(http::kEventStreamType)},
          {"Cache-Control", "no-store, no-transform"},
          {"X-Accel-Buffering", "no"}};
}

// There is one for each token: nothing is built but the text itself.
std::string token_data(std::string_view field, const AnswerToken& token) {
  std::string data;
  data.reserve(field.size() + token.text.size() + 16);
  data += "{\"";
  data += field;
  data += "\": ";
  append_quoted(data, token.text);
  data += '}';
  return data;
}

// Appends what the simple door says of an event; most say nothing.
void append_simple(std::string& out, const AnswerEvent& event) {
  json::object data;
  if (const auto* token = std::get_if<AnswerToken>(&event)) {
    const std::string text = token_data("token", *token);
    return http::append_event(out, {.id = {}, .event = {}, .data = text});
  }
  if (const auto* final = std::get_if<AnswerFinal>(&event)) {
    data = simple_end_to_json(*final);
  } else if (const auto* error = std::get_if<AnswerError>(&event)) {
    data["error"] = to_json(*error);
  } else if (const auto* cancelled = std::get_if<AnswerCancelled>(&event)) {
    data["error"] = error_to_json(to_error(*cancelled));
  } else {
    return;
  }
  const std::string text = dump(data);
  http::append_event(out, {.id = {}, .event = {}, .data = text});
}

void append_full(std::string& out, const AnswerId& answer, const NumberedEvent& numbered) {
  const std::string id = answer.value + ":" + std::to_string(numbered.sequence);
  const auto* token = std::get_if<AnswerToken>(&numbered.event);
  const std::string data = token != nullptr ? token_data("text", *token) : dump(event_to_json(numbered.event));
  http::append_event(out, {.id = id, .event = event_name(numbered.event), .data = data});
}

// Sends what one reader of an answer hears, in whichever words.
class EventStream {
 public:
  EventStream(http::ResponseWriter& writer, Subscription& subscription)
      : writer_(writer), subscription_(subscription) {}
  virtual ~EventStream() = default;
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  boost::asio::awaitable<void> run() {
    co_await begin();
    while (!ended_) {
      if (!co_await subscription_.ready_within(time_to_ping())) {
        co_await send(std::string(http::kEventStreamPing));
        continue;
      }
      std::string out;
      while (out.size() < kMaxWriteBytes && !ended_) {
        const auto event = subscription_.try_next();
        if (!event) break;
        take(out, *event);
      }
      if (out.empty() && subscription_.is_over()) co_return;  // the client is gone
      if (!out.empty()) co_await send(std::move(out));
    }
    co_await writer_.end_stream();
  }

 protected:
  virtual void append(std::string& out, const NumberedEvent& event) = 0;
  virtual boost::asio::awaitable<void> begin() = 0;

  void take(std::string& out, const NumberedEvent& event) {
    append(out, event);
    ended_ = is_terminal(event.event);
  }

  boost::asio::awaitable<void> send(std::string bytes) {
    co_await writer_.write(bytes);
    last_sent_ = SteadyClock::now();
  }

  // What is not sent does not put the ping off.
  std::chrono::milliseconds time_to_ping() const {
    const auto left = last_sent_ + kPingAfter - SteadyClock::now();
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(0));
  }

  http::ResponseWriter& writer_;
  Subscription& subscription_;
  TimePoint last_sent_ = SteadyClock::now();
  bool ended_ = false;
};

class SimpleStream final : public EventStream {
 public:
  using EventStream::EventStream;

 private:
  void append(std::string& out, const NumberedEvent& event) override { append_simple(out, event.event); }

  // A writer that fails at once gets a status of its own: waits for its first event, but not for long.
  boost::asio::awaitable<void> begin() override {
    const TimePoint until = SteadyClock::now() + kLongestHold;
    std::string out;
    while (out.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
      if (left.count() <= 0 || !co_await subscription_.ready_within(left)) break;
      const auto event = subscription_.try_next();
      if (!event) co_return;
      if (const auto* error = std::get_if<AnswerError>(&event->event)) throw to_error(*error);
      if (const auto* cancelled = std::get_if<AnswerCancelled>(&event->event)) throw to_error(*cancelled);
      take(out, *event);
    }
    co_await writer_.begin_stream(200, event_stream_headers());
    if (out.empty()) {
      co_await writer_.flush_head();
    } else {
      co_await send(std::move(out));
    }
  }
};

class FullStream final : public EventStream {
 public:
  using EventStream::EventStream;

 private:
  void append(std::string& out, const NumberedEvent& event) override {
    append_full(out, subscription_.answer(), event);
  }
  boost::asio::awaitable<void> begin() override {
    http::Headers headers = event_stream_headers();
    // The first event may have to wait for its turn, and who waits may want to stop it.
    headers.set("Location", "/v1/answers/" + subscription_.answer().value);
    co_await writer_.begin_stream(200, std::move(headers));
    // Leaves together with the first event, unless the answer has to wait for its turn.
    const bool first_is_there = co_await subscription_.ready_within(kHeadAlone);
    if (!first_is_there) co_await writer_.flush_head();
  }
};

}  // namespace

boost::asio::awaitable<void> stream_simple(http::ResponseWriter& writer, Subscription& subscription) {
  SimpleStream stream(writer, subscription);
  co_await stream.run();
}

boost::asio::awaitable<void> stream_full(http::ResponseWriter& writer, Subscription& subscription) {
  FullStream stream(writer, subscription);
  co_await stream.run();
}

boost::asio::awaitable<void> replay_full(http::ResponseWriter& writer, const StoredAnswer& answer,
                                         std::uint64_t after_sequence) {
  co_await writer.begin_stream(200, event_stream_headers());
  std::string out;
  for (std::uint64_t sequence = after_sequence + 1; sequence <= answer.events.size(); ++sequence) {
    append_full(out, answer.id, {sequence, answer.events[sequence - 1]});
    if (out.size() < kMaxWriteBytes) continue;
    co_await writer.write(out);
    out.clear();
  }
  co_await writer.write(out);
  co_await writer.end_stream();
}

std::uint64_t sequence_of(const AnswerId& answer, std::string_view last_event_id) {
  std::uint64_t sequence = 0;
  const std::string prefix = answer.value + ":";
  if (last_event_id.starts_with(prefix)) {
    const std::string_view digits = last_event_id.substr(prefix.size());
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
    if (failure == std::errc{} && end == digits.data() + digits.size()) return sequence;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "The header Last-Event-ID must be the id of an event of this answer: " + prefix + "NUMBER.")
      .with_field("Last-Event-ID");
}

}  // namespace jackdaw::server
