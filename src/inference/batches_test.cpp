#include "inference/batches.h"

#include <gtest/gtest.h>

#include <random>

namespace jackdaw::inference {
namespace {

Encoding of_length(std::size_t tokens) {
  return {.tokens = std::vector<Token>(tokens, Token{.id = static_cast<std::int32_t>(tokens), .source = {}}),
          .types = std::vector<std::uint8_t>(tokens, 0)};
}

TEST(Batches, HoldEveryEncodingOnceWithinTheLimits) {
  std::mt19937 random(7);
  std::vector<Encoding> encodings;
  for (int i = 0; i < 300; ++i) encodings.push_back(of_length(2 + random() % 250));
  std::vector<int> seen(encodings.size());
  for (const BatchPlan& plan : plan_batches(encodings, {.tokens = 128, .sequences = 4})) {
    ASSERT_FALSE(plan.empty());
    EXPECT_LE(plan.size(), 4U);
    std::size_t tokens = 0;
    for (const std::size_t i : plan) {
      ++seen[i];
      tokens += encodings[i].tokens.size();
    }
    EXPECT_TRUE(tokens <= 128 || plan.size() == 1) << tokens;
  }
  EXPECT_EQ(seen, std::vector<int>(encodings.size(), 1));
}

TEST(Batches, ArePackedWithoutPadding) {
  const std::vector<Encoding> encodings{of_length(3), of_length(2)};
  const auto plans = plan_batches(encodings, {});
  ASSERT_EQ(plans.size(), 1U);
  const PackedBatch batch = pack(encodings, plans.front());
  EXPECT_EQ(batch.ids, (std::vector<std::int32_t>{2, 2, 3, 3, 3}));
  EXPECT_EQ(batch.lengths, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(batch.types.size(), 5U);
}

TEST(Batches, AreNoneForNoEncodings) {
  EXPECT_TRUE(plan_batches({}, {}).empty());
}

}  // namespace
}  // namespace jackdaw::inference
