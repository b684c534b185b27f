#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "answer/answer_keeper.h"
#include "answer/answerer.h"
#include "answer/event_log.h"
#include "core/ids.h"

namespace jackdaw::answer {

struct RunningAnswersOptions {
  std::size_t max_running = 1024;
  std::size_t max_queued = 256;              // wait for one of the above to end; more are refused
  std::size_t max_log_bytes = 256 * 1024;    // of one answer's events; beyond it ends with `too_large`
  std::size_t max_unread_bytes = 64 * 1024;  // when every reader is further behind the writer pauses (kCancel)
  std::chrono::milliseconds abandoned_after{120'000};  // OnDisconnect::kContinue without a reader
  std::chrono::milliseconds max_duration{600'000};     // of one answer, from its start
  std::chrono::seconds keep_finished{600};             // for readers that come back
  std::size_t max_finished_bytes = 32 * 1024 * 1024;   // of all finished answers; the oldest go first
  bool store = true;                                   // answers that are kept and belong to no conversation, too
};

// Owns every running answer: the coroutine that makes it and the log of its events. A connection is a reader of the
// log; losing it only takes the reader away. An answer that its request wants kept
// is durable before its readers hear that it ended, and leaves this then; where answers are not stored it stays for
// RunningAnswersOptions::keep_finished. Others are gone with their last reader. Everything here is called and runs on
// one executor of one thread: who is elsewhere posts to it. Destroying this before shut_down() has returned abandons
// what runs: the answerer must then not be used again by the executor.
class RunningAnswers {
 public:
  // One reader of one answer. Moves; destroying it takes the reader away. May outlive RunningAnswers.
  class Subscription {
   public:
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription();

    const AnswerId& answer() const noexcept;

    // The next event; nothing after the one that ends the answer, and after close(). One call at a time.
    boost::asio::awaitable<std::optional<NumberedEvent>> next();
    // The next event if it is there already.
    std::optional<NumberedEvent> try_next();
    // What has happened so far, whoever has read it.
    StoredAnswer so_far() const;
    // Whether nothing more comes: the last event was read, or close() was called.
    bool is_over() const noexcept;
    // Waits until next() would return at once: true; or until `at_most` has passed: false.
    boost::asio::awaitable<bool> ready_within(std::chrono::milliseconds at_most);
    // Takes the reader away now; a next() that waits returns nothing.
    void close();

   private:
    friend class RunningAnswers;
    struct Reader;
    explicit Subscription(std::shared_ptr<Reader> reader);
    // They hold on to the reader themselves, so that the subscription may go away while one waits.
    static boost::asio::awaitable<std::optional<NumberedEvent>> next_of(std::shared_ptr<Reader> reader);
    static boost::asio::awaitable<bool> ready_of(std::shared_ptr<Reader> reader, std::chrono::milliseconds at_most);

    std::shared_ptr<Reader> reader_;
  };

  // Without a keeper (nullptr) no answer is stored. Answers of conversations always are, where there is one.
  RunningAnswers(boost::asio::any_io_executor executor, Answerer& answerer, AnswerKeeper* keeper,
                 RunningAnswersOptions options);
  // Cancels what still runs.
  ~RunningAnswers();
  RunningAnswers(const RunningAnswers&) = delete;
  RunningAnswers& operator=(const RunningAnswers&) = delete;

  // A conversation being answered, or changed in a way that bears no answer meanwhile: one at a time. Given back when
  // it is destroyed; may outlive RunningAnswers.
  class Claim {
   public:
    Claim(Claim&&) noexcept;
    Claim& operator=(Claim&&) = delete;
    ~Claim();

   private:
    friend class RunningAnswers;
    struct Claimed;
    explicit Claim(std::unique_ptr<Claimed> claimed);
    std::unique_ptr<Claimed> claimed_;
  };
  // `answer`: who claims it. Throws Error kConflict with the answer that has it.
  Claim claim(const ConversationId& conversation, const AnswerId& answer);
  // Who has it.
  std::optional<AnswerId> answer_of(const ConversationId& conversation) const;

  // What start() would refuse. Throws what Answerer::check throws, kOverloaded, kShuttingDown.
  void check(const AnswerRequest& request) const;

  // Starts an answer. Throws what check() throws. One with a claim holds it until its end is told, and is begun
  // whatever happened since check() was asked for it: its question is written down already.
  Subscription start(AnswerRequest request, std::optional<Claim> claim = std::nullopt);

  // Another reader, from the event after `after_sequence` on (0: all). Throws Error kNotFound, kGone for an answer that
  // is no longer kept, kInvalidArgument for an event that has not happened.
  Subscription subscribe(const AnswerId& answer, std::uint64_t after_sequence);

  // What has happened so far; without an event that ends it while it runs. Nothing for an answer that is not here.
  std::optional<StoredAnswer> look(const AnswerId& answer) const;

  bool is_running(const AnswerId& answer) const noexcept;
  // Whether it was here and is kept no longer, as far as is remembered.
  bool is_gone(const AnswerId& answer) const noexcept;

  // False when no such answer is running. The answer ends with AnswerCancelled soon after.
  bool cancel(const AnswerId& answer);

  std::size_t running() const noexcept;   // the queued ones included
  std::size_t finished() const noexcept;  // still kept

  // Starts nothing more, lets what runs end for `grace`, cancels the rest, and returns when all have ended.
  boost::asio::awaitable<void> shut_down(std::chrono::milliseconds grace);

 private:
  struct Answer;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace jackdaw::answer
