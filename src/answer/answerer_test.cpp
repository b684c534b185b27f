#include "answer/answerer.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "core/error.h"
#include "tests/support/await.h"
#include "tests/support/fake_writer.h"
#include "tests/support/small_collection.h"

namespace jackdaw::answer {
namespace {

class AnswererTest : public ::testing::Test {
 protected:
  std::vector<AnswerEvent> answer(AnswerRequest request, Cancellation cancellation = {}) {
    Retriever retriever(collection_.space, collection_.reranker, collection_.store, collection_.compute,
                        collection_.storage, {});
    QuestionResolver resolver(writer_, {});
    QuotePlaces places(collection_.store, collection_.storage);
    Answerer answerer(resolver, retriever, writer_, places, {});
    std::vector<AnswerEvent> events;
    const AnswerSink sink = [&](AnswerEvent event) { return take(events, std::move(event)); };
    testing::await(io_, answerer.answer(AnswerId{"id"}, std::move(request), 0, cancellation, sink));
    return events;
  }
  boost::asio::awaitable<void> take(std::vector<AnswerEvent>& events, AnswerEvent event) {
    if (!is_terminal(event) && on_event) on_event(event);
    events.push_back(std::move(event));
    co_return;
  }
  static AnswerRequest ask(std::string question) { return {.retrieval = {.question = std::move(question)}}; }
  ErrorCode refusal(const AnswerRequest& request) {
    Retriever retriever(collection_.space, collection_.reranker, collection_.store, collection_.compute,
                        collection_.storage, {});
    try {
      QuestionResolver resolver(writer_, {});
      QuotePlaces places(collection_.store, collection_.storage);
      Answerer(resolver, retriever, writer_, places, {}).check(request);
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "accepted";
    return ErrorCode::kInternal;
  }

  boost::asio::io_context io_;
  testing::SmallCollection collection_;
  testing::FakeWriter writer_;
  std::function<void(const AnswerEvent&)> on_event;
};

template <class T>
T last(const std::vector<AnswerEvent>& events) {
  for (std::size_t i = 0; i + 1 < events.size(); ++i) EXPECT_FALSE(is_terminal(events[i])) << i;
  return std::get<T>(events.back());
}

TEST_F(AnswererTest, TellsEverythingInOrder) {
  collection_.add("a.pdf", {"herons eat fish", "magpies eat insects"});
  writer_.says({"Fish", " [1]."}, {FinishReason::kStop, {10, 2, std::nullopt}});
  const auto events = answer(ask("what do herons eat"));
  std::vector<std::size_t> kinds;
  for (const auto& event : events) kinds.push_back(event.index());
  // meta, searching, reranking, sources, prompting, waiting, answering, two tokens, citation, timing, final
  EXPECT_EQ(kinds, (std::vector<std::size_t>{0, 1, 1, 2, 1, 1, 1, 4, 4, 10, 5, 6}));
  const auto& final = last<AnswerFinal>(events);
  EXPECT_EQ(final.answer, "Fish [1].");
  EXPECT_EQ(final.usage.input_tokens, 10);
  EXPECT_EQ(final.passages.at(0).passage.text, "herons eat fish");
  EXPECT_EQ(final.index_version, 1U);
  EXPECT_EQ(std::get<AnswerMeta>(events[0]).provider, "fake");
  const auto& timings = std::get<AnswerTiming>(events[10]).timings;
  EXPECT_TRUE(timings.embed_ms && timings.rerank_ms && timings.prompt_ms && timings.first_token_ms && timings.total_ms);
  EXPECT_EQ(writer_.streams_open, 0);
}

TEST_F(AnswererTest, GivesTheWriterWhatTheRequestAsksFor) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.says({"x"});
  AnswerRequest request = ask("what do herons eat");
  request.temperature = 1.5;
  request.max_tokens = 7;
  answer(request);
  EXPECT_EQ(writer_.last_prompt.temperature, 1.5);
  EXPECT_EQ(writer_.last_prompt.max_tokens, 7);
  EXPECT_EQ(writer_.last_prompt.passages.size(), 1U);
}

AnswerRequest follow_up(std::string question) {
  AnswerRequest request{.retrieval = {.question = std::move(question)}};
  ConversationTurn turn;
  turn.place = {ConversationId{"c"}, MessageId{"q2"}, MessageId{"a2"}};
  turn.history = {{MessageId{"q1"}, "Where do Herons live?", "Where do Herons live?", "In reeds [1]."}};
  request.turn = std::move(turn);
  return request;
}

TEST_F(AnswererTest, SearchesForTheQuestionThatCanBeUnderstoodByItself) {
  collection_.add("a.pdf", {"herons eat fish", "magpies eat insects"});
  writer_.says({"Fish."});
  writer_.rewrite = testing::FakeWriter::saying({"What do herons eat?"});
  const auto events = answer(follow_up("And what do they eat?"));
  EXPECT_EQ(std::get<AnswerMeta>(events[0]).place->answer_message.value, "a2");
  EXPECT_EQ(std::get<AnswerStatus>(events[1]).stage, AnswerStage::kResolving);
  const auto& query = std::get<AnswerQuery>(events[2]);
  EXPECT_EQ(query.standalone_question, "What do herons eat?");
  EXPECT_EQ(query.origin, QueryOrigin::kModel);
  EXPECT_EQ(last<AnswerFinal>(events).passages.at(0).passage.text, "herons eat fish");
  EXPECT_EQ(writer_.last_prompt.messages.at(1).content, "Where do Herons live?");
  EXPECT_EQ(writer_.last_prompt.messages.at(2).content, "In reeds.");
  EXPECT_NE(writer_.last_prompt.messages.back().content.find("And what do they eat?"), std::string::npos);
  EXPECT_TRUE(std::get<AnswerTiming>(events[events.size() - 2]).timings.resolve_ms.has_value());
}

TEST_F(AnswererTest, CitesWhatTheMarksNameAndDropsTheOthers) {
  collection_.add("a.pdf", {"herons eat fish", "magpies eat insects"});
  writer_.says({"Herons eat fish [", "1][9", "]."});
  const auto events = answer(ask("what do herons eat"));
  const auto& final = last<AnswerFinal>(events);
  EXPECT_EQ(final.answer, "Herons eat fish [1].");
  EXPECT_EQ(final.dropped_marks, 1);
  ASSERT_EQ(final.citations.size(), 1U);
  EXPECT_EQ(final.citations[0].source, 1);
  EXPECT_EQ(final.citations[0].quote, "herons eat fish");
  EXPECT_TRUE(final.citations[0].verified);
  EXPECT_EQ(final.answer.substr(final.citations[0].begin, final.citations[0].end - final.citations[0].begin),
            "Herons eat fish");
  std::string told;
  for (const AnswerEvent& event : events) {
    if (const auto* token = std::get_if<AnswerToken>(&event)) told += token->text;
  }
  EXPECT_EQ(told, final.answer);
}

TEST_F(AnswererTest, SaysHonestlyThatNothingWasFoundWithoutAskingTheWriter) {
  const auto events = answer(ask("what do herons eat"));
  const auto& final = last<AnswerFinal>(events);
  EXPECT_EQ(final.finish_reason, FinishReason::kNoEvidence);
  EXPECT_EQ(final.answer, "Nothing in the documents answers this.");
  EXPECT_TRUE(writer_.last_prompt.messages.empty());
}

TEST_F(AnswererTest, EndsInAnErrorWhenTheWriterFails) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.step = [](int number, Cancellation) -> boost::asio::awaitable<std::optional<WriterEvent>> {
    if (number == 0) co_return WriterEvent(TextDelta{"Fi"});
    throw Error(ErrorCode::kProviderOverloaded, "Too many.").with_retry_after(std::chrono::seconds(7));
  };
  const auto& error = last<AnswerError>(answer(ask("what do herons eat")));
  EXPECT_EQ(error.code, ErrorCode::kProviderOverloaded);
  EXPECT_EQ(error.retry_after_s, 7);
  EXPECT_EQ(writer_.streams_open, 0);
}

TEST_F(AnswererTest, NeverTakesABrokenStreamForAnAnswer) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.step = [](int number, Cancellation) -> boost::asio::awaitable<std::optional<WriterEvent>> {
    if (number == 0) co_return WriterEvent(TextDelta{"Fi"});
    co_return std::nullopt;
  };
  EXPECT_EQ(last<AnswerError>(answer(ask("what do herons eat"))).code, ErrorCode::kProviderBadStream);
}

TEST_F(AnswererTest, HidesWhatItDoesNotUnderstand) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.step = [](int, Cancellation) -> boost::asio::awaitable<std::optional<WriterEvent>> {
    throw std::runtime_error("secret detail");
    co_return std::nullopt;
  };
  const auto& error = last<AnswerError>(answer(ask("what do herons eat")));
  EXPECT_EQ(error.code, ErrorCode::kInternal);
  EXPECT_EQ(error.message.find("secret"), std::string::npos);
}

TEST_F(AnswererTest, EndsAsCancelledWithWhatWasSaidSoFarAtEveryEvent) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.says({"Fish", " it is."});
  for (int stop_at = 0; stop_at < 9; ++stop_at) {
    const Cancellation cancellation;
    int seen = 0;
    on_event = [&](const AnswerEvent&) {
      if (seen++ == stop_at) cancellation.cancel(CancelReason::kDisconnect);
    };
    const auto events = answer(ask("what do herons eat"), cancellation);
    const auto& cancelled = last<AnswerCancelled>(events);
    EXPECT_EQ(cancelled.reason, CancelReason::kDisconnect);
    EXPECT_EQ(events.size(), static_cast<std::size_t>(stop_at) + 2);
    EXPECT_EQ(cancelled.answer_so_far, stop_at < 7 ? "" : stop_at == 7 ? "Fish" : "Fish it is.");
    EXPECT_EQ(writer_.streams_open, 0);
  }
}

TEST_F(AnswererTest, SaysWhenTheTimeWasOver) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.step = [](int, Cancellation cancellation) -> boost::asio::awaitable<std::optional<WriterEvent>> {
    co_await testing::sleep_until(TimePoint::max(), cancellation);
    co_return std::nullopt;
  };
  const auto late = Cancellation().child(SteadyClock::now() + std::chrono::milliseconds(150));
  EXPECT_EQ(last<AnswerCancelled>(answer(ask("what do herons eat"), late)).reason, CancelReason::kDeadline);
}

TEST_F(AnswererTest, TurnsWhatTheSinkRefusesIntoAnError) {
  collection_.add("a.pdf", {"herons eat fish"});
  writer_.says({"Fish"});
  on_event = [](const AnswerEvent& event) {
    if (std::holds_alternative<AnswerToken>(event)) throw Error(ErrorCode::kTooLarge, "Too long.");
  };
  EXPECT_EQ(last<AnswerError>(answer(ask("what do herons eat"))).code, ErrorCode::kTooLarge);
}

TEST_F(AnswererTest, RefusesBeforeAnyWorkWhatCannotBeAnswered) {
  EXPECT_EQ(refusal(ask("what do herons eat")), ErrorCode::kNotReady);
  collection_.add("a.pdf", {"herons eat fish"});
  EXPECT_EQ(refusal(ask(" ")), ErrorCode::kEmptyQuestion);
  AnswerRequest request = ask("x");
  request.temperature = 2.5;
  EXPECT_EQ(refusal(request), ErrorCode::kInvalidArgument);
  request.temperature = 0;
  request.max_tokens = 9000;
  EXPECT_EQ(refusal(request), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace jackdaw::answer
