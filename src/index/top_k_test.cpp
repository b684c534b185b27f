#include "index/top_k.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace jackdaw::index {
namespace {

TEST(TopK, KeepsTheBestInRankingOrderWhateverTheOrderOfOffers) {
  std::mt19937 random(1);
  for (const std::size_t limit : {1u, 2u, 7u, 100u, 1000u}) {
    Ranking all;
    for (std::int64_t id = 0; id < 300; ++id) all.push_back({ChunkId{id}, static_cast<float>(random() % 20)});
    std::shuffle(all.begin(), all.end(), random);
    TopK best(limit);
    for (const ScoredChunk& found : all) best.offer(found);
    std::sort(all.begin(), all.end(), ranks_before);
    all.resize(std::min(limit, all.size()));
    EXPECT_EQ(best.take(), all);
  }
}

TEST(TopK, ThresholdIsTheWorstKeptScoreOnceItIsFull) {
  TopK best(2);
  best.offer({ChunkId{1}, 3});
  EXPECT_EQ(best.threshold(), -std::numeric_limits<float>::infinity());
  best.offer({ChunkId{2}, 5});
  EXPECT_EQ(best.threshold(), 3);
  best.offer({ChunkId{3}, 4});
  EXPECT_EQ(best.threshold(), 4);
}

TEST(TopK, OfNothingIsEmpty) {
  TopK best(0);
  best.offer({ChunkId{1}, 1});
  EXPECT_TRUE(best.take().empty());
}

}  // namespace
}  // namespace jackdaw::index
