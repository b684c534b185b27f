#include "server/eval_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace jackdaw::server {
namespace {

using Places = std::vector<std::size_t>;

TEST(EvalMetrics, NdcgIsTheDiscountedGainOverThatOfTheIdealOrder) {
  const Gains gains{{7, 1}, {9, 2}, {4, 1}};
  // Found: 1 at rank 2 and 2 at rank 3; ideal: 2, 1, 1.
  const double found = 1 / std::log2(3.0) + 2 / std::log2(4.0);
  const double ideal = 2 / std::log2(2.0) + 1 / std::log2(3.0) + 1 / std::log2(4.0);
  EXPECT_DOUBLE_EQ(ndcg(Places{1, 7, 9, 2}, gains, 10), found / ideal);
  EXPECT_DOUBLE_EQ(ndcg(Places{9, 7, 4}, gains, 10), 1);
  EXPECT_DOUBLE_EQ(ndcg(Places{9, 4, 7}, gains, 10), 1);
}

TEST(EvalMetrics, NdcgLooksNoFurtherThanItsDepthOnBothSides) {
  const Gains gains{{1, 1}, {2, 1}, {3, 1}};
  EXPECT_DOUBLE_EQ(ndcg(Places{1, 2}, gains, 2), 1);
  EXPECT_DOUBLE_EQ(ndcg(Places{8, 9, 1}, gains, 2), 0);
}

TEST(EvalMetrics, WhatNobodyFoundRelevantScoresNothing) {
  EXPECT_EQ(ndcg(Places{1, 2}, {}, 10), 0);
  EXPECT_EQ(ndcg(Places{1, 2}, {{1, 0}, {2, -1}}, 10), 0);
  EXPECT_EQ(recall(Places{1, 2}, {{1, 0}}, 10), 0);
  EXPECT_EQ(reciprocal_rank(Places{1, 2}, {{1, 0}}, 10), 0);
  EXPECT_EQ(ndcg({}, {{1, 1}}, 10), 0);
}

TEST(EvalMetrics, RecallIsTheShareOfTheRelevantOnes) {
  const Gains gains{{1, 1}, {2, 2}, {3, 0}, {4, 1}, {5, 1}};
  EXPECT_DOUBLE_EQ(recall(Places{1, 3, 4}, gains, 3), 0.5);
  EXPECT_DOUBLE_EQ(recall(Places{1, 3, 4}, gains, 2), 0.25);
  EXPECT_DOUBLE_EQ(recall(Places{5, 4, 2, 1}, gains, 50), 1);
}

TEST(EvalMetrics, ReciprocalRankIsThatOfTheFirstRelevantOne) {
  const Gains gains{{1, 1}, {2, 1}};
  EXPECT_DOUBLE_EQ(reciprocal_rank(Places{8, 9, 2, 1}, gains, 10), 1.0 / 3);
  EXPECT_DOUBLE_EQ(reciprocal_rank(Places{8, 9, 2, 1}, gains, 2), 0);
}

TEST(EvalMetrics, EachMetricHasItsDepth) {
  Places ranking(60);
  for (std::size_t i = 0; i < ranking.size(); ++i) ranking[i] = i;
  const Gains gains{{4, 1}, {5, 1}, {19, 1}, {49, 1}, {50, 1}};
  EXPECT_DOUBLE_EQ(score(Metric::kRecall5, ranking, gains), 0.2);
  EXPECT_DOUBLE_EQ(score(Metric::kRecall20, ranking, gains), 0.6);
  EXPECT_DOUBLE_EQ(score(Metric::kRecall50, ranking, gains), 0.8);
  EXPECT_DOUBLE_EQ(score(Metric::kMrr10, ranking, gains), 0.2);
  EXPECT_DOUBLE_EQ(score(Metric::kMrr10, ranking, {{10, 1}}), 0);
  EXPECT_DOUBLE_EQ(score(Metric::kNdcg10, ranking, {{10, 1}}), 0);
  EXPECT_GT(score(Metric::kNdcg10, ranking, {{9, 1}}), 0);
}

TEST(EvalMetrics, NamesGoBothWays) {
  for (const Metric metric : kMetrics) EXPECT_EQ(metric_from(to_string(metric)), metric);
  EXPECT_FALSE(metric_from("ndcg"));
}

TEST(EvalMetrics, TheIntervalOfEqualValuesIsThatValue) {
  EXPECT_EQ(bootstrap(std::vector<double>(40, 0.25), 7), (Interval{0.25, 0.25}));
  EXPECT_EQ(bootstrap({}, 7), Interval{});
}

// For a mean of many independent values the bootstrap comes near the normal interval: mean +- 1.96 s / sqrt(n).
TEST(EvalMetrics, TheIntervalIsNearTheNormalOneForALargeSample) {
  std::vector<double> sample;
  for (int i = 0; i < 400; ++i) sample.push_back(i % 4 == 0 ? 1 : 0);
  const double half = 1.96 * std::sqrt(0.25 * 0.75 / 400);
  const Interval interval = bootstrap(sample, 1);
  EXPECT_NEAR(interval.low, 0.25 - half, 0.006);
  EXPECT_NEAR(interval.high, 0.25 + half, 0.006);
  EXPECT_EQ(bootstrap(sample, 1), interval) << "the same seed gives the same interval";
}

TEST(EvalMetrics, APairedDifferenceIsNotWidenedByWhatIsHardForBoth) {
  std::vector<double> theirs, ours;
  for (int i = 0; i < 100; ++i) {
    theirs.push_back(i % 2);
    ours.push_back(i % 2 + 0.01);
  }
  const PairedDifference difference = compare(ours, theirs, 3);
  EXPECT_NEAR(difference.mean, 0.01, 1e-12);
  EXPECT_NEAR(difference.interval.low, 0.01, 1e-12);
  EXPECT_NEAR(difference.interval.high, 0.01, 1e-12);
  EXPECT_EQ(difference.better, 100U);
  EXPECT_EQ(difference.worse, 0U);
}

TEST(EvalMetrics, ADifferenceCountsTheQueriesOnEachSide) {
  const PairedDifference difference = compare(std::vector{1.0, 0.0, 0.5}, std::vector{0.0, 1.0, 0.5}, 3);
  EXPECT_EQ(difference.better, 1U);
  EXPECT_EQ(difference.worse, 1U);
  EXPECT_EQ(difference.mean, 0);
}

TEST(EvalMetrics, PercentilesAreValuesOfTheSample) {
  EXPECT_EQ(percentile({5, 1, 4, 2, 3}, 0.5), 3);
  EXPECT_EQ(percentile({5, 1, 4, 2, 3}, 0.95), 5);
  EXPECT_EQ(percentile({5, 1, 4, 2}, 0.5), 2);
  EXPECT_EQ(percentile({7}, 0.99), 7);
  EXPECT_EQ(percentile({}, 0.5), 0);
}

TEST(EvalMetrics, ADrawIsAscendingWithoutRepetitionAndRepeatable) {
  const auto drawn = draw(1000, 200, 42);
  ASSERT_EQ(drawn.size(), 200U);
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  EXPECT_EQ(std::adjacent_find(drawn.begin(), drawn.end()), drawn.end());
  EXPECT_LT(drawn.back(), 1000U);
  EXPECT_EQ(draw(1000, 200, 42), drawn);
  EXPECT_NE(draw(1000, 200, 43), drawn);
  EXPECT_EQ(draw(3, 5, 42), (Places{0, 1, 2}));
}

}  // namespace
}  // namespace jackdaw::server
