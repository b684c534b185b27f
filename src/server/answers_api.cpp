#include "server/answers_api.h"

#include <boost/json.hpp>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "http/header_value.h"
#include "server/answer_json.h"
#include "server/answer_request.h"
#include "server/answer_stream.h"
#include "server/api.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Subscription = answer::RunningAnswers::Subscription;

// Closes the subscription when the client goes away, so that what waits for an event returns. At a shutdown the answer
// ends by itself, and its last event is still wanted.
Cancellation::Subscription close_when_gone(const http::Request& request, Subscription& subscription) {
  const auto close = [&request, &subscription] {
    if (request.cancellation.reason() == CancelReason::kDisconnect) subscription.close();
  };
  return request.cancellation.on_cancel(close);
}

http::Response timed_json(const json::object& body, const AnswerTimings& timings) {
  http::Response response = json_response(200, body);
  response.headers.set("Server-Timing", server_timing(timings));
  return response;
}

json::object whole_answer(const AnswerFinal& final) {
  json::object body{{"answer", final.answer}};
  for (auto& [key, value] : simple_end_to_json(final)) body[key] = std::move(value);
  return body;
}

// Reads an answer to its end. Throws the error that ended it; nothing when the client went away.
boost::asio::awaitable<std::optional<AnswerFinal>> read_to_end(Subscription& subscription, AnswerTimings& timings) {
  while (auto event = co_await subscription.next()) {
    if (const auto* timing = std::get_if<AnswerTiming>(&event->event)) timings = timing->timings;
    if (const auto* error = std::get_if<AnswerError>(&event->event)) throw to_error(*error);
    if (const auto* cancelled = std::get_if<AnswerCancelled>(&event->event)) throw to_error(*cancelled);
    if (auto* final = std::get_if<AnswerFinal>(&event->event)) co_return std::move(*final);
  }
  co_return std::nullopt;
}

// As it stands in the path; anything that is no id names no answer.
AnswerId answer_id_of(const http::Request& request) {
  const std::string_view id = request.path_value("id");
  if (!is_well_formed_id(id)) throw Error(ErrorCode::kNotFound, "There is no such answer.");
  return {std::string(id)};
}

// The parsed JSON goes here, and not with the end of a stream.
WantedAnswer parse_wanted(std::string_view body, const http::Request& request, const Config& config) {
  const JsonFields fields(body);
  WantedAnswer wanted = parse_answer_request(fields, config);
  wanted.answer.keep = true;
  const bool accepts_events = request.headers.get("Accept").starts_with("text/event-stream");
  wanted.stream = fields.boolean("stream").value_or(accepts_events);
  return wanted;
}

json::object cancelled_to_json(const AnswerId& id, bool was_running) {
  return {{"answer_id", id.value}, {"cancelled", was_running}};
}

std::vector<std::vector<RetrievedPassage>*> passages_of(StoredAnswer& answer) {
  std::vector<std::vector<RetrievedPassage>*> all;
  for (AnswerEvent& event : answer.events) {
    if (auto* sources = std::get_if<AnswerSources>(&event)) all.push_back(&sources->passages);
    if (auto* final = std::get_if<AnswerFinal>(&event)) all.push_back(&final->passages);
  }
  return all;
}

// The words of a deleted document are not told in its citations either.
void forget_quotes(StoredAnswer& answer) {
  std::vector<bool> deleted;
  for (const AnswerEvent& event : answer.events) {
    const auto* sources = std::get_if<AnswerSources>(&event);
    if (sources == nullptr) continue;
    for (const RetrievedPassage& found : sources->passages) deleted.push_back(found.deleted);
  }
  const auto forget = [&](Citation& citation) {
    const auto place = static_cast<std::size_t>(citation.source) - 1;
    if (place >= deleted.size() || deleted[place]) citation.quote.clear();
  };
  for (AnswerEvent& event : answer.events) {
    if (auto* told = std::get_if<AnswerCitation>(&event)) forget(told->citation);
    if (auto* final = std::get_if<AnswerFinal>(&event)) std::ranges::for_each(final->citations, forget);
  }
}

}  // namespace

boost::asio::awaitable<void> AnswersApi::query(http::Request& request, http::ResponseWriter& writer) {
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  WantedAnswer wanted = parse_answer_request(JsonFields(body), assembly_.config());
  Subscription subscription = co_await start(std::move(wanted));
  const auto gone = close_when_gone(request, subscription);
  AnswerTimings timings;
  const std::optional<AnswerFinal> final = co_await read_to_end(subscription, timings);
  if (final) co_await writer.send(timed_json(whole_answer(*final), timings));
  request.cancellation.throw_if_requested();
}

boost::asio::awaitable<void> AnswersApi::query_stream(http::Request& request, http::ResponseWriter& writer) {
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  WantedAnswer wanted = parse_answer_request(JsonFields(body), assembly_.config());
  Subscription subscription = co_await start(std::move(wanted));
  const auto gone = close_when_gone(request, subscription);
  co_await stream_simple(writer, subscription);
  request.cancellation.throw_if_requested();
}

boost::asio::awaitable<void> AnswersApi::search(http::Request& request, http::ResponseWriter& writer) {
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  Flows& flows = assembly_.flows();
  const answer::RetrievalRequest wanted = parse_search_request(JsonFields(body), assembly_.config());
  answer::check_request(wanted);
  flows.retriever->require_documents();
  const Stopwatch since_start;
  answer::Retrieved found = co_await flows.retriever->retrieve(wanted, request.cancellation);
  found.timings.total_ms = since_start.elapsed_ms();
  co_await writer.send(timed_json(to_json(found), found.timings));
}

boost::asio::awaitable<void> AnswersApi::create(http::Request& request, http::ResponseWriter& writer) {
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  WantedAnswer wanted = parse_wanted(body, request, assembly_.config());
  const bool stream = wanted.stream;
  Subscription subscription = co_await start(std::move(wanted));
  const auto gone = close_when_gone(request, subscription);
  if (stream) {
    co_await stream_full(writer, subscription);
  } else {
    AnswerTimings timings;
    const std::optional<AnswerFinal> final = co_await read_to_end(subscription, timings);
    if (final) {
      const StoredAnswer whole = subscription.so_far();
      http::Response response = timed_json(to_json(whole), timings);
      response.headers.set("Location", "/v1/answers/" + whole.id.value);
      co_await writer.send(std::move(response));
    }
  }
  request.cancellation.throw_if_requested();
}

// In a conversation the question is safe on the disk before its answer begins.
boost::asio::awaitable<Subscription> AnswersApi::start(WantedAnswer wanted) {
  answer::RunningAnswers& answers = *assembly_.flows().answers;
  if (!wanted.place) co_return answers.start(std::move(wanted.answer));
  answers.check(wanted.answer);
  wanted.answer.id = {random_id()};
  answer::RunningAnswers::Claim claim = answers.claim(wanted.place->conversation, wanted.answer.id);
  NewTurn turn = std::move(*wanted.place);
  turn.question = wanted.answer.retrieval.question;
  turn.answer = wanted.answer.id;
  const auto begin = [&] { return assembly_.conversations().begin_turn(turn); };
  Turn begun = co_await assembly_.keeping().run(Lane::kInteractive, Cancellation(), begin);
  answer::ConversationTurn in_conversation;
  in_conversation.place = {turn.conversation, begun.question_message, begun.answer_message};
  in_conversation.history = std::move(begun.history);
  wanted.answer.turn = std::move(in_conversation);
  co_return answers.start(std::move(wanted.answer), std::move(claim));
}

boost::asio::awaitable<void> AnswersApi::get(http::Request& request, http::ResponseWriter& writer) {
  const AnswerId id = answer_id_of(request);
  std::optional<StoredAnswer> answer = assembly_.flows().answers->look(id);
  if (!answer || status_of(*answer) != "running") answer = co_await find_ended(id);
  co_await writer.send(json_response(200, to_json(*answer)));
}

boost::asio::awaitable<void> AnswersApi::events(http::Request& request, http::ResponseWriter& writer) {
  const AnswerId id = answer_id_of(request);
  const std::string_view last = request.headers.get("Last-Event-ID");
  const std::uint64_t after = last.empty() ? 0 : sequence_of(id, last);
  answer::RunningAnswers& answers = *assembly_.flows().answers;
  if (answers.is_running(id)) {
    Subscription subscription = answers.subscribe(id, after);
    const auto gone = close_when_gone(request, subscription);
    co_await stream_full(writer, subscription);
    request.cancellation.throw_if_requested();
    co_return;
  }
  const StoredAnswer answer = co_await find_ended(id);
  if (after > answer.events.size()) {
    throw Error(ErrorCode::kInvalidArgument, "The answer has no event " + std::to_string(after) +
                                                 " to go on from; its last one is " +
                                                 std::to_string(answer.events.size()) + ".")
        .with_field("Last-Event-ID");
  }
  if (after == answer.events.size()) {
    // Everything was read: an EventSource stops asking.
    http::Response nothing{.status = 204, .headers = {{"Cache-Control", "no-store"}}, .body = {}};
    co_await writer.send(std::move(nothing));
    co_return;
  }
  co_await replay_full(writer, answer, after);
}

boost::asio::awaitable<void> AnswersApi::cancel(http::Request& request, http::ResponseWriter& writer) {
  const AnswerId id = answer_id_of(request);
  const bool was_running = assembly_.flows().answers->cancel(id);
  if (!was_running) co_await find_ended(id);
  const json::object body = cancelled_to_json(id, was_running);
  co_await writer.send(json_response(200, body));
}

boost::asio::awaitable<StoredAnswer> AnswersApi::find_ended(AnswerId id) {
  std::optional<StoredAnswer> answer = assembly_.flows().answers->look(id);
  if (answer && status_of(*answer) != "running") {
    co_await mark_deleted(*answer);
    co_return std::move(*answer);
  }
  const auto find = [&] { return assembly_.answer_store().find_answer(id); };
  answer = co_await assembly_.storage().run(Lane::kInteractive, Cancellation(), find);
  if (!answer) {
    if (assembly_.flows().answers->is_gone(id)) {
      throw Error(ErrorCode::kGone, "This answer is no longer kept. Ask again.");
    }
    throw Error(ErrorCode::kNotFound, "There is no such answer.");
  }
  co_return std::move(*answer);
}

boost::asio::awaitable<void> AnswersApi::mark_deleted(StoredAnswer& answer) {
  std::vector<ChunkId> wanted;
  for (const auto* passages : passages_of(answer)) {
    for (const RetrievedPassage& found : *passages) wanted.push_back(found.passage.chunk);
  }
  const auto read = [&] { return assembly_.store().passages(wanted); };
  std::set<ChunkId> there;
  for (const Passage& passage : co_await assembly_.storage().run(Lane::kInteractive, Cancellation(), read)) {
    there.insert(passage.chunk);
  }
  for (auto* passages : passages_of(answer)) {
    for (RetrievedPassage& found : *passages) found.deleted = !there.contains(found.passage.chunk);
  }
  forget_quotes(answer);
}

}  // namespace jackdaw::server
