#include "index/sign_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "index/sign_kernels.h"

namespace jackdaw::index {
namespace {

constexpr std::size_t kWordBits = 64;
constexpr float kLargestNumber = (1U << kSignPlanes) - 1;

std::vector<float> mean_of(const Int8Codes& codes, std::size_t padded) {
  std::vector<double> sums(padded);
  for (std::size_t row = 0; row < codes.rows(); ++row) {
    const auto bytes = codes.row(row);
    const double scale = codes.scales[row];
    for (std::size_t i = 0; i < padded; ++i) sums[i] += scale * bytes[i];
  }
  std::vector<float> mean(padded);
  const double rows = std::max<double>(1, static_cast<double>(codes.rows()));
  std::transform(sums.begin(), sums.end(), mean.begin(), [&](double sum) { return static_cast<float>(sum / rows); });
  return mean;
}

}  // namespace

static_assert(kInt8Lanes == kWordBits, "a row of int8 codes is padded like a row of signs");

SignCodes::SignCodes(std::size_t dimensions, std::size_t rows)
    : bits(padded(dimensions) / kWordBits * rows), factors(rows), excesses(rows), mean(padded(dimensions)) {}

SignCodes SignCodes::of(const Int8Codes& codes, std::size_t dimensions) {
  SignCodes made(dimensions, codes.rows());
  made.mean = mean_of(codes, padded(dimensions));
  const Rotation rotation(padded(dimensions));
  std::vector<float> floats(padded(dimensions));
  for (std::size_t row = 0; row < codes.rows(); ++row) {
    const auto bytes = codes.row(row);
    for (std::size_t i = 0; i < floats.size(); ++i) {
      floats[i] = codes.scales[row] * static_cast<float>(bytes[i]) - made.mean[i];
    }
    made.encode(row, rotation, floats);
  }
  return made;
}

void SignCodes::encode(std::size_t row, const Rotation& rotation, std::span<float> floats) {
  rotation.turn(floats);
  std::uint64_t* const out = bits.data() + row * words();
  double squares = 0;
  double magnitudes = 0;
  int ones = 0;
  for (std::size_t w = 0; w < words(); ++w) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < kWordBits; ++i) {
      const float value = floats[w * kWordBits + i];
      word |= std::uint64_t{value > 0} << i;
      squares += static_cast<double>(value) * static_cast<double>(value);
      magnitudes += std::fabs(static_cast<double>(value));
    }
    out[w] = word;
    ones += std::popcount(word);
  }
  const double factor = magnitudes > 0 ? squares / magnitudes : 0;
  factors[row] = static_cast<float>(factor);
  excesses[row] = static_cast<float>(factor * (2.0 * ones - static_cast<double>(floats.size())));
}

// With rotated q_i about low + step * n_i, and b_i = 1 or -1:  <q, b> = low * sum b_i + step * (2 * dot - sum n_i),
// where dot sums the n_i of the bits that are 1.
SignQuery::SignQuery(std::span<const float> query, const SignCodes& codes)
    : planes_(kSignPlanes * codes.words()), mean_score_(0) {
  std::vector<float> turned(codes.mean.size());
  std::copy(query.begin(), query.end(), turned.begin());
  for (std::size_t i = 0; i < turned.size(); ++i) mean_score_ += turned[i] * codes.mean[i];
  Rotation(turned.size()).turn(turned);
  const auto [lowest, highest] = std::minmax_element(turned.begin(), turned.end());
  const float range = *highest - *lowest;
  // Floats near the largest one leave no estimate: all rows are then as good as each other.
  if (!std::isfinite(range)) return;
  const float low = *lowest;
  const float step = range / kLargestNumber;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < turned.size(); ++i) {
    const float number = step > 0 ? std::clamp(std::nearbyint((turned[i] - low) / step), 0.0F, kLargestNumber) : 0;
    const auto whole = static_cast<std::uint64_t>(number);
    sum += whole;
    for (std::size_t p = 0; p < kSignPlanes; ++p) {
      planes_[p * codes.words() + i / kWordBits] |= (whole >> p & 1) << (i % kWordBits);
    }
  }
  estimate_ = {.slope = 2 * step, .offset = -step * static_cast<float>(sum), .weight = low};
}

}  // namespace jackdaw::index
