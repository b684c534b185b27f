#include "answer/running_answers.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <random>

#include "core/error.h"
#include "tests/support/await.h"
#include "tests/support/fake_writer.h"
#include "tests/support/small_collection.h"

namespace jackdaw::answer {
namespace {

using namespace std::chrono_literals;
using Subscription = RunningAnswers::Subscription;
using Step = boost::asio::awaitable<std::optional<WriterEvent>>;

class RunningAnswersTest : public ::testing::Test {
 protected:
  RunningAnswersTest() { collection_.add("a.pdf", {"herons eat fish"}); }
  ~RunningAnswersTest() override {
    if (answers_) testing::await(io_, answers_->shut_down(0ms));
    EXPECT_EQ(writer_.streams_open, 0);
  }

  RunningAnswers& answers() {
    if (!answers_) answers_.emplace(io_.get_executor(), answerer_, keeper_, options_);
    return *answers_;
  }
  static AnswerRequest ask(OnDisconnect on_disconnect = OnDisconnect::kCancel) {
    return {.retrieval = {.question = "what do herons eat"}, .on_disconnect = on_disconnect, .keep = true};
  }
  std::vector<NumberedEvent> read_all(Subscription& subscription) {
    std::vector<NumberedEvent> events;
    while (auto event = testing::await(io_, subscription.next())) events.push_back(std::move(*event));
    return events;
  }
  // Reads on until an event of that kind has come.
  template <class T>
  void read_until(Subscription& subscription) {
    while (true) {
      const auto event = testing::await(io_, subscription.next());
      ASSERT_TRUE(event);
      if (std::holds_alternative<T>(event->event)) return;
    }
  }
  // Runs until it is so; fails after half a minute.
  void run_until(const std::function<bool()>& is_so) {
    const TimePoint deadline = SteadyClock::now() + 30s;
    while (!is_so() && SteadyClock::now() < deadline) run_for(1ms);
    EXPECT_TRUE(is_so());
  }
  void run_until_none_runs() {
    run_until([this] { return answers().running() == 0; });
  }
  // Lets everything run that can run now, and for that long.
  void run_for(std::chrono::milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }
  void writer_waits_for_ever() {
    writer_.step = [](int number, Cancellation cancellation) -> Step {
      if (number == 0) co_return WriterEvent(TextDelta{"Fish"});
      co_await testing::sleep_until(TimePoint::max(), cancellation);
      co_return std::nullopt;
    };
  }
  ErrorCode failure(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
  }

  boost::asio::io_context io_;
  testing::SmallCollection collection_;
  testing::FakeWriter writer_;
  Retriever retriever_{collection_.space,   collection_.reranker, collection_.store,
                       collection_.compute, collection_.storage,  {}};
  QuestionResolver resolver_{writer_, {}};
  QuotePlaces places_{collection_.store, collection_.storage};
  Answerer answerer_{resolver_, retriever_, writer_, places_, {}};
  RunningAnswersOptions options_;
  AnswerKeeper* keeper_ = nullptr;
  std::optional<RunningAnswers> answers_;
};

std::string text_of(const std::vector<NumberedEvent>& events) {
  std::string text;
  for (const auto& event : events) {
    if (const auto* token = std::get_if<AnswerToken>(&event.event)) text += token->text;
  }
  return text;
}

TEST_F(RunningAnswersTest, GivesItsReaderEveryEventInOrder) {
  writer_.says({"Fish", " and", " frogs."});
  Subscription subscription = answers().start(ask());
  const auto events = read_all(subscription);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1);
  EXPECT_EQ(std::get<AnswerMeta>(events.front().event).answer, subscription.answer());
  EXPECT_EQ(std::get<AnswerFinal>(events.back().event).answer, "Fish and frogs.");
  EXPECT_EQ(text_of(events), "Fish and frogs.");
  EXPECT_FALSE(testing::await(io_, subscription.next()));
  EXPECT_EQ(answers().running(), 0U);
  EXPECT_EQ(answers().finished(), 1U);
}

TEST_F(RunningAnswersTest, AnswersOneQuestionOfAConversationAtATime) {
  writer_.says({"Fish."});
  const ConversationId conversation{"c"};
  AnswerRequest request = ask();
  request.id = AnswerId{"a1"};
  request.turn = ConversationTurn{{conversation, MessageId{"q"}, MessageId{"a"}}, {}};
  Subscription subscription = answers().start(request, answers().claim(conversation, request.id));
  EXPECT_EQ(subscription.answer(), request.id);
  EXPECT_EQ(answers().answer_of(conversation), request.id);
  try {
    answers().claim(conversation, AnswerId{"a2"});
    ADD_FAILURE() << "claimed twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_EQ(error.answer(), "a1");
  }
  answers().claim(ConversationId{"other"}, AnswerId{"a3"});
  while (const auto event = testing::await(io_, subscription.next())) {
    // Who hears the end may ask the next question at once.
    if (is_terminal(event->event)) {
      EXPECT_FALSE(answers().answer_of(conversation));
    }
  }
  answers().claim(conversation, AnswerId{"a2"});
  EXPECT_FALSE(answers().answer_of(conversation));
}

TEST_F(RunningAnswersTest, ReplaysAFinishedAnswerFromAnyEvent) {
  writer_.says({"Fish", " and", " frogs."});
  Subscription first = answers().start(ask());
  const auto events = read_all(first);
  for (std::uint64_t after = 0; after <= events.size(); ++after) {
    Subscription again = answers().subscribe(first.answer(), after);
    const auto rest = read_all(again);
    ASSERT_EQ(rest.size(), events.size() - after);
    if (!rest.empty()) {
      EXPECT_EQ(rest.front().sequence, after + 1);
    }
  }
  EXPECT_EQ(failure([&] { answers().subscribe(first.answer(), events.size() + 1); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(failure([&] { answers().subscribe(AnswerId{"unknown"}, 0); }), ErrorCode::kNotFound);
}

TEST_F(RunningAnswersTest, LetsSeveralReadersFollowOneRunningAnswer) {
  writer_.step = [](int number, Cancellation cancellation) -> Step {
    co_await testing::sleep_until(SteadyClock::now() + 2ms, cancellation);
    if (number < 20) co_return WriterEvent(TextDelta{" word"});
    co_return WriterEvent(WriterEnd{});
  };
  Subscription first = answers().start(ask());
  read_until<AnswerToken>(first);
  Subscription second = answers().subscribe(first.answer(), 0);
  read_until<AnswerToken>(second);
  EXPECT_EQ(text_of(read_all(second)).size() + 5, 100U);
  EXPECT_EQ(text_of(read_all(first)).size() + 5, 100U);
}

TEST_F(RunningAnswersTest, CancelsWhenTheLastReaderLeaves) {
  writer_waits_for_ever();
  {
    Subscription first = answers().start(ask());
    Subscription second = answers().subscribe(first.answer(), 0);
    read_until<AnswerToken>(first);
    first.close();
    run_for(5ms);
    EXPECT_EQ(answers().running(), 1U);
  }
  run_until_none_runs();
  EXPECT_EQ(writer_.streams_open, 0);
}

TEST_F(RunningAnswersTest, TellsWhyItWasCancelled) {
  writer_waits_for_ever();
  Subscription subscription = answers().start(ask());
  read_until<AnswerToken>(subscription);
  EXPECT_TRUE(answers().cancel(subscription.answer()));
  const auto events = read_all(subscription);
  const auto& cancelled = std::get<AnswerCancelled>(events.back().event);
  EXPECT_EQ(cancelled.reason, CancelReason::kClient);
  EXPECT_EQ(cancelled.answer_so_far, "Fish");
  EXPECT_FALSE(answers().cancel(subscription.answer()));
  EXPECT_FALSE(answers().cancel(AnswerId{"unknown"}));
}

TEST_F(RunningAnswersTest, ContinuesWithoutAReaderForAWhile) {
  options_.abandoned_after = 0s;
  writer_waits_for_ever();
  AnswerId id;
  {
    Subscription subscription = answers().start(ask(OnDisconnect::kContinue));
    id = subscription.answer();
    read_until<AnswerToken>(subscription);
  }
  EXPECT_EQ(answers().running(), 1U);
  run_until_none_runs();
  Subscription again = answers().subscribe(id, 0);
  EXPECT_EQ(std::get<AnswerCancelled>(read_all(again).back().event).reason, CancelReason::kDisconnect);
}

TEST_F(RunningAnswersTest, FinishesForAReaderThatComesBack) {
  writer_.step = [](int number, Cancellation cancellation) -> Step {
    co_await testing::sleep_until(SteadyClock::now() + 2ms, cancellation);
    if (number < 20) co_return WriterEvent(TextDelta{"word "});
    co_return WriterEvent(WriterEnd{});
  };
  AnswerId id;
  {
    Subscription subscription = answers().start(ask(OnDisconnect::kContinue));
    id = subscription.answer();
    read_until<AnswerToken>(subscription);
  }
  run_for(10ms);
  Subscription again = answers().subscribe(id, 3);
  EXPECT_EQ(std::get<AnswerFinal>(read_all(again).back().event).answer.size(), 100U);
}

TEST_F(RunningAnswersTest, QueuesAndThenRefuses) {
  options_.max_running = 1;
  options_.max_queued = 1;
  writer_waits_for_ever();
  Subscription first = answers().start(ask());
  Subscription second = answers().start(ask());
  try {
    answers().start(ask());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOverloaded);
    EXPECT_TRUE(error.retry_after());
  }
  read_until<AnswerToken>(first);
  EXPECT_FALSE(second.try_next()) << "it waits";
  answers().cancel(first.answer());
  read_until<AnswerToken>(second);
  EXPECT_EQ(answers().running(), 1U);
}

TEST_F(RunningAnswersTest, TellsBeginningAndEndOfAnAnswerCancelledInTheQueue) {
  options_.max_running = 1;
  writer_waits_for_ever();
  Subscription first = answers().start(ask());
  Subscription second = answers().start(ask());
  run_for(5ms);
  answers().cancel(second.answer());
  const auto events = read_all(second);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<AnswerMeta>(events[0].event));
  EXPECT_TRUE(std::holds_alternative<AnswerCancelled>(events[1].event));
  answers().cancel(first.answer());
  read_all(first);
  EXPECT_EQ(answers().running(), 0U);
  writer_.says({"x"});
  Subscription third = answers().start(ask());
  EXPECT_TRUE(std::holds_alternative<AnswerFinal>(read_all(third).back().event)) << "the place was given back";
}

TEST_F(RunningAnswersTest, EndsAnAnswerThatGrowsTooLong) {
  options_.max_log_bytes = 20'000;
  writer_.step = [](int, Cancellation) -> Step { co_return WriterEvent(TextDelta{std::string(1000, 'x')}); };
  Subscription subscription = answers().start(ask());
  const auto events = read_all(subscription);
  EXPECT_EQ(std::get<AnswerError>(events.back().event).code, ErrorCode::kTooLarge);
  EXPECT_LT(text_of(events).size(), 20'000U);
}

TEST_F(RunningAnswersTest, PausesTheWriterForASlowReader) {
  options_.max_unread_bytes = 10'000;
  int written = 0;
  writer_.step = [&written](int number, Cancellation) -> Step {
    ++written;
    if (number < 100) co_return WriterEvent(TextDelta{std::string(1000, 'x')});
    co_return WriterEvent(WriterEnd{});
  };
  Subscription subscription = answers().start(ask());
  run_until([&] { return written > 4; });
  run_for(50ms);
  EXPECT_LT(written, 12);
  EXPECT_EQ(text_of(read_all(subscription)).size(), 100'000U);
}

TEST_F(RunningAnswersTest, AReaderThatStandsStillHoldsNobodyElseUp) {
  options_.max_unread_bytes = 10'000;
  writer_.step = [](int number, Cancellation) -> Step {
    if (number < 100) co_return WriterEvent(TextDelta{std::string(1000, 'x')});
    co_return WriterEvent(WriterEnd{});
  };
  Subscription reads = answers().start(ask());
  Subscription stands_still = answers().subscribe(reads.answer(), 0);
  EXPECT_EQ(text_of(read_all(reads)).size(), 100'000U);
  EXPECT_EQ(text_of(read_all(stands_still)).size(), 100'000U);
}

TEST_F(RunningAnswersTest, DoesNotPauseAnAnswerThatContinuesAnyway) {
  options_.max_unread_bytes = 10'000;
  int written = 0;
  writer_.step = [&written](int number, Cancellation) -> Step {
    ++written;
    if (number < 100) co_return WriterEvent(TextDelta{std::string(1000, 'x')});
    co_return WriterEvent(WriterEnd{});
  };
  Subscription subscription = answers().start(ask(OnDisconnect::kContinue));
  run_until([&] { return written == 101; });
}

TEST_F(RunningAnswersTest, CancelsAWriterThatIsPaused) {
  options_.max_unread_bytes = 1'000;
  writer_.step = [](int, Cancellation) -> Step { co_return WriterEvent(TextDelta{std::string(1000, 'x')}); };
  Subscription subscription = answers().start(ask());
  run_for(5ms);
  answers().cancel(subscription.answer());
  run_until_none_runs();
}

TEST_F(RunningAnswersTest, WaitsNoLongerThanAskedForTheNextEvent) {
  writer_waits_for_ever();
  Subscription subscription = answers().start(ask());
  EXPECT_TRUE(testing::await(io_, subscription.ready_within(1s)));
  read_until<AnswerToken>(subscription);
  EXPECT_FALSE(testing::await(io_, subscription.ready_within(10ms)));
  EXPECT_FALSE(subscription.try_next());
  answers().cancel(subscription.answer());
  EXPECT_TRUE(testing::await(io_, subscription.ready_within(1s)));
  EXPECT_TRUE(subscription.try_next());
}

TEST_F(RunningAnswersTest, WakesAReaderWhoseSubscriptionIsClosedOrGone) {
  writer_waits_for_ever();
  for (const bool destroy : {false, true}) {
    auto subscription = std::make_unique<Subscription>(answers().start(ask()));
    read_until<AnswerToken>(*subscription);
    bool woken = false;
    boost::asio::co_spawn(io_, subscription->next(), [&](std::exception_ptr, std::optional<NumberedEvent> event) {
      woken = true;
      EXPECT_FALSE(event);
    });
    run_for(5ms);
    EXPECT_FALSE(woken);
    if (destroy) {
      subscription.reset();
    } else {
      subscription->close();
    }
    run_until([&] { return woken; });
  }
}

TEST_F(RunningAnswersTest, ForgetsTheOldestFinishedAnswersBeyondItsBounds) {
  options_.max_finished_bytes = 10'000;
  writer_.says({std::string(3000, 'x')});
  std::vector<AnswerId> ids;
  for (int i = 0; i < 4; ++i) {
    Subscription subscription = answers().start(ask());
    ids.push_back(subscription.answer());
    read_all(subscription);
  }
  EXPECT_EQ(answers().finished(), 1U);
  EXPECT_EQ(failure([&] { answers().subscribe(ids[0], 0); }), ErrorCode::kGone);
  answers().subscribe(ids[3], 0);
}

TEST_F(RunningAnswersTest, EndsAnAnswerAtItsDeadline) {
  options_.max_duration = 1s;
  writer_waits_for_ever();
  Subscription subscription = answers().start(ask());
  EXPECT_EQ(std::get<AnswerCancelled>(read_all(subscription).back().event).reason, CancelReason::kDeadline);
}

TEST_F(RunningAnswersTest, LetsAnswersEndBeforeItShutsDown) {
  writer_.step = [](int number, Cancellation cancellation) -> Step {
    co_await testing::sleep_until(SteadyClock::now() + 5ms, cancellation);
    if (number < 3) co_return WriterEvent(TextDelta{"word "});
    co_return WriterEvent(WriterEnd{});
  };
  Subscription subscription = answers().start(ask());
  testing::await(io_, answers().shut_down(10s));
  EXPECT_TRUE(std::holds_alternative<AnswerFinal>(read_all(subscription).back().event));
  EXPECT_EQ(failure([&] { answers().start(ask()); }), ErrorCode::kShuttingDown);
}

TEST_F(RunningAnswersTest, CancelsWhatDoesNotEndWithinTheGrace) {
  writer_waits_for_ever();
  options_.max_running = 2;
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < 5; ++i) subscriptions.push_back(answers().start(ask()));
  run_for(20ms);
  testing::await(io_, answers().shut_down(10ms));
  EXPECT_EQ(answers().running(), 0U);
  for (auto& subscription : subscriptions) {
    EXPECT_EQ(std::get<AnswerCancelled>(read_all(subscription).back().event).reason, CancelReason::kShutdown);
  }
}

TEST_F(RunningAnswersTest, SubscriptionsOutliveIt) {
  writer_.says({"Fish"});
  std::optional<Subscription> subscription = answers().start(ask());
  read_all(*subscription);
  testing::await(io_, answers().shut_down(0ms));
  answers_.reset();
  EXPECT_EQ(subscription->answer().value.size(), 26U);
  subscription.reset();
}

// Readers come, read a little, leave, resume and cancel at random; every answer ends exactly once and nothing leaks.
TEST_F(RunningAnswersTest, SurvivesRestlessReaders) {
  writer_.step = [](int number, Cancellation cancellation) -> Step {
    if (number % 3 == 0) co_await testing::sleep_until(SteadyClock::now() + 200us, cancellation);
    if (number < 30) co_return WriterEvent(TextDelta{"word "});
    co_return WriterEvent(WriterEnd{});
  };
  options_.max_running = 8;
  options_.max_queued = 400;
  std::mt19937 random(7);
  std::vector<Subscription> readers;
  for (int round = 0; round < 600; ++round) {
    const auto pick = [&]() -> Subscription& { return readers[random() % readers.size()]; };
    switch (random() % 6) {
      case 0:
      case 1:
        readers.push_back(answers().start(ask(random() % 2 ? OnDisconnect::kCancel : OnDisconnect::kContinue)));
        break;
      case 2:
        if (!readers.empty()) pick().try_next();
        break;
      case 3:
        if (!readers.empty()) answers().cancel(pick().answer());
        break;
      case 4:
        if (!readers.empty()) {
          std::swap(pick(), readers.back());
          readers.pop_back();
        }
        break;
      default:
        if (!readers.empty()) readers.push_back(answers().subscribe(pick().answer(), 0));
    }
    if (random() % 4 == 0) run_for(1ms);
  }
  for (Subscription& reader : readers) {
    const auto events = read_all(reader);
    if (!events.empty()) {
      EXPECT_TRUE(is_terminal(events.back().event));
    }
  }
}

// Remembers what it is told to keep; fails when it is told to.
class RememberingStore : public AnswerStore {
 public:
  void keep(std::span<const StoredAnswer> answers) override {
    ++commits;
    if (on_keep) on_keep(answers);
    kept.insert(kept.end(), answers.begin(), answers.end());
  }
  std::optional<StoredAnswer> find_answer(const AnswerId&) override { return std::nullopt; }
  std::size_t forget_answers_before(WallTime, std::size_t) override { return 0; }

  std::function<void(std::span<const StoredAnswer>)> on_keep;
  std::vector<StoredAnswer> kept;
  int commits = 0;
};

class KeptAnswersTest : public RunningAnswersTest {
 protected:
  KeptAnswersTest() { keeper_ = &real_keeper_; }
  Compute keeping_{{.name = "keeping", .threads = 1}};
  RememberingStore answer_store_;
  AnswerKeeper real_keeper_{io_.get_executor(), answer_store_, keeping_};
};

TEST_F(KeptAnswersTest, AreStoredWholeBeforeTheirReadersHearThatTheyEnded) {
  writer_.says({"Fish", " and", " frogs."});
  Subscription subscription = answers().start(ask());
  const auto events = read_all(subscription);
  ASSERT_EQ(answer_store_.kept.size(), 1U);
  const StoredAnswer& kept = answer_store_.kept[0];
  EXPECT_EQ(kept.id, subscription.answer());
  EXPECT_EQ(kept.question, "what do herons eat");
  EXPECT_GE(kept.ended_at, kept.created_at);
  ASSERT_EQ(kept.events.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(kept.events[i].index(), events[i].event.index());
  EXPECT_EQ(std::get<AnswerFinal>(kept.events.back()).answer, "Fish and frogs.");
  run_until_none_runs();
  EXPECT_EQ(answers().finished(), 0U) << "the store has it now";
  EXPECT_FALSE(answers().look(subscription.answer()));
}

TEST_F(KeptAnswersTest, CannotBeCancelledWhileTheirEndIsBeingStored) {
  AnswerId id;
  std::optional<bool> cancelled;
  // The answer's end is known here, and not told yet.
  answer_store_.on_keep = [&](auto) {
    std::promise<void> asked;
    boost::asio::post(io_, [&] {
      cancelled = answers().cancel(id);
      asked.set_value();
    });
    asked.get_future().wait();
  };
  writer_.says({"Fish"});
  Subscription subscription = answers().start(ask());
  id = subscription.answer();
  EXPECT_TRUE(std::holds_alternative<AnswerFinal>(read_all(subscription).back().event));
  EXPECT_EQ(cancelled, false);
}

TEST_F(RunningAnswersTest, ForgetsFinishedAnswersWithoutBeingAsked) {
  options_.keep_finished = 0s;
  writer_.says({"Fish"});
  {
    Subscription subscription = answers().start(ask());
    read_all(subscription);
  }
  run_until([&] { return answers().finished() == 0; });
}

TEST_F(KeptAnswersTest, AreStoredAsWhatTheyAreWhenTheyWereCancelled) {
  writer_waits_for_ever();
  Subscription subscription = answers().start(ask());
  read_until<AnswerToken>(subscription);
  EXPECT_TRUE(answers().is_running(subscription.answer()));
  EXPECT_FALSE(is_terminal(answers().look(subscription.answer())->events.back()));
  subscription.close();
  run_until_none_runs();
  ASSERT_EQ(answer_store_.kept.size(), 1U);
  EXPECT_EQ(std::get<AnswerCancelled>(answer_store_.kept[0].events.back()).answer_so_far, "Fish");
}

TEST_F(KeptAnswersTest, AreStoredOnlyWhereTheRequestSaysSo) {
  writer_.says({"Fish"});
  AnswerRequest request = ask();
  request.keep = false;
  Subscription subscription = answers().start(std::move(request));
  EXPECT_EQ(text_of(read_all(subscription)), "Fish");
  run_until_none_runs();
  EXPECT_TRUE(answer_store_.kept.empty());
  EXPECT_EQ(answers().finished(), 0U);
}

TEST_F(KeptAnswersTest, AreToldAndStayInMemoryWhenTheyCannotBeStored) {
  answer_store_.on_keep = [](auto) { throw Error(ErrorCode::kStorageFull, "The disk is full."); };
  writer_.says({"Fish"});
  Subscription subscription = answers().start(ask());
  EXPECT_TRUE(std::holds_alternative<AnswerFinal>(read_all(subscription).back().event));
  run_until_none_runs();
  EXPECT_EQ(answers().finished(), 1U);
  EXPECT_TRUE(is_terminal(answers().look(subscription.answer())->events.back()));
}

TEST_F(KeptAnswersTest, ThatEndTogetherShareACommitAndABadOneHarmsNoOther) {
  constexpr int kAnswers = 50;
  writer_.says({"Fish"});
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < kAnswers; ++i) subscriptions.push_back(answers().start(ask()));
  const AnswerId bad = subscriptions[7].answer();
  answer_store_.on_keep = [&](std::span<const StoredAnswer> batch) {
    for (const StoredAnswer& answer : batch) {
      if (answer.id == bad) throw Error(ErrorCode::kConflict, "It is there already.");
    }
  };
  for (Subscription& subscription : subscriptions) read_all(subscription);
  run_until_none_runs();
  EXPECT_EQ(answer_store_.kept.size(), static_cast<std::size_t>(kAnswers - 1));
  EXPECT_EQ(answers().finished(), 1U);
}

}  // namespace
}  // namespace jackdaw::answer
