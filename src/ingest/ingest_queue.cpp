#include "ingest/ingest_queue.h"

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
#include "ingest/job_runner.h"
#include "ingest/turnstile.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;
using Stage = JobProgress::Stage;

namespace {

Error to_error(const DocumentFailure& failure) {
  Error error(failure.code, failure.message);
  error.with_page(failure.page);
  return error;
}

}  // namespace

// What one listener has not heard yet. Touched on the executor alone.
struct IngestQueue::Follower::State {
  State(const asio::any_io_executor& executor, DocumentId id) : document(std::move(id)), wake(executor) {}
  DocumentId document;
  asio::steady_timer wake;
  std::optional<JobProgress> news;
};

// Who listens; shared with what has something to tell.
class IngestQueue::Followers {
 public:
  void add(const std::shared_ptr<Follower::State>& follower) { all_.push_back(follower); }

  void tell(const DocumentId& document, const JobProgress& news) {
    std::erase_if(all_, [](const auto& follower) { return follower.expired(); });
    for (const auto& weak : all_) {
      const auto follower = weak.lock();
      if (!follower || follower->document != document) continue;
      follower->news = news;
      follower->wake.cancel();
    }
  }

  void wake_all() {
    for (const auto& weak : all_) {
      if (const auto follower = weak.lock()) follower->wake.cancel();
    }
  }

 private:
  std::vector<std::weak_ptr<Follower::State>> all_;
};

// Shared with the coroutines that run on behalf of the queue.
struct IngestQueue::State {
  asio::any_io_executor executor;
  JobStore& jobs;
  DocumentStore& documents;
  Ingestor& ingestor;
  Compute& writing;
  std::size_t max_waiting;
  std::shared_ptr<Followers> followers;
  std::shared_ptr<JobRunner> runner;
  // Documents that ingest() brought in and nobody else was told of, with the number of those who wait for them. Who
  // takes a document in, or removes one that nobody waits for any more, passes the door: nobody is told of a document
  // whose removal has begun.
  std::map<DocumentId, int> unacknowledged{};
  Turnstile door;

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

  // Right after the store took it in, before anything else happens.
  void note_who_is_told(const Accepted& accepted, Told told) {
    const auto found = unacknowledged.find(accepted.document.id);
    if (told == Told::kAtOnce) {
      if (found != unacknowledged.end()) unacknowledged.erase(found);
    } else if (!accepted.already_known) {
      unacknowledged[accepted.document.id] = 1;
    } else if (found != unacknowledged.end()) {
      ++found->second;  // who only waits, too, was not told of it yet
    }
  }

  // One of those who wait gives up; true when he was the last, and nobody else knows of the document.
  bool is_forsaken(const DocumentId& document) {
    const auto found = unacknowledged.find(document);
    if (found == unacknowledged.end() || --found->second > 0) return false;
    unacknowledged.erase(found);
    return true;
  }
};

IngestQueue::IngestQueue(asio::any_io_executor executor, JobStore& jobs, DocumentStore& documents, Ingestor& ingestor,
                         Compute& writing, IngestQueueOptions options) {
  const auto followers = std::make_shared<Followers>();
  const auto tell = [followers](const DocumentId& document, const JobProgress& news) {
    followers->tell(document, news);
  };
  const JobRunnerOptions runner{.max_concurrent = options.max_concurrent, .max_attempts = options.max_attempts};
  state_ = std::make_shared<State>(
      State{.executor = executor,
            .jobs = jobs,
            .documents = documents,
            .ingestor = ingestor,
            .writing = writing,
            .max_waiting = options.max_waiting,
            .followers = followers,
            .runner = std::make_shared<JobRunner>(executor, jobs, documents, ingestor, writing, runner, tell),
            .door = Turnstile(executor)});
}

IngestQueue::~IngestQueue() {
  state_->runner->stop_all();
}

void IngestQueue::start() {
  state_->runner->begin_soon();
}

asio::awaitable<Accepted> IngestQueue::submit(NewUpload upload, std::string password) {
  return accept(std::move(upload), std::move(password), Told::kAtOnce);
}

asio::awaitable<Accepted> IngestQueue::accept(NewUpload upload, std::string password, Told told) {
  const auto state = state_;
  if (state->runner->is_stopping())
    throw Error(ErrorCode::kShuttingDown, "The server is shutting down. Try again in a moment.");
  const auto accept = [&] {
    const std::size_t waiting = state->jobs.waiting_jobs();
    if (waiting >= state->max_waiting) {
      throw Error(ErrorCode::kOverloaded,
                  std::to_string(waiting) + " documents wait to be read already. Try again in a moment.")
          .with_retry_after(std::chrono::seconds(30));
    }
    return state->jobs.accept(upload);
  };
  Accepted accepted;
  {
    const Turnstile::Turn turn = co_await state->door.enter();
    accepted = co_await state->write(accept);
    state->note_who_is_told(accepted, told);
  }
  const DocumentId& id = accepted.document.id;
  if (accepted.already_known && !upload.replaces) co_return accepted;
  // Before anything else happens: the job may begin at once.
  state->runner->set_password(id, accepted.already_known ? "" : std::move(password));
  // Of a replacement that is the document as it is, at least the job before it is gone.
  const auto job = co_await state->write([&] { return state->jobs.waiting_job_of(id); });
  state->runner->stop(id, job.value_or(0));
  if (accepted.already_known) co_return accepted;
  state->followers->tell(id, progress_of(accepted.document));
  state->runner->begin_soon();
  co_return accepted;
}

asio::awaitable<Accepted> IngestQueue::ingest(NewUpload upload, std::string password, Cancellation cancellation) {
  const auto state = state_;
  Accepted accepted = co_await accept(std::move(upload), password, Told::kWhenReady);
  const DocumentId id = accepted.document.id;
  const DocumentStatus before = accepted.document.status;
  const bool is_stored = accepted.already_known && before == DocumentStatus::kReady;
  if (is_stored && !state->runner->progress(id)) co_return accepted;  // else the index does not have it yet
  std::exception_ptr failure;
  try {
    // Who hands in once more what could not be read wants it tried again.
    if (accepted.already_known && !is_stored && before != DocumentStatus::kQueued)
      co_await retry_unless_waiting(id, password);
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
  // What was safe on the disk when the program ends is read at the next start.
  if (!state->runner->is_stopping()) co_await leave(id);
  std::rethrow_exception(failure);
}

// One of those who waited for it goes; the last one takes with him what nobody else knows of.
asio::awaitable<void> IngestQueue::leave(DocumentId id) {
  const auto state = state_;
  const Turnstile::Turn turn = co_await state->door.enter();
  if (!state->is_forsaken(id)) co_return;
  try {
    co_await remove(id);
  } catch (const std::exception& error) {
    log::error(std::string("A file that could not be read stays listed: ") + error.what());
  }
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
    if (!news || !news->is_last()) {
      if (!state->runner->is_stopping()) continue;
      throw Error(ErrorCode::kShuttingDown, "The server is shutting down. The file stays queued.");
    }
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
  state->runner->stop(id);
  state->runner->set_password(id, "");
  document = co_await state->find(id);
  state->followers->tell(id, progress_of(document));
  co_return document;
}

asio::awaitable<Document> IngestQueue::retry(DocumentId id, std::string password) {
  const auto state = state_;
  const Document document = co_await state->write([&] { return state->jobs.retry(id); });
  state->runner->set_password(id, std::move(password));
  state->followers->tell(id, progress_of(document));
  state->runner->begin_soon();
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
    state->runner->stop(id);
    state->runner->set_password(id, "");
    state->unacknowledged.erase(id);
    JobProgress gone;
    gone.stage = Stage::kRemoved;
    state->followers->tell(id, gone);
  }
  if (failure) std::rethrow_exception(failure);
  co_return removed;
}

std::optional<JobProgress> IngestQueue::progress(const DocumentId& id) const {
  return state_->runner->progress(id);
}

asio::awaitable<void> IngestQueue::shut_down() {
  const auto state = state_;
  state->runner->stop_all();
  state->followers->wake_all();
  co_await state->runner->wait_until_idle();
}

// ---- listening -----------------------------------------------------------------------------------------------------

IngestQueue::Follower::Follower(std::shared_ptr<State> state) : state_(std::move(state)) {}
IngestQueue::Follower::Follower(Follower&&) noexcept = default;
IngestQueue::Follower::~Follower() = default;

asio::awaitable<IngestQueue::Follower> IngestQueue::follow(DocumentId id) {
  const auto state = state_;
  const auto follower = std::make_shared<Follower::State>(state->executor, id);
  state->followers->add(follower);  // before the look into the store: what happens meanwhile is not missed
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
