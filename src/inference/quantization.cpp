#include "inference/quantization.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "inference/kernels.h"

namespace jackdaw::inference {
namespace {

constexpr float kLargest = 127;
using Places = std::span<const std::size_t>;

// Places, within a step, of the numbers that meet in one sum.
constexpr std::array<std::size_t, kDepthStep> kOrder{0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15};

std::vector<Places> groups_of(Additions additions) {
  const std::size_t size = 2 * static_cast<std::size_t>(additions);
  std::vector<Places> groups;
  for (std::size_t first = 0; first < kDepthStep; first += size) {
    groups.push_back(Places(kOrder).subspan(first, size));
  }
  return groups;
}

float largest_of(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

struct GroupSums {
  float positive = 0;
  float negative = 0;  // of the absolute values
};

GroupSums sums_of(const float* step, Places places, float by) {
  GroupSums sums;
  for (const std::size_t place : places) {
    const float value = step[place] * by;
    (value > 0 ? sums.positive : sums.negative) += std::abs(value);
  }
  return sums;
}

// The scale on which no group is too large, but for what rounding adds.
float scale_without_cutting(std::span<const float> weights, float finest, std::span<const Places> groups) {
  float largest = 0;
  for (std::size_t k = 0; k < weights.size(); k += kDepthStep) {
    for (const Places places : groups) {
      // Divided first: a sum of weights may be more than a float holds.
      const GroupSums sums = sums_of(weights.data() + k, places, 1.0F / kMaxGroupSum);
      largest = std::max({largest, sums.positive, sums.negative});
    }
  }
  return std::max(finest, largest);
}

// Moves numbers of one sign towards zero until their sum fits; of several, always the one that loses least by it.
void cut(std::span<float> numbers, std::span<const float> exact, Places places, float sign) {
  float sum = 0;
  for (const std::size_t place : places) sum += std::max(0.0F, sign * numbers[place]);
  for (; sum > kMaxGroupSum; --sum) {
    std::size_t best = places[0];
    float least = std::numeric_limits<float>::infinity();
    for (const std::size_t place : places) {
      if (sign * numbers[place] <= 0) continue;
      const float loss = sign * (exact[place] - numbers[place]);
      if (loss < least) {
        least = loss;
        best = place;
      }
    }
    numbers[best] -= sign;
  }
}

// The squared error, in units of the weights, on this scale.
double round_on(float scale, std::span<const float> weights, std::span<const Places> groups,
                std::span<std::int8_t> out) {
  double error = 0;
  std::array<float, kDepthStep> exact;
  std::array<float, kDepthStep> numbers;
  for (std::size_t k = 0; k < weights.size(); k += kDepthStep) {
    for (std::size_t i = 0; i < kDepthStep; ++i) {
      exact[i] = weights[k + i] / scale;
      numbers[i] = std::clamp(std::nearbyint(exact[i]), -kLargest, kLargest);
    }
    for (const Places places : groups) {
      cut(numbers, exact, places, 1);
      cut(numbers, exact, places, -1);
    }
    for (std::size_t i = 0; i < kDepthStep; ++i) {
      const double off = exact[i] - numbers[i];
      error += off * off;
      out[k + i] = static_cast<std::int8_t>(numbers[i]);
    }
  }
  return error * scale * scale;
}

}  // namespace

float quantize_row(std::span<const float> values, std::span<std::int8_t> numbers) {
  const float scale = largest_of(values) / kLargest;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float exact = scale > 0 ? values[i] / scale : 0;
    // A denormal scale is itself far from exact.
    numbers[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(exact), -kLargest, kLargest));
  }
  return scale;
}

float quantize_output(std::span<const float> weights, std::span<std::int8_t> numbers, Additions additions) {
  const float finest = largest_of(weights) / kLargest;
  if (!(finest > 0)) {
    std::ranges::fill(numbers, std::int8_t{0});
    return 0;
  }
  const std::vector<Places> groups = groups_of(additions);
  const float coarsest = scale_without_cutting(weights, finest, groups);
  std::vector<std::int8_t> tried(numbers.size());
  double least = std::numeric_limits<double>::infinity();
  float best = coarsest;
  for (const float part : {1.0F, 0.96F, 0.92F, 0.88F, 0.84F, 0.80F, 0.76F, 0.72F}) {
    const float scale = std::max(finest, coarsest * part);
    const double error = round_on(scale, weights, groups, tried);
    if (error < least) {
      least = error;
      best = scale;
      std::ranges::copy(tried, numbers.begin());
    }
    if (scale == finest) break;
  }
  return best;
}

int largest_group_sum(std::span<const std::int8_t> numbers, Additions additions) {
  const std::vector<Places> groups = groups_of(additions);
  int largest = 0;
  for (std::size_t k = 0; k + kDepthStep <= numbers.size(); k += kDepthStep) {
    for (const Places places : groups) {
      int positive = 0;
      int negative = 0;
      for (const std::size_t place : places) {
        const int number = numbers[k + place];
        (number > 0 ? positive : negative) += std::abs(number);
      }
      largest = std::max({largest, positive, negative});
    }
  }
  return largest;
}

}  // namespace jackdaw::inference
