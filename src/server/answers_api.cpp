#include "server/answers_api.h"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/text.h"
#include "http/event_stream_writer.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Subscription = answer::RunningAnswers::Subscription;

constexpr std::chrono::seconds kPingAfter{10};
constexpr std::chrono::seconds kLongestHold{2};
constexpr int kSearchTopK = 10;

std::string parse_question(const JsonFields& fields, const Config& config) {
  const auto question = fields.text("question");
  if (!question) {
    throw Error(ErrorCode::kInvalidArgument, "The field \"question\" is missing. Send {\"question\": \"...\"}.")
        .with_field("question");
  }
  if (text::count_code_points(*question) > config.max_question_characters) {
    throw Error(ErrorCode::kTooLarge, "The question is longer than " + std::to_string(config.max_question_characters) +
                                          " characters. Ask a shorter one.")
        .with_field("question");
  }
  return *question;
}

SearchFilter parse_filter(const JsonFields& fields) {
  if (!fields.texts("filter", "tags").value_or(std::vector<std::string>{}).empty()) {
    throw Error(ErrorCode::kInvalidArgument, "No document has tags yet, so filter.tags would leave nothing to search.")
        .with_field("filter.tags");
  }
  SearchFilter filter;
  for (const std::string& id : fields.texts("filter", "document_ids").value_or(std::vector<std::string>{})) {
    if (!is_well_formed_id(id)) {
      throw Error(ErrorCode::kInvalidArgument, "\"" + id + "\" is not a document id. GET /v1/documents lists them.")
          .with_field("filter.document_ids");
    }
    filter.documents.push_back({id});
  }
  return filter;
}

// Closes the subscription when the client goes away, so that a next() that waits returns. At a shutdown the answer ends
// by itself, and its last event is still wanted.
Cancellation::Subscription close_when_gone(const http::Request& request, Subscription& subscription) {
  const auto close = [&request, &subscription] {
    if (request.cancellation.reason() == CancelReason::kDisconnect) subscription.close();
  };
  return request.cancellation.on_cancel(close);
}

http::Headers event_stream_headers() {
  return {{"Content-Type", std::string(http::kEventStreamType)},
          {"Cache-Control", "no-store, no-transform"},
          {"X-Accel-Buffering", "no"}};
}

std::string encode(const json::object& data) {
  return http::encode_event({.id = {}, .event = {}, .data = dump(data)});
}

http::Response timed_json(const json::object& body, const AnswerTimings& timings) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"Server-Timing", server_timing(timings)}},
          .body = dump(body) + "\n"};
}

json::object whole_answer(const AnswerFinal& final) {
  json::object body{{"answer", final.answer}};
  for (auto& [key, value] : simple_end_to_json(final)) body[key] = std::move(value);
  return body;
}

// One reader of an answer at the simple door: SSE without event names.
class SimpleStream {
 public:
  SimpleStream(http::ResponseWriter& writer, Subscription& subscription)
      : writer_(writer), subscription_(subscription) {}

  boost::asio::awaitable<void> run() {
    co_await hold_head();
    for (;;) {
      if (!co_await subscription_.ready_within(kPingAfter)) {
        co_await writer_.write(http::kEventStreamPing);
        continue;
      }
      auto event = co_await subscription_.next();
      if (!event) co_return;  // the client is gone
      if (co_await send(event->event)) co_return;
    }
  }

 private:
  // A writer that fails at once gets a status of its own: waits for its first event, but not for long.
  boost::asio::awaitable<void> hold_head() {
    const TimePoint until = SteadyClock::now() + kLongestHold;
    while (!writer_.started()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now());
      if (left.count() <= 0 || !co_await subscription_.ready_within(left)) {
        co_await begin();
        co_await writer_.flush_head();
        co_return;
      }
      auto event = co_await subscription_.next();
      if (!event) co_return;
      if (const auto* error = std::get_if<AnswerError>(&event->event)) throw to_error(*error);
      if (const auto* cancelled = std::get_if<AnswerCancelled>(&event->event)) throw to_error(*cancelled);
      co_await send(event->event);
    }
  }

  boost::asio::awaitable<void> begin() { return writer_.begin_stream(200, event_stream_headers()); }

  // True when that was the last event.
  boost::asio::awaitable<bool> send(const AnswerEvent& event) {
    json::object data;
    if (const auto* token = std::get_if<AnswerToken>(&event)) {
      data["token"] = token->text;
    } else if (const auto* final = std::get_if<AnswerFinal>(&event)) {
      data = simple_end_to_json(*final);
    } else if (const auto* error = std::get_if<AnswerError>(&event)) {
      data["error"] = error_to_json(error->code, error->message);
    } else if (const auto* cancelled = std::get_if<AnswerCancelled>(&event)) {
      const Error reason = to_error(*cancelled);
      data["error"] = error_to_json(reason.code(), reason.what());
    } else {
      co_return false;
    }
    if (!writer_.started()) co_await begin();
    co_await writer_.write(encode(data));
    if (!is_terminal(event)) co_return false;
    co_await writer_.end_stream();
    co_return true;
  }

  http::ResponseWriter& writer_;
  Subscription& subscription_;
};

}  // namespace

answer::AnswerRequest parse_answer_request(std::string_view body, const Config& config) {
  const JsonFields fields(body);
  answer::AnswerRequest request;
  request.retrieval.question = parse_question(fields, config);
  request.retrieval.top_k = static_cast<std::size_t>(
      fields.integer("top_k", 1, static_cast<std::int64_t>(answer::kMaxTopK)).value_or(config.top_k));
  request.retrieval.rerank = fields.boolean("rerank").value_or(config.rerank);
  request.retrieval.filter = parse_filter(fields);
  request.temperature = fields.number("temperature", 0, 2);
  if (const auto tokens = fields.integer("max_tokens", 1, config.max_max_tokens)) {
    request.max_tokens = static_cast<int>(*tokens);
  }
  request.writer = {fields.text("provider").value_or(""), fields.text("model").value_or("")};
  if (const auto word = fields.text("on_disconnect")) {
    if (*word != "cancel" && *word != "continue") {
      throw Error(ErrorCode::kInvalidArgument, "The field \"on_disconnect\" must be \"cancel\" or \"continue\".")
          .with_field("on_disconnect");
    }
    request.on_disconnect = *word == "cancel" ? answer::OnDisconnect::kCancel : answer::OnDisconnect::kContinue;
  }
  return request;
}

answer::RetrievalRequest parse_search_request(std::string_view body, const Config& config) {
  const JsonFields fields(body);
  answer::RetrievalRequest request;
  request.question = parse_question(fields, config);
  request.top_k = static_cast<std::size_t>(
      fields.integer("top_k", 1, static_cast<std::int64_t>(answer::kMaxTopK)).value_or(kSearchTopK));
  request.rerank = fields.boolean("rerank").value_or(config.rerank);
  request.filter = parse_filter(fields);
  return request;
}

Error to_error(const AnswerError& event) {
  Error error(event.code, event.message);
  if (event.retry_after_s) error.with_retry_after(std::chrono::seconds(*event.retry_after_s));
  return error;
}

Error to_error(const AnswerCancelled& event) {
  switch (event.reason) {
    case CancelReason::kShutdown:
      return {ErrorCode::kShuttingDown, "The server is shutting down. Ask again in a moment."};
    case CancelReason::kDeadline:
      return {ErrorCode::kDeadlineExceeded, "The answer took longer than an answer may take. Ask again."};
    default: return {ErrorCode::kCancelled, "The answer was cancelled."};
  }
}

Subscription AnswersApi::start(const std::string& body) {
  Flows& flows = assembly_.flows();
  return flows.answers->start(parse_answer_request(body, assembly_.config()));
}

boost::asio::awaitable<void> AnswersApi::query(http::Request& request, http::ResponseWriter& writer) {
  Subscription subscription = start(co_await request.read_body(assembly_.config().max_json_bytes));
  const auto gone = close_when_gone(request, subscription);
  AnswerTimings timings;
  while (auto event = co_await subscription.next()) {
    if (const auto* timing = std::get_if<AnswerTiming>(&event->event)) timings = timing->timings;
    if (const auto* error = std::get_if<AnswerError>(&event->event)) throw to_error(*error);
    if (const auto* cancelled = std::get_if<AnswerCancelled>(&event->event)) throw to_error(*cancelled);
    const auto* final = std::get_if<AnswerFinal>(&event->event);
    if (final == nullptr) continue;
    co_await writer.send(timed_json(whole_answer(*final), timings));
  }
  request.cancellation.throw_if_requested();
}

boost::asio::awaitable<void> AnswersApi::query_stream(http::Request& request, http::ResponseWriter& writer) {
  Subscription subscription = start(co_await request.read_body(assembly_.config().max_json_bytes));
  const auto gone = close_when_gone(request, subscription);
  co_await SimpleStream(writer, subscription).run();
  request.cancellation.throw_if_requested();
}

boost::asio::awaitable<void> AnswersApi::search(http::Request& request, http::ResponseWriter& writer) {
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  Flows& flows = assembly_.flows();
  const answer::RetrievalRequest wanted = parse_search_request(body, assembly_.config());
  answer::check_request(wanted);
  flows.retriever->require_documents();
  const Stopwatch since_start;
  answer::Retrieved found = co_await flows.retriever->retrieve(wanted, request.cancellation);
  found.timings.total_ms = since_start.elapsed_ms();
  co_await writer.send(timed_json(to_json(found), found.timings));
}

}  // namespace jackdaw::server
