#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "tests/support/kernel_sets.h"
#include "tests/support/reference_encoder.h"

namespace jackdaw::inference {
namespace {

TEST_P(EverySet, RoundsHalfToEven) {
  std::vector<float> row{127,     0.5F,  1.5F,  2.5F,   -0.5F, -1.5F, -2.5F, 126.5F,
                         -126.5F, 0.49F, 0.51F, -0.51F, 63,    -127,  0,     -0.0F};
  const RoundedRows out = round_rows(kernels(), row, row.size());
  EXPECT_EQ(out.scales[0], 1);
  const std::vector<int> expected{127, 0, 2, 2, 0, -2, -2, 126, -126, 0, 1, -1, 63, -127, 0, 0};
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(out.values[i] - 128, expected[i]) << row[i];
}

TEST_P(EverySet, RoundsEachRowByItsLargest) {
  std::mt19937 random(4);
  for (const std::size_t width : {16, 32, 48, 384, 1536}) {
    std::vector<float> rows;
    for (const float deviation : {1.0F, 1e-20F, 1e20F, 0.01F, 1e-36F, 1e37F}) {
      const auto row = random_floats(width, random, deviation);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    const RoundedRows out = round_rows(kernels(), rows, width);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = std::span(rows).subspan(i / width * width, width);
      const float largest = std::abs(std::ranges::max(row, {}, [](float x) { return std::abs(x); }));
      ASSERT_EQ(out.scales[i / width], largest / 127);
      const int value = out.values[i] - 128;
      ASSERT_LE(std::abs(value), 127);
      ASSERT_NEAR(value, static_cast<double>(rows[i]) / out.scales[i / width], 0.5 + 1e-4);
    }
  }
}

// Such a row has no scale of its own: the reciprocal of its largest part would be infinite.
TEST_P(EverySet, RoundsZerosAndDenormalsToNothing) {
  for (const float tiny : {0.0F, -0.0F, std::numeric_limits<float>::denorm_min(), -1e-42F, 1.2e-38F}) {
    std::vector<float> row(32, tiny);
    row[3] = 0;
    const RoundedRows out = round_rows(kernels(), row, row.size());
    EXPECT_EQ(out.scales[0], 0) << tiny;
    EXPECT_EQ(out.values, std::vector<std::uint8_t>(32, 128)) << tiny;
  }
}

TEST_P(EverySet, SurvivesWhatIsNoNumber) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float odd : {std::nanf(""), -std::nanf(""), infinity, -infinity, std::numeric_limits<float>::max()}) {
    for (std::size_t at = 0; at < 32; at += 5) {
      std::vector<float> rows(32, 0.5F);
      rows[at] = odd;
      round_rows(kernels(), rows, 32);
      const std::vector<float> ones(32, 1);
      kernels().normalize(rows.data(), 1, 32, ones.data(), ones.data(), 1e-12F);
      kernels().activate(rows.data(), 1, 32);
      std::vector<float> qkv(3 * 96, 1), out(3 * 32);
      qkv[at * 3] = odd;
      const AttentionShape shape{.heads = 2, .head_width = 16};
      std::vector<float> scratch(attention_scratch(3, shape));
      kernels().attend(qkv.data(), 3, shape, scratch.data(), out.data());
    }
  }
}

TEST_P(EverySet, NormalizesRows) {
  std::mt19937 random(5);
  for (const std::size_t width : {16, 32, 48, 384, 1024}) {
    const auto gamma = random_floats(width, random);
    const auto beta = random_floats(width, random);
    auto rows = random_floats(5 * width, random, 3);
    for (std::size_t i = 0; i < width; ++i) rows[width + i] += 100;        // far from zero
    for (std::size_t i = 0; i < width; ++i) rows[2 * width + i] = 7.25F;   // no variance at all
    for (std::size_t i = 0; i < width; ++i) rows[3 * width + i] *= 1e-6F;  // as small as the epsilon
    for (std::size_t i = 0; i < width; ++i) rows[4 * width + i] *= 1e15F;
    const auto before = rows;
    kernels().normalize(rows.data(), 5, width, gamma.data(), beta.data(), 1e-12F);
    for (std::size_t row = 0; row < 5; ++row) {
      testing::Row expected(before.begin() + static_cast<std::ptrdiff_t>(row * width),
                            before.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
      testing::normalize(expected, {.gamma = {gamma.begin(), gamma.end()}, .beta = {beta.begin(), beta.end()}});
      for (std::size_t i = 0; i < width; ++i) {
        ASSERT_NEAR(rows[row * width + i], expected[i], row == 1 ? 1e-4 : 1e-5) << "row " << row << " of " << width;
      }
    }
  }
}

TEST_P(EverySet, ActivatesLikeTheErrorFunction) {
  std::vector<float> rows(16 * 1251);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = -10 + 0.001F * static_cast<float>(i);
  const auto before = rows;
  kernels().activate(rows.data(), 1251, 16);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double x = before[i];
    ASSERT_NEAR(rows[i], x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))), 4e-7 * std::abs(x) + 1e-9) << x;
  }
}

}  // namespace
}  // namespace jackdaw::inference
