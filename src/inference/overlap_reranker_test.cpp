#include "inference/overlap_reranker.h"

#include <gtest/gtest.h>

#include <array>

namespace jackdaw::inference {
namespace {

TEST(OverlapReranker, ScoresByTheShareOfTheQuestionsWords) {
  OverlapReranker reranker;
  const std::array<std::string_view, 3> passages{"THE PRICE", "price of bread", "nothing here"};
  EXPECT_EQ(reranker.score("the price", passages, {}), (std::vector<float>{6.0F, 0.0F, -6.0F}));
  EXPECT_EQ(reranker.score("", passages, {}), (std::vector<float>{-6.0F, -6.0F, -6.0F}));
}

}  // namespace
}  // namespace jackdaw::inference
