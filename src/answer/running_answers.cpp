#include "answer/running_answers.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"

namespace jackdaw::answer {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kRememberedGone = 4096;  // ids of answers that are no longer kept

asio::awaitable<void> sleep(asio::steady_timer& timer) {
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

// One answer: shared by the coroutine that makes it and by its readers.
struct RunningAnswers::Answer : std::enable_shared_from_this<Answer> {
  using Reader = Subscription::Reader;

  AnswerId id;
  OnDisconnect on_disconnect;
  RunningAnswersOptions options;
  Cancellation cancellation;
  asio::steady_timer producer;   // wakes the producer when it waits: for a place, or for its readers
  asio::steady_timer abandoned;  // runs while nobody reads
  EventLog log;
  std::vector<Reader*> readers;
  Stopwatch watch;
  const std::string question;
  const bool keep;   // readable when it has ended
  const bool store;  // in AnswerStore
  std::optional<Claim> claim;
  const WallTime created_at = std::chrono::system_clock::now();
  bool admitted = false;
  bool is_ending = false;  // its last event is known, and only has to be stored and told
  bool stored = false;
  WallTime ended_at{};
  Cancellation::Subscription on_cancel;

  Answer(const asio::any_io_executor& executor, const AnswerRequest& request, const RunningAnswersOptions& limits)
      : id(request.id.value.empty() ? AnswerId{random_id()} : request.id),
        on_disconnect(request.on_disconnect),
        options(limits),
        cancellation(Cancellation().child(SteadyClock::now() + limits.max_duration)),
        producer(executor, *cancellation.deadline()),
        abandoned(executor),
        question(request.retrieval.question),
        keep(request.keep || request.turn),
        store(request.turn || (request.keep && limits.store)) {}

  void wake_on_cancel() {
    on_cancel = cancellation.on_cancel([weak = weak_from_this(), executor = producer.get_executor()] {
      asio::post(executor, [weak] {
        if (const auto answer = weak.lock()) answer->producer.cancel();
      });
    });
  }

  void append(AnswerEvent event);
  std::size_t least_unread() const;
  StoredAnswer so_far() const;
  std::size_t bytes() const { return sizeof(Answer) + question.size() + log.bytes(); }
  void leave(Reader* reader);
};

struct RunningAnswers::Subscription::Reader {
  std::shared_ptr<Answer> answer;
  EventLog::Cursor cursor;
  asio::steady_timer wake;
  bool closed = false;

  Reader(std::shared_ptr<Answer> of, std::uint64_t after_sequence)
      : answer(std::move(of)),
        cursor(answer->log.cursor_after(after_sequence)),
        wake(answer->producer.get_executor(), TimePoint::max()) {
    answer->readers.push_back(this);
    answer->abandoned.cancel();
  }

  bool is_ready() const { return closed || answer->log.ended() || cursor.sequence < answer->log.last_sequence(); }

  std::optional<NumberedEvent> read() {
    if (closed) return std::nullopt;
    auto event = answer->log.read(cursor);
    if (event) answer->producer.cancel();
    return event;
  }
  void close() {
    if (std::exchange(closed, true)) return;
    wake.cancel();
    answer->leave(this);
  }
};

void RunningAnswers::Answer::append(AnswerEvent event) {
  log.append(std::move(event));
  for (Reader* reader : readers) reader->wake.cancel();
}

// A reader that stands still holds nobody else up: the log, which is bounded, keeps what it has not read.
std::size_t RunningAnswers::Answer::least_unread() const {
  std::size_t least = log.bytes();
  for (const Reader* reader : readers) least = std::min(least, log.bytes() - reader->cursor.bytes);
  return readers.empty() ? 0 : least;
}

StoredAnswer RunningAnswers::Answer::so_far() const {
  return {id, question, created_at, ended_at, log.events()};
}

void RunningAnswers::Answer::leave(Reader* reader) {
  std::erase(readers, reader);
  producer.cancel();
  if (!readers.empty() || log.ended()) return;
  if (on_disconnect == OnDisconnect::kCancel) {
    cancellation.cancel(CancelReason::kDisconnect);
    return;
  }
  abandoned.expires_after(options.abandoned_after);
  abandoned.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto answer = weak.lock();
    if (!error && answer && answer->readers.empty()) answer->cancellation.cancel(CancelReason::kDisconnect);
  });
}

// What the coroutines and RunningAnswers share: it lives as long as the last of them.
struct RunningAnswers::State : std::enable_shared_from_this<State> {
  asio::any_io_executor executor;
  Answerer& answerer;
  AnswerKeeper* keeper;
  RunningAnswersOptions options;
  std::unordered_map<AnswerId, std::shared_ptr<Answer>> answers;
  std::deque<std::shared_ptr<Answer>> queued;
  std::size_t admitted = 0;
  std::size_t active = 0;
  std::deque<std::shared_ptr<Answer>> finished;  // oldest first
  std::size_t finished_bytes = 0;
  std::deque<AnswerId> gone;
  std::unordered_set<AnswerId> gone_ids;
  std::map<ConversationId, AnswerId> claims;
  bool stopping = false;
  asio::steady_timer one_ended;
  asio::steady_timer next_expiry;  // of the oldest finished answer

  State(const asio::any_io_executor& on, Answerer& by, AnswerKeeper* kept_by, RunningAnswersOptions limits)
      : executor(on), answerer(by), keeper(kept_by), options(limits), one_ended(on), next_expiry(on) {}

  void check_room() const;
  void admit(const std::shared_ptr<Answer>& answer);
  void give_back_place();
  void finish(const std::shared_ptr<Answer>& answer);
  void forget_old();
  void forget_on_time();
  void cancel_all(CancelReason reason) const;

  static asio::awaitable<void> produce(std::shared_ptr<State> state, std::shared_ptr<Answer> answer,
                                       AnswerRequest request);
  static asio::awaitable<void> wait_for_place(std::shared_ptr<State> state, std::shared_ptr<Answer> answer);
  static asio::awaitable<void> take(std::shared_ptr<State> state, std::shared_ptr<Answer> answer, AnswerEvent event);
  asio::awaitable<void> store(std::shared_ptr<Answer> answer, const AnswerEvent& ending);
};

void RunningAnswers::State::check_room() const {
  if (admitted < options.max_running || queued.size() < options.max_queued) return;
  throw Error(ErrorCode::kOverloaded,
              std::to_string(active) + " answers are being written or wait already. Try again in a moment.")
      .with_retry_after(std::chrono::seconds(2));
}

void RunningAnswers::State::admit(const std::shared_ptr<Answer>& answer) {
  if (admitted < options.max_running) {
    ++admitted;
    answer->admitted = true;
  } else {
    queued.push_back(answer);
  }
}

void RunningAnswers::State::give_back_place() {
  if (queued.empty()) {
    --admitted;
    return;
  }
  const auto next = std::move(queued.front());
  queued.pop_front();
  next->admitted = true;
  next->producer.cancel();
}

void RunningAnswers::State::finish(const std::shared_ptr<Answer>& answer) {
  if (answer->admitted) give_back_place();
  --active;
  answer->abandoned.cancel();
  if (answer->stored || !answer->keep) {
    answers.erase(answer->id);
  } else {
    answer->log.shrink();
    finished_bytes += answer->bytes();
    finished.push_back(answer);
    if (finished.size() == 1) forget_on_time();
  }
  forget_old();
  one_ended.cancel();
}

void RunningAnswers::State::forget_old() {
  const WallTime now = std::chrono::system_clock::now();
  while (!finished.empty() &&
         (finished_bytes > options.max_finished_bytes || now - finished.front()->ended_at > options.keep_finished)) {
    const auto& oldest = finished.front();
    finished_bytes -= oldest->bytes();
    answers.erase(oldest->id);
    gone.push_back(oldest->id);
    gone_ids.insert(oldest->id);
    finished.pop_front();
  }
  for (; gone.size() > kRememberedGone; gone.pop_front()) gone_ids.erase(gone.front());
}

// When the oldest finished answer is due, also when nobody asks for anything any more.
void RunningAnswers::State::forget_on_time() {
  const auto age = std::chrono::system_clock::now() - finished.front()->ended_at;
  // A clock that was set back does not keep an answer longer.
  const auto left =
      std::clamp<std::chrono::nanoseconds>(options.keep_finished - age, std::chrono::seconds(0), options.keep_finished);
  next_expiry.expires_after(left + std::chrono::milliseconds(10));
  next_expiry.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto state = weak.lock();
    if (error || !state) return;
    state->forget_old();
    if (!state->finished.empty()) state->forget_on_time();
  });
}

void RunningAnswers::State::cancel_all(CancelReason reason) const {
  for (const auto& [id, answer] : answers) {
    if (!answer->log.ended()) answer->cancellation.cancel(reason);
  }
}

asio::awaitable<void> RunningAnswers::State::produce(std::shared_ptr<State> state, std::shared_ptr<Answer> answer,
                                                     AnswerRequest request) {
  const bool waited = !answer->admitted;
  if (waited) co_await wait_for_place(state, answer);
  const double queued_ms = waited ? answer->watch.elapsed_ms() : 0;
  const AnswerSink sink = [state, answer](AnswerEvent event) { return take(state, answer, std::move(event)); };
  try {
    // Cancelled while it waited, an answer still tells its beginning and its end.
    co_await state->answerer.answer(answer->id, std::move(request), queued_ms, answer->cancellation, sink);
  } catch (const std::exception& failure) {
    log::error("Answer " + answer->id.value + " could not be told: " + failure.what());
  }
  if (!answer->log.ended()) {
    answer->claim.reset();
    answer->append(AnswerError{ErrorCode::kInternal, "Something went wrong inside Jackdaw. Ask again.", {}, false});
  }
  state->finish(answer);
}

asio::awaitable<void> RunningAnswers::State::wait_for_place(std::shared_ptr<State> state,
                                                            std::shared_ptr<Answer> answer) {
  while (!answer->admitted && !answer->cancellation.requested()) co_await sleep(answer->producer);
  if (!answer->admitted) std::erase(state->queued, answer);
}

asio::awaitable<void> RunningAnswers::State::store(std::shared_ptr<Answer> answer, const AnswerEvent& ending) {
  StoredAnswer whole = answer->so_far();
  whole.events.push_back(ending);
  try {
    co_await keeper->keep(std::move(whole));
    answer->stored = true;
  } catch (const std::exception& failure) {
    log::error("Answer " + answer->id.value + " was told but could not be stored: " + failure.what());
  }
}

asio::awaitable<void> RunningAnswers::State::take(std::shared_ptr<State> state, std::shared_ptr<Answer> answer,
                                                  AnswerEvent event) {
  const bool ends = is_terminal(event);
  if (ends) {
    answer->is_ending = true;
    answer->ended_at = std::chrono::system_clock::now();
    if (answer->store && state->keeper != nullptr) co_await state->store(answer, event);
    answer->claim.reset();  // who hears of the end may ask on
  }
  if (!ends && answer->log.bytes() + EventLog::cost(event) > answer->options.max_log_bytes) {
    throw Error(ErrorCode::kTooLarge, "The answer grew beyond " + std::to_string(answer->options.max_log_bytes) +
                                          " bytes and was stopped. Ask for less at a time.");
  }
  answer->append(std::move(event));
  if (ends || answer->on_disconnect == OnDisconnect::kContinue) co_return;
  while (answer->least_unread() > answer->options.max_unread_bytes && !answer->cancellation.requested()) {
    co_await sleep(answer->producer);
  }
}

RunningAnswers::RunningAnswers(asio::any_io_executor executor, Answerer& answerer, AnswerKeeper* keeper,
                               RunningAnswersOptions options)
    : state_(std::make_shared<State>(executor, answerer, keeper, options)) {}

RunningAnswers::~RunningAnswers() {
  state_->cancel_all(CancelReason::kShutdown);
}

struct RunningAnswers::Claim::Claimed {
  std::weak_ptr<State> state;
  ConversationId conversation;
};

RunningAnswers::Claim::Claim(std::unique_ptr<Claimed> claimed) : claimed_(std::move(claimed)) {}

RunningAnswers::Claim::Claim(Claim&&) noexcept = default;

RunningAnswers::Claim::~Claim() {
  if (!claimed_) return;
  if (const auto state = claimed_->state.lock()) state->claims.erase(claimed_->conversation);
}

RunningAnswers::Claim RunningAnswers::claim(const ConversationId& conversation, const AnswerId& answer) {
  const auto [at, is_free] = state_->claims.emplace(conversation, answer);
  if (!is_free && at->second.value.empty()) {
    throw Error(ErrorCode::kConflict, "The conversation is being deleted.");
  }
  if (!is_free) {
    throw Error(ErrorCode::kConflict,
                "An answer of this conversation is still being written. Wait for its end, or cancel it.")
        .with_answer(at->second.value);
  }
  return Claim(std::make_unique<Claim::Claimed>(Claim::Claimed{state_, conversation}));
}

std::optional<AnswerId> RunningAnswers::answer_of(const ConversationId& conversation) const {
  const auto found = state_->claims.find(conversation);
  if (found == state_->claims.end() || found->second.value.empty()) return std::nullopt;
  return found->second;
}

void RunningAnswers::check(const AnswerRequest& request) const {
  if (state_->stopping) {
    throw Error(ErrorCode::kShuttingDown, "The server is shutting down. Try again in a moment.");
  }
  state_->answerer.check(request);
  state_->check_room();
}

RunningAnswers::Subscription RunningAnswers::start(AnswerRequest request, std::optional<Claim> claim) {
  if (!claim) check(request);
  const auto answer = std::make_shared<Answer>(state_->executor, request, state_->options);
  if (claim) answer->claim.emplace(std::move(*claim));
  state_->admit(answer);
  answer->wake_on_cancel();
  ++state_->active;
  state_->answers.emplace(answer->id, answer);
  Subscription subscription(std::make_shared<Subscription::Reader>(answer, 0));
  if (state_->stopping) answer->cancellation.cancel(CancelReason::kShutdown);
  asio::co_spawn(state_->executor, State::produce(state_, answer, std::move(request)), asio::detached);
  return subscription;
}

RunningAnswers::Subscription RunningAnswers::subscribe(const AnswerId& id, std::uint64_t after_sequence) {
  state_->forget_old();
  const auto found = state_->answers.find(id);
  if (found == state_->answers.end()) {
    if (state_->gone_ids.contains(id)) {
      throw Error(ErrorCode::kGone, "The events of this answer are no longer kept. Ask again.");
    }
    throw Error(ErrorCode::kNotFound, "There is no such answer.");
  }
  const std::uint64_t last = found->second->log.last_sequence();
  if (after_sequence > last) {
    throw Error(ErrorCode::kInvalidArgument, "The answer has no event " + std::to_string(after_sequence) +
                                                 " to go on from; its last one is " + std::to_string(last) + ".")
        .with_field("Last-Event-ID");
  }
  return Subscription(std::make_shared<Subscription::Reader>(found->second, after_sequence));
}

std::optional<StoredAnswer> RunningAnswers::look(const AnswerId& id) const {
  state_->forget_old();
  const auto found = state_->answers.find(id);
  if (found == state_->answers.end()) return std::nullopt;
  return found->second->so_far();
}

bool RunningAnswers::is_running(const AnswerId& id) const noexcept {
  const auto found = state_->answers.find(id);
  return found != state_->answers.end() && !found->second->log.ended();
}

bool RunningAnswers::is_gone(const AnswerId& id) const noexcept {
  return state_->gone_ids.contains(id);
}

bool RunningAnswers::cancel(const AnswerId& id) {
  const auto found = state_->answers.find(id);
  if (found == state_->answers.end() || found->second->is_ending) return false;
  found->second->cancellation.cancel(CancelReason::kClient);
  return true;
}

std::size_t RunningAnswers::running() const noexcept {
  return state_->active;
}

std::size_t RunningAnswers::finished() const noexcept {
  return state_->finished.size();
}

asio::awaitable<void> RunningAnswers::shut_down(std::chrono::milliseconds grace) {
  const auto state = state_;
  state->stopping = true;
  state->next_expiry.cancel();
  state->one_ended.expires_after(grace);
  const TimePoint until = state->one_ended.expiry();
  while (state->active > 0 && SteadyClock::now() < until) co_await sleep(state->one_ended);
  state->cancel_all(CancelReason::kShutdown);
  state->one_ended.expires_at(TimePoint::max());
  while (state->active > 0) co_await sleep(state->one_ended);
}

RunningAnswers::Subscription::Subscription(std::shared_ptr<Reader> reader) : reader_(std::move(reader)) {}

RunningAnswers::Subscription& RunningAnswers::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    close();
    reader_ = std::move(other.reader_);
  }
  return *this;
}

RunningAnswers::Subscription::~Subscription() {
  close();
}

const AnswerId& RunningAnswers::Subscription::answer() const noexcept {
  return reader_->answer->id;
}

void RunningAnswers::Subscription::close() {
  if (reader_) reader_->close();
}

StoredAnswer RunningAnswers::Subscription::so_far() const {
  return reader_->answer->so_far();
}

bool RunningAnswers::Subscription::is_over() const noexcept {
  return reader_->closed ||
         (reader_->answer->log.ended() && reader_->cursor.sequence == reader_->answer->log.last_sequence());
}

std::optional<NumberedEvent> RunningAnswers::Subscription::try_next() {
  return reader_->read();
}

asio::awaitable<std::optional<NumberedEvent>> RunningAnswers::Subscription::next() {
  return next_of(reader_);
}

asio::awaitable<std::optional<NumberedEvent>> RunningAnswers::Subscription::next_of(std::shared_ptr<Reader> reader) {
  while (!reader->is_ready()) co_await sleep(reader->wake);
  co_return reader->read();
}

asio::awaitable<bool> RunningAnswers::Subscription::ready_within(std::chrono::milliseconds at_most) {
  return ready_of(reader_, at_most);
}

asio::awaitable<bool> RunningAnswers::Subscription::ready_of(std::shared_ptr<Reader> reader,
                                                             std::chrono::milliseconds at_most) {
  if (reader->is_ready()) co_return true;
  const TimePoint until = SteadyClock::now() + at_most;
  reader->wake.expires_at(until);
  while (!reader->is_ready() && SteadyClock::now() < until) co_await sleep(reader->wake);
  reader->wake.expires_at(TimePoint::max());
  co_return reader->is_ready();
}

}  // namespace jackdaw::answer
