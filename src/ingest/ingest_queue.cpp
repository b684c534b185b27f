#include "ingest/ingest_queue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;
using Stage = JobProgress::Stage;

namespace {
constexpr std::chrono::seconds kRetryAfter{2};  // when the store could not be written
}

// What one listener has not heard yet. Touched on the executor alone.
struct IngestQueue::Follower::State {
  State(const asio::any_io_executor& executor, DocumentId id) : document(std::move(id)), wake(executor) {}
  DocumentId document;
  asio::steady_timer wake;
  std::optional<JobProgress> news;
};

// One job that is being done.
class IngestQueue::Running {
 public:
  Running(Job job, std::string password) : job_(std::move(job)), password_(std::move(password)) {}

  const Job& job() const noexcept { return job_; }
  const std::string& password() const noexcept { return password_; }
  const JobProgress& progress() const noexcept { return progress_; }
  const Cancellation& cancellation() const noexcept { return cancellation_; }
  // The program may have died at this file.
  bool is_suspect() const noexcept { return job_.attempts > 1; }

  // `seconds_per_chunk`: what embedding cost lately; 0: not known.
  void advance(const IngestProgress& news, double seconds_per_chunk);

 private:
  std::optional<double> seconds_left(double seconds_per_chunk) const;

  const Job job_;
  const std::string password_;
  const Cancellation cancellation_;
  const Stopwatch since_start_;
  std::optional<Stopwatch> since_embedding_;
  std::size_t chunks_found_ = 0;
  JobProgress progress_{.stage = Stage::kExtracting};
};

void IngestQueue::Running::advance(const IngestProgress& news, double seconds_per_chunk) {
  progress_.page = news.page;
  progress_.pages = news.pages;
  progress_.recognizing = news.recognizing;
  if (news.stage == IngestProgress::Stage::kExtracting) {
    progress_.stage = Stage::kExtracting;
    chunks_found_ = news.chunk;
    const double seconds = since_start_.elapsed_ms() / 1000;
    progress_.pages_per_s = seconds > 0 ? news.page / seconds : 0;
  } else {
    progress_.stage = news.stage == IngestProgress::Stage::kStoring ? Stage::kStoring : Stage::kEmbedding;
    if (!since_embedding_) since_embedding_.emplace();
    progress_.chunk = news.chunk;
    progress_.chunks = news.chunks;
  }
  progress_.eta_s = seconds_left(seconds_per_chunk);
}

std::optional<double> IngestQueue::Running::seconds_left(double seconds_per_chunk) const {
  if (progress_.stage == Stage::kStoring) return 0;
  if (progress_.stage == Stage::kEmbedding) {
    const auto left = static_cast<double>(progress_.chunks - progress_.chunk);
    if (progress_.chunk > 0) {
      return since_embedding_->elapsed_ms() / 1000 / static_cast<double>(progress_.chunk) * left;
    }
    return seconds_per_chunk > 0 ? std::optional(seconds_per_chunk * left) : std::nullopt;
  }
  if (progress_.page < 1 || progress_.pages < 1 || seconds_per_chunk <= 0) return std::nullopt;
  const double pages_left = std::max(0, progress_.pages - progress_.page);
  const double chunks_in_all = static_cast<double>(chunks_found_) * progress_.pages / progress_.page;
  return pages_left / std::max(progress_.pages_per_s, 1e-9) + chunks_in_all * seconds_per_chunk;
}

// Everything; shared with the coroutines that run on behalf of the queue.
struct IngestQueue::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor on, JobStore& job_store, DocumentStore& document_store, Ingestor& does, Compute& writes,
        IngestQueueOptions chosen)
      : executor(std::move(on)),
        jobs(job_store),
        documents(document_store),
        ingestor(does),
        writing(writes),
        options(chosen),
        idle(executor, TimePoint::max()) {}

  asio::any_io_executor executor;
  JobStore& jobs;
  DocumentStore& documents;
  Ingestor& ingestor;
  Compute& writing;
  const IngestQueueOptions options;

  std::map<DocumentId, std::shared_ptr<Running>> running;
  std::map<DocumentId, std::string> passwords;  // of jobs that wait
  // Documents that ingest() brought in and nobody else was told of, with the number of those who wait for them.
  std::map<DocumentId, int> unacknowledged;
  std::vector<std::weak_ptr<Follower::State>> followers;
  std::int64_t last_begun = 0;  // number of a job
  bool beginning = false;
  bool begin_again = false;
  bool stopping = false;
  double seconds_per_chunk = 0;  // moving average over documents
  asio::steady_timer idle;       // never expires; cancelled whenever a job ends

  template <class Work>
  asio::awaitable<std::invoke_result_t<Work&>> write(Work work) {
    return writing.run(Lane::kInteractive, Cancellation(), std::move(work));
  }

  asio::awaitable<Document> find(DocumentId id) {
    auto found = co_await write([&] { return documents.find(id); });
    if (!found) {
      throw Error(ErrorCode::kNotFound, "There is no document " + id.value + ". GET /v1/documents lists them.");
    }
    co_return std::move(*found);
  }

  void tell(const DocumentId& document, const JobProgress& news) {
    std::erase_if(followers, [](const auto& follower) { return follower.expired(); });
    for (const auto& weak : followers) {
      const auto follower = weak.lock();
      if (!follower || follower->document != document) continue;
      follower->news = news;
      follower->wake.cancel();
    }
  }

  void stop_running(const DocumentId& document, std::int64_t but_not = 0) {
    const auto found = running.find(document);
    if (found != running.end() && found->second->job().number != but_not) {
      found->second->cancellation().cancel(CancelReason::kClient);
    }
  }

  void begin_soon() { asio::co_spawn(executor, begin(shared_from_this()), asio::detached); }

  // Right after the store took it in, before anything else happens.
  void note_who_is_told(const Accepted& accepted, bool at_once) {
    const auto found = unacknowledged.find(accepted.document.id);
    if (at_once) {
      if (found != unacknowledged.end()) unacknowledged.erase(found);
    } else if (!accepted.already_known) {
      unacknowledged[accepted.document.id] = 1;
    } else if (found != unacknowledged.end()) {
      ++found->second;  // who only waits, too, was not told of it yet
    }
  }

  asio::awaitable<void> until_a_job_ends() {
    boost::system::error_code ignored;
    co_await idle.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  asio::awaitable<void> pause() {
    asio::steady_timer timer(executor, kRetryAfter);
    while (!stopping && timer.expiry() > SteadyClock::now()) {
      asio::steady_timer moment(executor, std::chrono::milliseconds(50));
      co_await moment.async_wait(asio::use_awaitable);
    }
  }

  static asio::awaitable<void> begin(std::shared_ptr<State> self);
  asio::awaitable<void> begin_all();
  asio::awaitable<bool> wait_for_turn(const Job& job);
  static asio::awaitable<void> run(std::shared_ptr<State> self, std::shared_ptr<Running> running);
  asio::awaitable<JobProgress> outcome(Running& running_job);
  asio::awaitable<JobProgress> end_without_result(Running& running_job, std::exception_ptr failure);
  asio::awaitable<JobProgress> state_of(DocumentId document);
  void learn(const JobProgress& progress, double embedding_seconds);
};

namespace {

JobProgress progress_of(const Document& document) {
  const DocumentStatus status = document.replacement ? document.replacement->status : document.status;
  JobProgress progress;
  progress.page = document.pages;
  progress.pages = document.pages;
  switch (status) {
    case DocumentStatus::kReady: progress.stage = Stage::kReady; break;
    case DocumentStatus::kFailed: progress.stage = Stage::kFailed; break;
    case DocumentStatus::kQueued: progress.stage = Stage::kQueued; break;
    case DocumentStatus::kCancelled: progress.stage = Stage::kCancelled; break;
  }
  if (progress.stage == Stage::kFailed) {
    progress.failure = document.replacement ? document.replacement->failure : document.failure;
  }
  return progress;
}

DocumentFailure failure_of(const std::exception_ptr& thrown, const Job& job) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInternal) return {error.code(), error.what(), error.page()};
    log::error("reading \"" + job.filename + "\" failed: " + error.what());
  } catch (const std::exception& error) {
    log::error("reading \"" + job.filename + "\" failed: " + error.what());
  }
  return {ErrorCode::kInternal, "Reading this file failed inside Jackdaw. The log says more.", 0};
}

Error to_error(const DocumentFailure& failure) {
  Error error(failure.code, failure.message);
  error.with_page(failure.page);
  return error;
}

bool was_cancelled(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kShuttingDown;
  } catch (...) {
    return false;
  }
}

}  // namespace

// ---- doing jobs ----------------------------------------------------------------------------------------------------

asio::awaitable<void> IngestQueue::State::begin(std::shared_ptr<State> self) {
  if (std::exchange(self->beginning, true)) {
    self->begin_again = true;
    co_return;
  }
  do {
    self->begin_again = false;
    try {
      co_await self->begin_all();
      continue;
    } catch (const std::exception& failure) {
      if (!self->stopping) log::error(std::string("The queue of documents cannot go on for now: ") + failure.what());
    }
    co_await self->pause();
    self->begin_again = true;
  } while (self->begin_again && !self->stopping);
  self->beginning = false;
}

asio::awaitable<void> IngestQueue::State::begin_all() {
  while (!stopping && running.size() < options.max_concurrent) {
    if (std::any_of(running.begin(), running.end(), [](const auto& one) { return one.second->is_suspect(); }))
      co_return;
    std::optional<Job> job = co_await write([&] { return jobs.begin_next(last_begun); });
    if (!job) co_return;
    last_begun = job->number;
    const bool is_due = co_await wait_for_turn(*job);
    if (!is_due) continue;
    std::string password;
    if (auto known = passwords.extract(job->document)) password = std::move(known.mapped());
    const auto begun = std::make_shared<Running>(std::move(*job), std::move(password));
    running.emplace(begun->job().document, begun);
    asio::co_spawn(executor, run(shared_from_this(), begun), asio::detached);
  }
}

// The document's former job has been told to stop and may still be at it. A file at which the program may have died is
// read alone, so that no other one is blamed for it.
asio::awaitable<bool> IngestQueue::State::wait_for_turn(const Job& job) {
  const bool is_suspect = job.attempts > 1;
  while (!stopping && (running.contains(job.document) || (is_suspect && !running.empty()))) co_await until_a_job_ends();
  if (stopping) {
    co_await write([&] { jobs.put_back(job.number); });
    co_return false;
  }
  const auto waiting = co_await write([&] { return jobs.waiting_job_of(job.document); });
  co_return waiting == job.number;
}

asio::awaitable<void> IngestQueue::State::run(std::shared_ptr<State> self, std::shared_ptr<Running> running) {
  std::optional<JobProgress> end;
  std::exception_ptr failure;
  try {
    end = co_await self->outcome(*running);
  } catch (...) {
    failure = std::current_exception();
  }
  // Not even the end could be written. Who waits hears of it now; it is written as soon as that works.
  while (!end && !self->stopping) {
    JobProgress unwritten;
    unwritten.stage = Stage::kFailed;
    unwritten.failure = failure_of(failure, running->job());
    log::error("\"" + running->job().filename + "\" stays in the queue for now: " + unwritten.failure->message);
    self->tell(running->job().document, unwritten);
    co_await self->pause();
    try {
      end = co_await self->end_without_result(*running, failure);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  const auto found = self->running.find(running->job().document);
  if (found != self->running.end() && found->second == running) self->running.erase(found);
  if (end) self->tell(running->job().document, *end);
  self->idle.cancel();
  if (!self->stopping) self->begin_soon();
}

asio::awaitable<JobProgress> IngestQueue::State::outcome(Running& running_job) {
  std::exception_ptr failure;
  try {
    if (running_job.job().attempts > options.max_attempts) {
      throw Error(ErrorCode::kDamagedDocument,
                  "Jackdaw stopped " + std::to_string(running_job.job().attempts - 1) +
                      " times while it read this file, so it is left out. Check the log, then retry it.");
    }
    std::optional<Stopwatch> embedding;
    double embedding_seconds = 0;
    const auto on_progress = [&](const IngestProgress& news) {
      if (news.stage == IngestProgress::Stage::kEmbedding && !embedding) embedding.emplace();
      if (embedding && news.chunk == news.chunks) embedding_seconds = embedding->elapsed_ms() / 1000;
      running_job.advance(news, seconds_per_chunk);
      tell(running_job.job().document, running_job.progress());
    };
    const auto ready =
        co_await ingestor.ingest(running_job.job(), running_job.password(), on_progress, running_job.cancellation());
    learn(running_job.progress(), embedding_seconds);
    if (!ready) co_return co_await state_of(running_job.job().document);
    co_return progress_of(*ready);
  } catch (...) {
    failure = std::current_exception();
  }
  co_return co_await end_without_result(running_job, failure);
}

asio::awaitable<JobProgress> IngestQueue::State::end_without_result(Running& running_job, std::exception_ptr failure) {
  const std::int64_t number = running_job.job().number;
  if (running_job.cancellation().reason() == CancelReason::kShutdown) {
    co_await write([&] { jobs.put_back(number); });
  } else if (running_job.cancellation().requested() && was_cancelled(failure)) {
    co_await write([&] { jobs.cancel(number); });
  } else {
    const DocumentFailure reason = failure_of(failure, running_job.job());
    co_await write([&] { jobs.fail(number, reason); });
  }
  co_return co_await state_of(running_job.job().document);
}

asio::awaitable<JobProgress> IngestQueue::State::state_of(DocumentId document) {
  const auto found = co_await write([&] { return documents.find(document); });
  if (found) co_return progress_of(*found);
  JobProgress removed;
  removed.stage = Stage::kRemoved;
  co_return removed;
}

void IngestQueue::State::learn(const JobProgress& progress, double embedding_seconds) {
  if (progress.chunks == 0 || embedding_seconds <= 0) return;
  const double cost = embedding_seconds / static_cast<double>(progress.chunks);
  seconds_per_chunk = seconds_per_chunk == 0 ? cost : 0.7 * seconds_per_chunk + 0.3 * cost;
}

// ---- the queue -----------------------------------------------------------------------------------------------------

IngestQueue::IngestQueue(asio::any_io_executor executor, JobStore& jobs, DocumentStore& documents, Ingestor& ingestor,
                         Compute& writing, IngestQueueOptions options)
    : state_(std::make_shared<State>(std::move(executor), jobs, documents, ingestor, writing, options)) {}

IngestQueue::~IngestQueue() {
  state_->stopping = true;
  for (const auto& [document, running] : state_->running) running->cancellation().cancel(CancelReason::kShutdown);
}

void IngestQueue::start() {
  state_->begin_soon();
}

asio::awaitable<Accepted> IngestQueue::submit(NewUpload upload, std::string password) {
  return accept(std::move(upload), std::move(password), Told::kAtOnce);
}

asio::awaitable<Accepted> IngestQueue::accept(NewUpload upload, std::string password, Told told) {
  const auto state = state_;
  if (state->stopping) throw Error(ErrorCode::kShuttingDown, "The server is shutting down. Try again in a moment.");
  const auto accept = [&] {
    const std::size_t waiting = state->jobs.waiting_jobs();
    if (waiting >= state->options.max_waiting) {
      throw Error(ErrorCode::kOverloaded,
                  std::to_string(waiting) + " documents wait to be read already. Try again in a moment.")
          .with_retry_after(std::chrono::seconds(30));
    }
    return state->jobs.accept(upload);
  };
  Accepted accepted = co_await state->write(accept);
  const DocumentId& id = accepted.document.id;
  state->note_who_is_told(accepted, told == Told::kAtOnce);
  if (accepted.already_known && !upload.replaces) co_return accepted;
  // Before anything else happens: the job may begin at once.
  state->passwords.erase(id);
  if (!accepted.already_known && !password.empty()) state->passwords[id] = std::move(password);
  // Of a replacement that is the document as it is, at least the job before it is gone.
  const auto job = co_await state->write([&] { return state->jobs.waiting_job_of(id); });
  state->stop_running(id, job.value_or(0));
  if (accepted.already_known) co_return accepted;
  state->tell(id, progress_of(accepted.document));
  state->begin_soon();
  co_return accepted;
}

asio::awaitable<Accepted> IngestQueue::ingest(NewUpload upload, std::string password, Cancellation cancellation) {
  const auto state = state_;
  Accepted accepted = co_await accept(std::move(upload), password, Told::kWhenReady);
  const DocumentId id = accepted.document.id;
  const DocumentStatus before = accepted.document.status;
  if (accepted.already_known && before == DocumentStatus::kReady) co_return accepted;
  std::exception_ptr failure;
  try {
    // Who hands in once more what could not be read wants it tried again.
    if (accepted.already_known && before != DocumentStatus::kQueued) co_await retry_unless_waiting(id, password);
    accepted.document = co_await wait(id, cancellation);
    if (accepted.document.status == DocumentStatus::kReady) {
      state->unacknowledged.erase(id);
      accepted.already_known = false;
      co_return accepted;
    }
    if (accepted.document.failure) throw to_error(*accepted.document.failure);
    throw Error(ErrorCode::kCancelled, "Reading \"" + accepted.document.filename + "\" was cancelled.");
  } catch (...) {
    failure = std::current_exception();
  }
  const auto still = state->unacknowledged.find(id);
  // What was safe on the disk when the program ends is read at the next start.
  if (still != state->unacknowledged.end() && --still->second == 0 && !state->stopping) {
    state->unacknowledged.erase(still);
    try {
      co_await remove(id);
    } catch (const std::exception& error) {
      log::error(std::string("A file that could not be read stays listed: ") + error.what());
    }
  }
  std::rethrow_exception(failure);
}

asio::awaitable<void> IngestQueue::retry_unless_waiting(DocumentId id, std::string password) {
  try {
    co_await retry(id, std::move(password));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kConflict) throw;  // another one was faster
  }
}

asio::awaitable<Document> IngestQueue::wait(DocumentId id, Cancellation cancellation) {
  const auto state = state_;
  Follower follower = co_await follow(id);
  for (;;) {
    const auto news = co_await follower.next(std::chrono::hours(1), cancellation);
    if (state->stopping) throw Error(ErrorCode::kShuttingDown, "The server is shutting down. The file stays queued.");
    if (!news || !news->is_last()) continue;
    if (news->stage == Stage::kRemoved) {
      throw Error(ErrorCode::kNotFound, "The document " + id.value + " was deleted while it was read.");
    }
    Document document = co_await state->find(id);
    if (news->stage == Stage::kFailed && document.status == DocumentStatus::kQueued && news->failure) {
      throw to_error(*news->failure);  // the store could not be written
    }
    co_return document;
  }
}

asio::awaitable<Document> IngestQueue::cancel(DocumentId id) {
  const auto state = state_;
  Document document = co_await state->find(id);
  const auto job = co_await state->write([&] { return state->jobs.waiting_job_of(id); });
  bool cancelled = false;
  if (job) cancelled = co_await state->write([&] { return state->jobs.cancel(*job); });
  if (!cancelled) {
    throw Error(ErrorCode::kConflict,
                "\"" + document.filename + "\" is not being read, so there is nothing to cancel.");
  }
  state->stop_running(id);
  state->passwords.erase(id);
  document = co_await state->find(id);
  state->tell(id, progress_of(document));
  co_return document;
}

asio::awaitable<Document> IngestQueue::retry(DocumentId id, std::string password) {
  const auto state = state_;
  const Document document = co_await state->write([&] { return state->jobs.retry(id); });
  if (!password.empty()) state->passwords[id] = std::move(password);
  state->tell(id, progress_of(document));
  state->begin_soon();
  co_return document;
}

asio::awaitable<bool> IngestQueue::remove(DocumentId id) {
  const auto state = state_;
  bool removed = false;
  std::exception_ptr failure;
  try {
    removed = co_await state->ingestor.remove(id);
  } catch (...) {
    failure = std::current_exception();  // its rows may be gone all the same
  }
  const bool is_there = co_await state->write([&] { return state->documents.find(id).has_value(); });
  if (!is_there) {
    state->stop_running(id);
    state->passwords.erase(id);
    state->unacknowledged.erase(id);
    JobProgress gone;
    gone.stage = Stage::kRemoved;
    state->tell(id, gone);
  }
  if (failure) std::rethrow_exception(failure);
  co_return removed;
}

std::optional<JobProgress> IngestQueue::progress(const DocumentId& id) const {
  const auto found = state_->running.find(id);
  if (found == state_->running.end()) return std::nullopt;
  return found->second->progress();
}

asio::awaitable<void> IngestQueue::shut_down() {
  const auto state = state_;
  state->stopping = true;
  for (const auto& [document, running] : state->running) running->cancellation().cancel(CancelReason::kShutdown);
  for (const auto& follower : state->followers) {
    if (const auto listening = follower.lock()) listening->wake.cancel();
  }
  state->idle.cancel();  // who waits for a turn puts it back
  while (!state->running.empty() || state->beginning) {
    if (state->running.empty()) {
      asio::steady_timer moment(state->executor, std::chrono::milliseconds(10));
      co_await moment.async_wait(asio::use_awaitable);
    } else {
      co_await state->until_a_job_ends();
    }
  }
}

// ---- listening -----------------------------------------------------------------------------------------------------

IngestQueue::Follower::Follower(std::shared_ptr<State> state) : state_(std::move(state)) {}
IngestQueue::Follower::Follower(Follower&&) noexcept = default;
IngestQueue::Follower::~Follower() = default;

asio::awaitable<IngestQueue::Follower> IngestQueue::follow(DocumentId id) {
  const auto state = state_;
  const auto follower = std::make_shared<Follower::State>(state->executor, id);
  state->followers.push_back(follower);  // before the look into the store: what happens meanwhile is not missed
  const Document document = co_await state->find(id);
  if (const auto running = progress(id)) {
    follower->news = *running;
  } else if (!follower->news) {
    follower->news = progress_of(document);
  }
  co_return Follower(follower);
}

asio::awaitable<std::optional<JobProgress>> IngestQueue::Follower::next(std::chrono::milliseconds patience,
                                                                        Cancellation cancellation) {
  const auto state = state_;
  if (!state->news) {
    const TimePoint until = std::min(SteadyClock::now() + patience, cancellation.deadline().value_or(TimePoint::max()));
    state->wake.expires_at(until);
    const auto stop = cancellation.on_cancel([executor = state->wake.get_executor(), weak = std::weak_ptr(state)] {
      asio::post(executor, [weak] {
        if (const auto waiting = weak.lock()) waiting->wake.cancel();
      });
    });
    boost::system::error_code ignored;
    co_await state->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!state->news || !state->news->is_last()) cancellation.throw_if_requested();
  co_return std::exchange(state->news, std::nullopt);
}

}  // namespace jackdaw::ingest
