#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/support/kernel_sets.h"
#include "tests/support/reference_encoder.h"

namespace jackdaw::inference {
namespace {

struct Attended {
  std::size_t tokens;
  AttentionShape shape;
};

void expect_attention(const Kernels& kernels, const Attended& of, float spread, double tolerance) {
  const std::size_t hidden = of.shape.heads * of.shape.head_width;
  std::mt19937 random(static_cast<std::uint32_t>(of.tokens));
  auto qkv = random_floats(of.tokens * 3 * hidden, random);
  for (std::size_t i = 0; i < qkv.size(); ++i) qkv[i] *= i / hidden % 3 == 2 ? 1 : spread;
  testing::Rows rows;
  for (std::size_t i = 0; i < qkv.size(); i += 3 * hidden) {
    rows.emplace_back(qkv.data() + i, qkv.data() + i + 3 * hidden);
  }
  const testing::Rows expected = testing::attend(rows, of.shape.heads);
  std::vector<float> scratch(attention_scratch(of.tokens, of.shape)), out(of.tokens * hidden);
  kernels.attend(qkv.data(), of.tokens, of.shape, scratch.data(), out.data());
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], expected[i / hidden][i % hidden], tolerance)
        << of.tokens << " tokens, " << of.shape.heads << " heads of " << of.shape.head_width << ", at " << i;
  }
}

TEST_P(EverySet, AttendsInSequencesOfEveryLength) {
  for (std::size_t tokens = 1; tokens <= 70; ++tokens) {
    const std::size_t head_widths[] = {16, 32, 48, 64};
    const Attended of{tokens, {.heads = 1 + tokens % 3, .head_width = head_widths[tokens % 4]}};
    ASSERT_NO_FATAL_FAILURE(expect_attention(kernels(), of, 1, 1e-5));
  }
  ASSERT_NO_FATAL_FAILURE(expect_attention(kernels(), {64, {.heads = 2, .head_width = 16}}, 1, 1e-5));
}

// Scores of some thousands: all but one share is zero.
TEST_P(EverySet, AttendsToOneTokenWhereItOutweighsTheOthers) {
  for (const std::size_t tokens : {2, 17, 33}) {
    ASSERT_NO_FATAL_FAILURE(expect_attention(kernels(), {tokens, {.heads = 2, .head_width = 32}}, 30, 2e-3));
  }
}

}  // namespace
}  // namespace jackdaw::inference
