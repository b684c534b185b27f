#include "index/int8_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace jackdaw::index {
namespace {

constexpr float kLargestCode = 127;
constexpr double kHalfUlp = 0x1p-24;  // relative error of one rounded operation
constexpr double kDenormalStep = 0x1p-149;

// To the nearest whole number, of a float of at most 2^22: where the last bit of the sum stands for 1.
float nearest_whole(float value) {
  constexpr float kUnitInLastPlace = 0x1.8p23F;
  return (value + kUnitInLastPlace) - kUnitInLastPlace;
}

float rounded_up(double value) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (value >= static_cast<double>(std::numeric_limits<float>::max())) return kInfinity;
  return std::nextafter(static_cast<float>(value), kInfinity);
}

float largest_magnitude(std::span<const float> floats) {
  float largest = 0;
  for (const float value : floats) largest = std::max(largest, std::fabs(value));
  return largest;
}

// Of sums of as many products, in any order, with or without fused operations: relative to the product of the lengths
// (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), with room for the few operations that bounds take.
double rounding_of(std::size_t stride) {
  return static_cast<double>(stride + 32) * kHalfUlp;
}

}  // namespace

Int8Codes::Int8Codes(std::size_t dimensions, std::size_t rows)
    : stride(int8_stride(dimensions)), codes(stride * rows), scales(rows), slacks(rows), sums(rows) {}

void Int8Codes::quantize(std::size_t row, std::span<const float> floats) noexcept {
  const std::span<std::int8_t> out = this->row(row);
  const float largest = largest_magnitude(floats);
  const float inverse = kLargestCode / largest;
  // Of floats so small that their inverse is none all codes are 0: the slack says it all.
  const bool is_tiny = !std::isfinite(inverse);
  const float scale = is_tiny ? 0 : largest / kLargestCode;
  std::int32_t sum = 0;
  double error = 0;
  double length = 0;
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const float code = is_tiny ? 0 : std::clamp(nearest_whole(floats[i] * inverse), -kLargestCode, kLargestCode);
    out[i] = static_cast<std::int8_t>(code);
    sum += out[i];
    const double value = floats[i];
    const double left = value - static_cast<double>(scale) * static_cast<double>(code);
    error += left * left;
    length += value * value;
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(floats.size()), out.end(), std::int8_t{0});
  scales[row] = scale;
  sums[row] = sum;
  slacks[row] = rounded_up(std::sqrt(error) + rounding_of(stride) * (std::sqrt(length) + std::sqrt(error)));
}

void Int8Codes::copy(std::size_t row, const Int8Codes& from, std::size_t from_row) noexcept {
  const auto source = from.row(from_row);
  std::copy(source.begin(), source.end(), this->row(row).begin());
  scales[row] = from.scales[from_row];
  slacks[row] = from.slacks[from_row];
  sums[row] = from.sums[from_row];
}

bool Int8Codes::are_sound(std::size_t dimensions) const noexcept {
  for (std::size_t row = 0; row < rows(); ++row) {
    const auto own = this->row(row);
    std::int32_t sum = 0;
    std::int8_t lowest = 0;
    for (const std::int8_t code : own) {
      sum += code;
      lowest = std::min(lowest, code);
    }
    const auto padding = own.subspan(dimensions);
    const bool is_sound = sum == sums[row] && lowest >= -127 && scales[row] >= 0 && std::isfinite(scales[row]) &&
                          slacks[row] >= 0 &&
                          std::all_of(padding.begin(), padding.end(), [](int code) { return code == 0; });
    if (!is_sound) return false;
  }
  return true;
}

struct Int8Query::Rounded {
  Rounded(std::span<const float> query, std::size_t stride) : numbers(query.size()) {
    const auto most = static_cast<float>(largest_query_number(stride));
    const float largest = largest_magnitude(query);
    const float inverse = most / largest;
    const bool is_tiny = !std::isfinite(inverse);
    scale = is_tiny ? 0 : largest / most;
    for (std::size_t i = 0; i < query.size(); ++i) {
      const float number = is_tiny ? 0 : std::clamp(nearest_whole(query[i] * inverse), -most, most);
      numbers[i] = static_cast<std::int16_t>(number);
      const double left = static_cast<double>(query[i]) - static_cast<double>(scale) * static_cast<double>(number);
      error += left * left;
      length += static_cast<double>(query[i]) * static_cast<double>(query[i]);
    }
    error = std::sqrt(error);
    length = std::sqrt(length);
  }

  std::vector<std::int16_t> numbers;
  float scale = 0;
  double error = 0;   // Euclidean
  double length = 0;  // Euclidean
};

Int8Query::Int8Query(std::span<const float> query, std::size_t stride) : Int8Query(Rounded(query, stride), stride) {}

Int8Query::Int8Query(const Rounded& rounded, std::size_t stride) : numbers_(rounded.numbers) {
  const double longest_codes = static_cast<double>(kLargestCode) * std::sqrt(static_cast<double>(stride));
  const float offset = rounded_up(longest_codes * (rounded.error + 8 * kHalfUlp * (rounded.length + rounded.error)));
  const float weight = rounded_up(rounded.length);
  upper_ = {.slope = rounded.scale, .offset = offset, .weight = weight};
  lower_ = {.slope = rounded.scale, .offset = -offset, .weight = -weight};
  tiny_ = static_cast<float>(static_cast<double>(stride + 32) * kDenormalStep);
}

}  // namespace jackdaw::index
