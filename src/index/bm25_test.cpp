#include "index/bm25.h"

#include <gtest/gtest.h>

namespace jackdaw::index {
namespace {

TEST(Bm25, GivesTheValueWorkedOutByHand) {
  // Four chunks of ten terms on average; the term is in one of them.
  const Bm25 bm25({.k1 = 1.2, .b = 0.75}, 4, 40);
  EXPECT_NEAR(bm25.idf(1), std::log(1 + 3.5 / 1.5), 1e-12);
  // 2 / (2 + 1.2 * (0.25 + 0.75 * 20 / 10)) = 2 / 4.1
  EXPECT_NEAR(bm25.score(1, 2, 20), 2 / 4.1, 1e-12);
  EXPECT_NEAR(bm25.score(bm25.idf(1), 2, 20), std::log(1 + 3.5 / 1.5) * 2 / 4.1, 1e-12);
}

TEST(Bm25, EvenATermOfEveryChunkHasPositiveWeight) {
  EXPECT_GT(Bm25({}, 1, 1).idf(1), 0);
  EXPECT_GT(Bm25({}, 1'000'000, 1).idf(1'000'000), 0);
}

TEST(Bm25, RisesWithFrequencyAndFallsWithLength) {
  const Bm25 bm25({}, 100, 1000);
  EXPECT_GT(bm25.score(1, 3, 10), bm25.score(1, 2, 10));
  EXPECT_GT(bm25.score(1, 2, 10), bm25.score(1, 2, 11));
  EXPECT_LT(bm25.score(1, 1'000'000, 1), 1);
}

TEST(Bm25, WithoutLengthNormalisationLengthDoesNotMatter) {
  const Bm25 bm25({.k1 = 1.2, .b = 0}, 100, 1000);
  EXPECT_EQ(bm25.score(1, 2, 1), bm25.score(1, 2, 500));
}

TEST(Bm25, AnEmptyCollectionIsNoDivisionByZero) {
  const Bm25 bm25({}, 0, 0);
  EXPECT_TRUE(std::isfinite(bm25.idf(0)));
  EXPECT_TRUE(std::isfinite(bm25.score(1, 1, 1)));
}

}  // namespace
}  // namespace jackdaw::index
