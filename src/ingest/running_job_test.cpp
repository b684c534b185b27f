#include "ingest/running_job.h"

#include <gtest/gtest.h>

namespace jackdaw::ingest {
namespace {

using Stage = IngestProgress::Stage;

IngestProgress extracting(int page, int pages, std::size_t chunks) {
  return {
      .stage = Stage::kExtracting, .page = page, .pages = pages, .recognizing = false, .chunk = chunks, .chunks = 0};
}

IngestProgress embedding(std::size_t chunk, std::size_t chunks) {
  return {.stage = Stage::kEmbedding, .page = 4, .pages = 4, .recognizing = false, .chunk = chunk, .chunks = chunks};
}

TEST(RunningJob, GuessesTheTimeLeftOnlyOnceItKnowsASpeed) {
  RunningJob job({}, "", {});
  job.advance(extracting(0, 4, 0), 0.5);
  EXPECT_FALSE(job.progress().eta_s.has_value()) << "no page was read yet";
  job.advance(extracting(1, 4, 10), 0);
  EXPECT_FALSE(job.progress().eta_s.has_value()) << "what embedding costs is not known";
  job.advance(extracting(1, 0, 10), 0.5);
  EXPECT_FALSE(job.progress().eta_s.has_value()) << "how many pages there are is not known";
}

TEST(RunningJob, CountsTheEmbeddingOfThePagesToComeWhileItReads) {
  RunningJob job({}, "", {});
  job.advance(extracting(1, 4, 10), 0.5);
  ASSERT_TRUE(job.progress().eta_s.has_value());
  EXPECT_GE(*job.progress().eta_s, 20) << "10 chunks a page, 4 pages, half a second each";
  EXPECT_GT(job.progress().pages_per_s, 0);
}

TEST(RunningJob, KnowsWhatAChunkCostWhenAllAreEmbedded) {
  RunningJob job({}, "", {});
  job.advance(embedding(0, 8), 0.25);
  EXPECT_EQ(job.progress().eta_s, 2.0);
  job.advance(embedding(4, 8), 0.25);
  EXPECT_FALSE(job.seconds_per_chunk().has_value());
  job.advance(embedding(8, 8), 0.25);
  EXPECT_EQ(job.progress().eta_s, 0.0);
  EXPECT_TRUE(job.seconds_per_chunk().has_value());
}

TEST(RunningJob, StopsWithTheQueue) {
  const Cancellation stopping;
  const RunningJob job({}, "", stopping);
  stopping.cancel(CancelReason::kShutdown);
  EXPECT_TRUE(job.cancellation().requested());
  EXPECT_EQ(job.cancellation().reason(), CancelReason::kShutdown);
}

}  // namespace
}  // namespace jackdaw::ingest
