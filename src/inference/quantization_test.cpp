#include "inference/quantization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace jackdaw::inference {
namespace {

struct Rounded {
  float scale = 0;
  std::vector<std::int8_t> numbers;
};

Rounded round_weights(const std::vector<float>& weights, Additions additions) {
  Rounded out{.numbers = std::vector<std::int8_t>(weights.size())};
  out.scale = quantize_output(weights, out.numbers, additions);
  return out;
}

double squared_error(const std::vector<float>& weights, const Rounded& rounded) {
  double error = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double off = weights[i] - static_cast<double>(rounded.scale) * rounded.numbers[i];
    error += off * off;
  }
  return error;
}

// Symmetric rounding to numbers of -largest..largest, without regard to any sums. Of adverse weights, which fill the
// groups of one sign or lie on its steps by chance, what it can lose at most.
double plain_error(const std::vector<float>& weights, double largest, bool adverse) {
  double most = 0;
  for (const float weight : weights) most = std::max(most, std::abs(static_cast<double>(weight)));
  const double scale = most / largest;
  if (scale == 0) return 0;
  double error = 0;
  for (const float weight : weights) {
    const double off = weight - scale * std::nearbyint(weight / scale);
    error += off * off;
  }
  return adverse ? scale * scale / 4 * static_cast<double>(weights.size()) : error;
}

// The sum of a group written out anew, from the words of kernels.h.
int largest_sum(const std::vector<std::int8_t>& numbers, Additions additions) {
  const std::size_t step = 4 * static_cast<std::size_t>(additions);
  std::vector<int> positive(numbers.size()), negative(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    (numbers[i] > 0 ? positive : negative)[i / step * 2 + i % 4 / 2] += std::abs(numbers[i]);
  }
  return std::max(std::ranges::max(positive), std::ranges::max(negative));
}

struct Distribution {
  const char* name;
  std::function<float(std::mt19937&)> draw;
  bool adverse = false;
};

const std::vector<Distribution>& distributions() {
  static const std::vector<Distribution> all{
      {"normal", [](std::mt19937& random) { return std::normal_distribution<float>(0, 0.05F)(random); }},
      {"uniform", [](std::mt19937& random) { return std::uniform_real_distribution<float>(-1, 1)(random); }},
      {"heavy tails",
       [](std::mt19937& random) { return std::clamp(std::cauchy_distribution<float>(0, 1)(random), -1e4F, 1e4F); }},
      {"sparse", [](std::mt19937& random) { return random() % 9 == 0 ? 0.5F : 0.0F; }, true},
      {"of one sign", [](std::mt19937& random) { return std::uniform_real_distribution<float>(0.5F, 1)(random); },
       true},
      {"two values", [](std::mt19937& random) { return random() % 2 == 0 ? 1.0F : -1.0F; }, true},
      {"tiny", [](std::mt19937& random) { return std::normal_distribution<float>(0, 1e-30F)(random); }},
      {"vast", [](std::mt19937& random) { return std::normal_distribution<float>(0, 1e30F)(random); }},
  };
  return all;
}

void for_each_case(const std::function<void(const Distribution&, const std::vector<float>&)>& check) {
  std::mt19937 random(1);
  for (const Distribution& distribution : distributions()) {
    for (const std::size_t width : {16, 32, 48, 384, 1536}) {
      for (int round = 0; round < (width > 100 ? 3 : 20); ++round) {
        std::vector<float> weights(width);
        for (float& weight : weights) weight = distribution.draw(random);
        SCOPED_TRACE(distribution.name + (", width " + std::to_string(width)));
        check(distribution, weights);
      }
    }
  }
}

TEST(Quantization, LeavesNoGroupThatCouldSaturate) {
  for_each_case([](const Distribution&, const std::vector<float>& weights) {
    for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
      const Rounded rounded = round_weights(weights, additions);
      EXPECT_LE(largest_sum(rounded.numbers, additions), kMaxGroupSum);
      EXPECT_EQ(largest_group_sum(rounded.numbers, additions), largest_sum(rounded.numbers, additions));
      for (const std::int8_t number : rounded.numbers) EXPECT_GE(number, -127);
    }
  });
}

// Four numbers of a group may be 32 each, eight of them 16: that alone is 6 and 5 bits. Weights of both signs, as
// trained ones are, leave more.
TEST(Quantization, IsNoWorseThanPlainRoundingToFewerBits) {
  for_each_case([](const Distribution& distribution, const std::vector<float>& weights) {
    const double nearly = 1.01;  // what cutting after rounding may cost
    EXPECT_LE(squared_error(weights, round_weights(weights, Additions::kTwo)),
              nearly * plain_error(weights, 31, distribution.adverse));
    EXPECT_LE(squared_error(weights, round_weights(weights, Additions::kFour)),
              nearly * plain_error(weights, 15, distribution.adverse));
    if (std::string(distribution.name) != "normal" || weights.size() < 384) return;
    EXPECT_LE(squared_error(weights, round_weights(weights, Additions::kTwo)),
              plain_error(weights, 31, distribution.adverse));
    EXPECT_LE(squared_error(weights, round_weights(weights, Additions::kFour)),
              plain_error(weights, 31, distribution.adverse));
  });
}

TEST(Quantization, KeepsZerosAndWeightsThatFitExactly) {
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    const Rounded zeros = round_weights(std::vector<float>(32, 0), additions);
    EXPECT_EQ(zeros.scale, 0);
    EXPECT_EQ(zeros.numbers, std::vector<std::int8_t>(32, 0));
    std::vector<float> weights(32, 0);
    weights[0] = 127;
    weights[1] = 1;
    weights[2] = -64;
    weights[17] = -127;
    const Rounded kept = round_weights(weights, additions);
    EXPECT_EQ(kept.scale, 1);
    EXPECT_EQ(squared_error(weights, kept), 0);
  }
}

TEST(Quantization, KeepsOneHugeWeightAndTheOthersToHalfAStep) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 1);
  for (const float huge : {1e4F, -1e4F, 1e30F}) {
    std::vector<float> weights(64);
    for (float& weight : weights) weight = normal(random);
    weights[37] = huge;
    for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
      const Rounded rounded = round_weights(weights, additions);
      EXPECT_EQ(std::abs(rounded.numbers[37]), 127);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        EXPECT_NEAR(weights[i], rounded.scale * static_cast<float>(rounded.numbers[i]), 0.501F * rounded.scale);
      }
    }
  }
}

TEST(Quantization, SurvivesDenormals) {
  for (const float tiny : {std::numeric_limits<float>::denorm_min(), 3e-44F, 1e-40F}) {
    std::vector<float> weights(32, tiny);
    weights[5] = -tiny;
    weights[6] = 2 * tiny;
    std::vector<std::int8_t> numbers(weights.size());
    EXPECT_LE(quantize_row(weights, numbers), 1e-39F);
    EXPECT_LE(largest_sum(round_weights(weights, Additions::kFour).numbers, Additions::kFour), kMaxGroupSum);
  }
}

// The sum of a group is then more than a float holds.
TEST(Quantization, SurvivesTheLargestFloats) {
  const float most = std::numeric_limits<float>::max();
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    const std::vector<float> weights(32, most);
    const Rounded rounded = round_weights(weights, additions);
    EXPECT_TRUE(std::isfinite(rounded.scale));
    EXPECT_LE(largest_sum(rounded.numbers, additions), kMaxGroupSum);
    for (const std::int8_t number : rounded.numbers) EXPECT_NEAR(rounded.scale * number, most, 1e-3 * most);
  }
}

TEST(Quantization, RoundsARowOfATableByItsLargest) {
  const std::vector<float> values{-254, 0, 1, 3, 127, 2, -2, 5};
  std::vector<std::int8_t> numbers(values.size());
  EXPECT_EQ(quantize_row(values, numbers), 2);
  EXPECT_EQ(numbers, (std::vector<std::int8_t>{-127, 0, 0, 2, 64, 1, -1, 2}));
  EXPECT_EQ(quantize_row(std::vector<float>(8, 0), numbers), 0);
  EXPECT_EQ(numbers, std::vector<std::int8_t>(8, 0));
}

}  // namespace
}  // namespace jackdaw::inference
