#include "ingest/job_runner.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;
using Stage = JobProgress::Stage;

namespace {

constexpr std::chrono::seconds kRetryAfter{2};  // when the store could not be written

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

JobRunner::JobRunner(asio::any_io_executor executor, JobStore& jobs, DocumentStore& documents, Ingestor& ingestor,
                     Compute& writing, JobRunnerOptions options, OnProgress on_progress)
    : executor_(std::move(executor)),
      jobs_(jobs),
      documents_(documents),
      ingestor_(ingestor),
      writing_(writing),
      options_(options),
      on_progress_(std::move(on_progress)),
      idle_(executor_, TimePoint::max()) {}

void JobRunner::begin_soon() {
  asio::co_spawn(executor_, begin(shared_from_this()), asio::detached);
}

void JobRunner::set_password(const DocumentId& document, std::string password) {
  if (password.empty()) {
    passwords_.erase(document);
  } else {
    passwords_[document] = std::move(password);
  }
}

void JobRunner::stop(const DocumentId& document, std::int64_t but_not) {
  const auto found = running_.find(document);
  if (found != running_.end() && found->second->job().number != but_not) {
    found->second->cancellation().cancel(CancelReason::kClient);
  }
}

std::optional<JobProgress> JobRunner::progress(const DocumentId& document) const {
  const auto found = running_.find(document);
  if (found == running_.end()) return std::nullopt;
  return found->second->progress();
}

void JobRunner::stop_all() {
  stopping_.cancel(CancelReason::kShutdown);
  idle_.cancel();  // who waits for a turn puts it back
}

asio::awaitable<void> JobRunner::wait_until_idle() {
  while (!running_.empty() || beginning_) co_await until_a_job_ends();
}

asio::awaitable<void> JobRunner::until_a_job_ends() {
  boost::system::error_code ignored;
  co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> JobRunner::pause() {
  const auto timer = std::make_shared<asio::steady_timer>(executor_, kRetryAfter);
  const auto stop = stopping_.on_cancel([timer] { timer->cancel(); });
  boost::system::error_code ignored;
  if (!is_stopping()) co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

bool JobRunner::runs_a_suspect() const {
  return std::any_of(running_.begin(), running_.end(), [](const auto& one) { return one.second->is_suspect(); });
}

asio::awaitable<void> JobRunner::begin(std::shared_ptr<JobRunner> self) {
  if (std::exchange(self->beginning_, true)) {
    self->begin_again_ = true;
    co_return;
  }
  do {
    self->begin_again_ = false;
    try {
      co_await self->begin_all();
      continue;
    } catch (const std::exception& failure) {
      if (!self->is_stopping()) log::error(std::string("The queue of documents waits: ") + failure.what());
    }
    co_await self->pause();
    self->begin_again_ = true;
  } while (self->begin_again_ && !self->is_stopping());
  self->beginning_ = false;
  self->idle_.cancel();
}

asio::awaitable<void> JobRunner::begin_all() {
  while (!is_stopping() && running_.size() < options_.max_concurrent && !runs_a_suspect()) {
    std::optional<Job> job = co_await write([&] { return jobs_.begin_next(last_begun_); });
    if (!job) co_return;
    last_begun_ = job->number;
    const bool is_due = co_await wait_for_turn(*job);
    if (!is_due) continue;
    std::string password;
    if (auto known = passwords_.extract(job->document)) password = std::move(known.mapped());
    const auto begun = std::make_shared<RunningJob>(std::move(*job), std::move(password), stopping_);
    running_.emplace(begun->job().document, begun);
    asio::co_spawn(executor_, run(shared_from_this(), begun), asio::detached);
  }
}

// The document's former job has been told to stop and may still be at it.
asio::awaitable<bool> JobRunner::wait_for_turn(const Job& job) {
  const bool is_suspect = job.attempts > 1;
  while (!is_stopping() && (running_.contains(job.document) || (is_suspect && !running_.empty()))) {
    co_await until_a_job_ends();
  }
  if (is_stopping()) {
    co_await write([&] { jobs_.put_back(job.number); });
    co_return false;
  }
  const auto waiting = co_await write([&] { return jobs_.waiting_job_of(job.document); });
  co_return waiting == job.number;
}

asio::awaitable<void> JobRunner::run(std::shared_ptr<JobRunner> self, std::shared_ptr<RunningJob> job) {
  const DocumentId& document = job->job().document;
  const std::exception_ptr failure = co_await self->read(*job);
  std::optional<JobProgress> ended;
  while (!ended) {
    std::exception_ptr unwritten;
    try {
      ended = co_await self->end(*job, failure);
    } catch (...) {
      unwritten = std::current_exception();
    }
    if (ended || self->is_stopping()) break;
    JobProgress for_now;
    for_now.stage = Stage::kFailed;
    for_now.failure = failure_of(unwritten, job->job());
    log::error("\"" + job->job().filename + "\" stays in the queue for now: " + for_now.failure->message);
    self->on_progress_(document, for_now);
    co_await self->pause();
  }
  self->running_.erase(document);
  if (ended) self->on_progress_(document, *ended);
  self->idle_.cancel();
  if (!self->is_stopping()) self->begin_soon();
}

asio::awaitable<std::exception_ptr> JobRunner::read(RunningJob& job) {
  try {
    if (job.job().attempts > options_.max_attempts) {
      throw Error(ErrorCode::kDamagedDocument,
                  "Jackdaw stopped " + std::to_string(job.job().attempts - 1) +
                      " times while it read this file, so it is left out. Check the log, then retry it.");
    }
    const auto on_progress = [&](const IngestProgress& news) {
      job.advance(news, seconds_per_chunk_);
      on_progress_(job.job().document, job.progress());
    };
    co_await ingestor_.ingest(job.job(), job.password(), on_progress, job.cancellation());
    if (const auto cost = job.seconds_per_chunk()) {
      seconds_per_chunk_ = seconds_per_chunk_ == 0 ? *cost : 0.7 * seconds_per_chunk_ + 0.3 * *cost;
    }
    co_return nullptr;
  } catch (...) {
    co_return std::current_exception();
  }
}

asio::awaitable<JobProgress> JobRunner::end(RunningJob& job, std::exception_ptr failure) {
  const std::int64_t number = job.job().number;
  if (failure && job.cancellation().reason() == CancelReason::kShutdown) {
    co_await write([&] { jobs_.put_back(number); });
  } else if (failure && job.cancellation().requested() && was_cancelled(failure)) {
    co_await write([&] { jobs_.cancel(number); });
  } else if (failure) {
    const DocumentFailure reason = failure_of(failure, job.job());
    co_await write([&] { jobs_.fail(number, reason); });
  }
  co_return co_await state_of(job.job().document);
}

asio::awaitable<JobProgress> JobRunner::state_of(DocumentId document) {
  const auto found = co_await write([&] { return documents_.find(document); });
  if (found) co_return progress_of(*found);
  JobProgress removed;
  removed.stage = Stage::kRemoved;
  co_return removed;
}

}  // namespace jackdaw::ingest
