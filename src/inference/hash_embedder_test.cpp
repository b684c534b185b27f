#include "inference/hash_embedder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace jackdaw::testing {
namespace {

TEST(HashEmbedder, IgnoresCaseAndOrder) {
  inference::HashEmbedder embedder;
  const std::vector<std::string_view> texts{"Heat Pump", "pump, heat!"};
  const auto vectors = embedder.embed(texts, Cancellation());
  EXPECT_EQ(vectors[0], vectors[1]);
}

TEST(HashEmbedder, GivesTheSameVectorOnEveryMachine) {
  inference::HashEmbedder embedder;
  const std::vector<std::string_view> texts{"jackdaw"};
  const Embedding vector = embedder.embed(texts, Cancellation()).front();
  const auto at = static_cast<std::size_t>(
      std::max_element(vector.begin(), vector.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }) -
      vector.begin());
  EXPECT_EQ(at, 289U);
  EXPECT_EQ(vector[at], 1.0F);
}

}  // namespace
}  // namespace jackdaw::testing
