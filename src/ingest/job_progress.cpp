#include "ingest/job_progress.h"

namespace jackdaw::ingest {

using Stage = JobProgress::Stage;

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

}  // namespace jackdaw::ingest
