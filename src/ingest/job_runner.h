#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/document_store.h"
#include "core/job_store.h"
#include "ingest/ingestor.h"
#include "ingest/job_progress.h"
#include "ingest/running_job.h"

namespace jackdaw::ingest {

struct JobRunnerOptions {
  std::size_t max_concurrent = 2;  // documents that are read at once
  int max_attempts = 3;            // more: the program died that often at the file, which then failed
};

// Does the jobs of the store in their order, some at once, until it is told to stop, and writes down how each ended: an
// end that cannot be written (a full disk) is told at once and written when that works again. A file at which the
// program may have died is read alone, so that no other one is blamed for it. Lives on one executor of one thread, held
// by the coroutines that it starts; keeps references to what it is given. Nothing throws but what says so.
class JobRunner : public std::enable_shared_from_this<JobRunner> {
 public:
  // Called with each step of each job; must not throw.
  using OnProgress = std::function<void(const DocumentId&, const JobProgress&)>;

  JobRunner(boost::asio::any_io_executor executor, JobStore& jobs, DocumentStore& documents, Ingestor& ingestor,
            Compute& writing, JobRunnerOptions options, OnProgress on_progress);

  // There may be something to do.
  void begin_soon();

  // What the document's next job opens its file with; empty: nothing. Kept in memory alone, until that job begins.
  void set_password(const DocumentId& document, std::string password);

  // Stops the document's job, unless that has the number `but_not`.
  void stop(const DocumentId& document, std::int64_t but_not = 0);

  // Where the document's job is while it runs.
  std::optional<JobProgress> progress(const DocumentId& document) const;

  // Nothing begins any more, what runs is told to stop.
  void stop_all();
  bool is_stopping() const noexcept { return stopping_.requested(); }
  // After stop_all(): returns when nothing runs.
  boost::asio::awaitable<void> wait_until_idle();

 private:
  static boost::asio::awaitable<void> begin(std::shared_ptr<JobRunner> self);
  static boost::asio::awaitable<void> run(std::shared_ptr<JobRunner> self, std::shared_ptr<RunningJob> job);
  boost::asio::awaitable<void> begin_all();
  boost::asio::awaitable<bool> wait_for_turn(const Job& job);
  // Why the document is not ready; null: it is, or its job is gone.
  boost::asio::awaitable<std::exception_ptr> read(RunningJob& job);
  // Writes it down. Returns what the document is then. Throws what JobStore throws.
  boost::asio::awaitable<JobProgress> end(RunningJob& job, std::exception_ptr failure);
  boost::asio::awaitable<JobProgress> state_of(DocumentId document);
  boost::asio::awaitable<void> until_a_job_ends();
  boost::asio::awaitable<void> pause();
  bool runs_a_suspect() const;

  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> write(Work work) {
    return writing_.run(Lane::kInteractive, Cancellation(), std::move(work));
  }

  const boost::asio::any_io_executor executor_;
  JobStore& jobs_;
  DocumentStore& documents_;
  Ingestor& ingestor_;
  Compute& writing_;
  const JobRunnerOptions options_;
  const OnProgress on_progress_;
  const Cancellation stopping_;

  std::map<DocumentId, std::shared_ptr<RunningJob>> running_;
  std::map<DocumentId, std::string> passwords_;
  std::int64_t last_begun_ = 0;  // number of a job
  bool beginning_ = false;
  bool begin_again_ = false;
  double seconds_per_chunk_ = 0;    // what embedding cost, a moving average over documents; 0: not known
  boost::asio::steady_timer idle_;  // never expires; cancelled whenever a job ends
};

}  // namespace jackdaw::ingest
