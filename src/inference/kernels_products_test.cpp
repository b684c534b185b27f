#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/kernel_sets.h"

namespace jackdaw::inference {
namespace {

// Every group has positive numbers that add up to exactly kMaxGroupSum, or negative ones, or both.
Numbers extreme_numbers(std::size_t outputs, std::size_t inputs, Additions additions) {
  Numbers numbers(outputs, inputs, additions);
  const int in_group = 2 * static_cast<int>(additions);
  const int each = kMaxGroupSum / in_group;
  for (std::size_t o = 0; o < outputs; ++o) {
    std::vector<int> met(inputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      const int place = met[numbers.group_of(i)]++;
      const int pair = place == 0 ? 127 : place == 1 ? 1 : 0;
      const int last_pair = place == in_group - 1 ? 127 : place == in_group - 2 ? 1 : 0;
      const int kinds[] = {each, -each, pair, -last_pair, pair - last_pair, 2 * each * (place % 2 == 0 ? 1 : -1)};
      numbers.values[o * inputs + i] = static_cast<std::int8_t>(kinds[o % std::size(kinds)]);
    }
  }
  return numbers;
}

std::int64_t exact_sum(const Numbers& numbers, std::size_t output, const std::uint8_t* row) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < numbers.inputs; ++i) sum += (row[i] - 128) * numbers.values[output * numbers.inputs + i];
  return sum;
}

// Scales of one and sums below 2^24: what comes out must be the integers themselves.
void expect_exact_sums(const Kernels& kernels, Numbers& numbers, const std::vector<std::uint8_t>& rows) {
  const QuantizedMatrix matrix = numbers.packed();
  const Aligned<float> row_scales(kMostRows, 1);
  std::vector<float> expected;
  for (std::size_t row = 0; row < kMostRows; ++row) {
    for (std::size_t o = 0; o < numbers.outputs; ++o) {
      expected.push_back(static_cast<float>(exact_sum(numbers, o, rows.data() + row * numbers.inputs)));
    }
  }
  for (const std::size_t count : {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}) {
    const std::size_t size = count * numbers.outputs;
    std::vector<float> out(size, 3);
    kernels.multiply_s8(matrix, {rows.data(), row_scales.data(), count}, Finish::kAdd, out.data());
    for (float& value : out) value -= 3;
    ASSERT_TRUE(std::ranges::equal(out, std::span(expected).first(size))) << count << " rows added";
    kernels.multiply_s8(matrix, {rows.data(), row_scales.data(), count}, Finish::kStore, out.data());
    ASSERT_TRUE(std::ranges::equal(out, std::span(expected).first(size))) << count << " rows stored";
  }
}

TEST_P(EverySet, AddsUpIntegersExactly) {
  std::mt19937 random(1);
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    for (const std::size_t inputs : {16, 32, 48, 112, 384, 1536}) {
      for (const std::size_t outputs : {16, 32, 48, 64, 80, 208}) {
        if (inputs * outputs > 90'000) continue;
        Numbers numbers = random_numbers(outputs, inputs, additions, random);
        std::vector<std::uint8_t> rows(kMostRows * inputs);
        for (std::uint8_t& value : rows) value = static_cast<std::uint8_t>(1 + random() % 255);
        SCOPED_TRACE(std::to_string(inputs) + " inputs, " + std::to_string(outputs) + " outputs");
        ASSERT_NO_FATAL_FAILURE(expect_exact_sums(kernels(), numbers, rows));
      }
    }
  }
}

TEST_P(EverySet, NeverSaturatesWhereSumsAreLargest) {
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    Numbers numbers = extreme_numbers(48, 64, additions);
    for (int kind = 0; kind < 4; ++kind) {
      // All the largest; all the least; large where the first output is positive, and the other way round.
      std::vector<std::uint8_t> rows(kMostRows * numbers.inputs);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool positive = numbers.values[4 * numbers.inputs + i % numbers.inputs] > 0;
        rows[i] = kind == 0 || (kind == 2 && positive) || (kind == 3 && !positive) ? 255 : 1;
      }
      ASSERT_NO_FATAL_FAILURE(expect_exact_sums(kernels(), numbers, rows));
    }
  }
}

TEST_P(EverySet, GivesSumsTheirScalesAndBias) {
  std::mt19937 random(2);
  Numbers numbers = random_numbers(80, 96, Additions::kFour, random);
  for (float& value : numbers.scales) value = 0.001F + 0.01F * std::abs(random_floats(1, random)[0]);
  for (float& value : numbers.bias) value = random_floats(1, random)[0];
  std::vector<std::uint8_t> rows(kMostRows * numbers.inputs);
  for (std::uint8_t& value : rows) value = static_cast<std::uint8_t>(1 + random() % 255);
  std::vector<float> row_scales = random_floats(kMostRows, random, 0.05F);
  for (float& value : row_scales) value = std::abs(value);
  const std::vector<float> before = random_floats(kMostRows * numbers.outputs, random);
  const QuantizedMatrix matrix = numbers.packed();
  for (const Finish finish : {Finish::kStore, Finish::kAdd}) {
    std::vector<float> out = before;
    kernels().multiply_s8(matrix, {rows.data(), row_scales.data(), kMostRows}, finish, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t row = i / numbers.outputs, o = i % numbers.outputs;
      const double product = static_cast<double>(exact_sum(numbers, o, rows.data() + row * numbers.inputs)) *
                             numbers.scales[o] * row_scales[row];
      const double expected = product + numbers.bias[o] + (finish == Finish::kAdd ? before[i] : 0);
      ASSERT_NEAR(out[i], expected, 5e-7 * (std::abs(product) + 2)) << "at " << i;
    }
  }
}

TEST_P(EverySet, MultipliesFloats) {
  std::mt19937 random(3);
  for (const auto& [inputs, outputs] : {std::pair{16, 16}, {32, 48}, {48, 16}, {384, 64}, {1536, 32}, {64, 208}}) {
    const Reals reals(static_cast<std::size_t>(outputs), static_cast<std::size_t>(inputs), random);
    const auto rows = random_floats(kMostRows * reals.inputs, random);
    const auto before = random_floats(kMostRows * reals.outputs, random);
    for (std::size_t count = 1; count <= kMostRows; ++count) {
      const Finish finish = count % 2 == 0 ? Finish::kStore : Finish::kAdd;
      std::vector<float> out(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(count * reals.outputs));
      kernels().multiply_f32(reals.packed(), rows.data(), count, finish, out.data());
      for (std::size_t at = 0; at < out.size(); ++at) {
        const std::size_t row = at / reals.outputs, o = at % reals.outputs;
        double expected = reals.bias[o] + (finish == Finish::kAdd ? before[at] : 0.0), size = std::abs(expected);
        for (std::size_t i = 0; i < reals.inputs; ++i) {
          const double product = static_cast<double>(rows[row * reals.inputs + i]) * reals.values[o * reals.inputs + i];
          expected += product;
          size += std::abs(product);
        }
        ASSERT_NEAR(out[at], expected, 5e-7 * size) << count << " rows, " << inputs << " x " << outputs << " at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace jackdaw::inference
