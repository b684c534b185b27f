#include "ingest/running_job.h"

#include <algorithm>

namespace jackdaw::ingest {

using Stage = JobProgress::Stage;

void RunningJob::advance(const IngestProgress& news, double seconds_per_chunk) {
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
    if (!seconds_per_chunk_ && news.chunks > 0 && news.chunk == news.chunks) {
      seconds_per_chunk_ = since_embedding_->elapsed_ms() / 1000 / static_cast<double>(news.chunks);
    }
  }
  progress_.eta_s = seconds_left(seconds_per_chunk);
}

std::optional<double> RunningJob::seconds_left(double seconds_per_chunk) const {
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

}  // namespace jackdaw::ingest
