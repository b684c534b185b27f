#include "answer/fusion.h"

#include <gtest/gtest.h>

namespace jackdaw::answer {
namespace {

Ranking ranking(std::initializer_list<std::int64_t> ids) {
  Ranking out;
  float score = 100;
  for (const auto id : ids) out.push_back({ChunkId{id}, score--});
  return out;
}

std::vector<std::int64_t> ids(const std::vector<FusedChunk>& fused) {
  std::vector<std::int64_t> out;
  for (const auto& chunk : fused) out.push_back(chunk.chunk.value);
  return out;
}

// By hand, k = 60: 1: 1/61 + 1/63 = 0.032266; 2: 1/62 = 0.016129; 3: 1/63 + 1/61 = 0.032266; 4: 1/62 = 0.016129.
TEST(Fusion, AddsTheReciprocalRanks) {
  const auto fused = fuse(ranking({1, 2, 3}), ranking({3, 4, 1}));
  EXPECT_EQ(ids(fused), (std::vector<std::int64_t>{1, 3, 2, 4}));
  EXPECT_NEAR(fused[0].reasons.fused, 0.0322664585, 1e-8);
  EXPECT_NEAR(fused[2].reasons.fused, 0.0161290323, 1e-8);
}

// By hand: 7 is second twice: 2/62 = 0.032258; 5 and 6 are first once: 1/61 = 0.016393.
TEST(Fusion, PrefersAChunkThatBothFoundToOneThatOneFoundFirst) {
  const auto fused = fuse(ranking({6, 7}), ranking({5, 7}));
  EXPECT_EQ(ids(fused), (std::vector<std::int64_t>{7, 5, 6}));
  EXPECT_NEAR(fused[0].reasons.fused, 0.0322580645, 1e-8);
  EXPECT_NEAR(fused[1].reasons.fused, 0.0163934426, 1e-8);
}

TEST(Fusion, OrdersTiesByChunkId) {
  EXPECT_EQ(ids(fuse(ranking({9}), ranking({2}))), (std::vector<std::int64_t>{2, 9}));
  EXPECT_EQ(ids(fuse(ranking({3, 1}), ranking({1, 3}))), (std::vector<std::int64_t>{1, 3}));
}

TEST(Fusion, SaysWhereEachSearchFoundAChunk) {
  const auto fused = fuse(ranking({4, 8}), ranking({8}));
  ASSERT_EQ(ids(fused), (std::vector<std::int64_t>{8, 4}));
  ASSERT_TRUE(fused[0].reasons.keyword && fused[0].reasons.vector);
  EXPECT_EQ(fused[0].reasons.keyword->rank, 2);
  EXPECT_EQ(fused[0].reasons.keyword->score, 99);
  EXPECT_EQ(fused[0].reasons.vector->rank, 1);
  EXPECT_FALSE(fused[1].reasons.vector);
  EXPECT_FALSE(fused[1].reasons.rerank);
}

// By hand, k = 0: 1/1 + 1/2 = 1.5 and 1/2 + 1/1 = 1.5; 1/3.
TEST(Fusion, TakesAnyConstant) {
  const auto fused = fuse(ranking({1, 2, 3}), ranking({2, 1}), 0);
  EXPECT_NEAR(fused[0].reasons.fused, 1.5, 1e-6);
  EXPECT_NEAR(fused[2].reasons.fused, 1.0 / 3, 1e-6);
}

TEST(Fusion, HandlesEmptyRankings) {
  EXPECT_TRUE(fuse({}, {}).empty());
  EXPECT_EQ(ids(fuse({}, ranking({5, 4}))), (std::vector<std::int64_t>{5, 4}));
  EXPECT_EQ(ids(fuse(ranking({5, 4}), {})), (std::vector<std::int64_t>{5, 4}));
}

// By hand: keyword 10, 6, 2 becomes 1, 0.5, 0; vector 0.9, 0.8, 0.5 becomes 1, 0.75, 0. 1: (1 + 0.75) / 2; 2: 0.5 / 2;
// 3: (0 + 1) / 2; 4: 0.
TEST(Fusion, BlendsScoresBetweenTheLowestAndTheHighestOfEach) {
  const auto fused = blend({{ChunkId{1}, 10}, {ChunkId{2}, 6}, {ChunkId{3}, 2}},
                           {{ChunkId{3}, 0.9F}, {ChunkId{1}, 0.8F}, {ChunkId{4}, 0.5F}});
  EXPECT_EQ(ids(fused), (std::vector<std::int64_t>{1, 3, 2, 4}));
  EXPECT_NEAR(fused[0].reasons.fused, 0.875, 1e-6);
  EXPECT_NEAR(fused[1].reasons.fused, 0.5, 1e-6);
  EXPECT_NEAR(fused[2].reasons.fused, 0.25, 1e-6);
  EXPECT_EQ(fused[3].reasons.fused, 0);
  EXPECT_EQ(fused[1].reasons.keyword->rank, 3);
  EXPECT_EQ(fused[1].reasons.vector->rank, 1);
}

TEST(Fusion, ARankingOfOneOrOfEqualScoresCountsInFull) {
  EXPECT_EQ(blend({{ChunkId{1}, 3}}, {}).at(0).reasons.fused, 0.5F);
  EXPECT_EQ(ids(blend({{ChunkId{2}, 3}, {ChunkId{5}, 3}}, {{ChunkId{5}, 0.4F}})), (std::vector<std::int64_t>{5, 2}));
  EXPECT_TRUE(blend({}, {}).empty());
}

TEST(Fusion, GoesByWhatIsChosen) {
  const Ranking keyword = ranking({1, 2, 3}), vector = ranking({3, 4, 1});
  EXPECT_EQ(fuse_by(Fusion::kRanks, keyword, vector).at(0).reasons.fused, fuse(keyword, vector).at(0).reasons.fused);
  EXPECT_EQ(fuse_by(Fusion::kScores, keyword, vector).at(0).reasons.fused, blend(keyword, vector).at(0).reasons.fused);
}

}  // namespace
}  // namespace jackdaw::answer
