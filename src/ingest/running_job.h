#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "core/cancellation.h"
#include "core/clock.h"
#include "core/job_store.h"
#include "ingest/ingestor.h"
#include "ingest/job_progress.h"

namespace jackdaw::ingest {

// One job that is being done: how far it is, and how long it may still take at the speed so far. Belongs to one thread,
// but for its cancellation.
class RunningJob {
 public:
  // Stops when `stopping` does.
  RunningJob(Job job, std::string password, const Cancellation& stopping)
      : job_(std::move(job)), password_(std::move(password)), cancellation_(stopping.child()) {
    progress_.replaces = job_.replaces;
  }

  const Job& job() const noexcept { return job_; }
  const std::string& password() const noexcept { return password_; }
  const JobProgress& progress() const noexcept { return progress_; }
  const Cancellation& cancellation() const noexcept { return cancellation_; }
  // The program may have died at this file.
  bool is_suspect() const noexcept { return job_.attempts > 1; }

  // `seconds_per_chunk`: what embedding a chunk cost lately; 0: not known.
  void advance(const IngestProgress& news, double seconds_per_chunk);

  // What embedding a chunk of it cost; nothing before all were embedded.
  std::optional<double> seconds_per_chunk() const noexcept { return seconds_per_chunk_; }

 private:
  std::optional<double> seconds_left(double seconds_per_chunk) const;

  const Job job_;
  const std::string password_;
  const Cancellation cancellation_;
  const Stopwatch since_start_;
  std::optional<Stopwatch> since_embedding_;
  std::optional<double> seconds_per_chunk_;
  std::size_t chunks_found_ = 0;
  JobProgress progress_{.stage = JobProgress::Stage::kExtracting};
};

}  // namespace jackdaw::ingest
