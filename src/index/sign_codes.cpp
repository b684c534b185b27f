#include "index/sign_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "index/often.h"

namespace jackdaw::index {
namespace {

constexpr std::size_t kRowsAtOnce = 8;  // EightFloats

std::vector<float> mean_of(const Int8Codes& codes, std::size_t padded, const Cancellation& cancellation) {
  std::vector<double> sums(padded);
  for (std::size_t row = 0; row < codes.rows(); ++row) {
    check_often(row, cancellation);
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

SignCodes::SignCodes(std::size_t dimensions, std::size_t rows)
    : bits(bit_bytes(dimensions, rows)), factors(rows), excesses(rows), mean(padded(dimensions)) {}

SignCodes::SignCodes(const SignCodes& from, std::span<const std::uint32_t> rows)
    : SignCodes(from.mean.size(), rows.size()) {
  mean = from.mean;
  std::fill_n(bits.data(), bits.size(), std::uint8_t{0});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::size_t source = rows[row];
    const std::uint8_t* const block = from.block(source / kSignRows * kSignRows);
    for (std::size_t eight = 0; eight < row_bytes(); ++eight) {
      byte(row, eight) = block[eight * kSignRows + source % kSignRows];
    }
    factors[row] = from.factors[source];
    excesses[row] = from.excesses[source];
  }
}

std::uint8_t& SignCodes::byte(std::size_t row, std::size_t eight) noexcept {
  return bits[row / kSignRows * kSignRows * row_bytes() + eight * kSignRows + row % kSignRows];
}

bool SignCodes::are_sound() const noexcept {
  const auto are_finite = [](std::span<const float> numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](float number) { return std::isfinite(number); });
  };
  return are_finite(mean) && are_finite(factors.all()) && are_finite(excesses.all());
}

SignCodes SignCodes::of(const Int8Codes& codes, std::size_t dimensions, const Cancellation& cancellation) {
  SignCodes made(dimensions, codes.rows());
  std::fill_n(made.bits.data(), made.bits.size(), std::uint8_t{0});
  const std::size_t width = padded(dimensions);
  made.mean = mean_of(codes, width, cancellation);
  const Rotation rotation(width);
  std::vector<EightFloats> eight(width);
  std::vector<float> turned(width);
  for (std::size_t begin = 0; begin < codes.rows(); begin += kRowsAtOnce) {
    check_often(begin, cancellation);
    const std::size_t count = std::min(kRowsAtOnce, codes.rows() - begin);
    for (std::size_t lane = 0; lane < count; ++lane) {
      const auto bytes = codes.row(begin + lane);
      const float scale = codes.scales[begin + lane];
      for (std::size_t i = 0; i < width; ++i) eight[i][lane] = scale * static_cast<float>(bytes[i]) - made.mean[i];
    }
    rotation.turn(eight);
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (std::size_t i = 0; i < width; ++i) turned[i] = eight[i][lane];
      made.encode(begin + lane, turned);
    }
  }
  return made;
}

void SignCodes::encode(std::size_t row, std::span<const float> turned) {
  double squares = 0;
  double magnitudes = 0;
  int ones = 0;
  for (std::size_t eight = 0; eight < row_bytes(); ++eight) {
    unsigned bits_of_eight = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const float value = turned[8 * eight + bit];
      bits_of_eight |= unsigned{value > 0} << bit;
      squares += static_cast<double>(value) * static_cast<double>(value);
      magnitudes += std::fabs(static_cast<double>(value));
    }
    byte(row, eight) = static_cast<std::uint8_t>(bits_of_eight);
    ones += std::popcount(bits_of_eight);
  }
  // Of floats near the largest one the sums are infinite, and there is no estimate.
  const double exact = magnitudes > 0 ? squares / magnitudes : 0;
  const double most = std::numeric_limits<float>::max() / static_cast<float>(turned.size());
  const double factor = exact <= most ? exact : 0;
  factors[row] = static_cast<float>(factor);
  excesses[row] = static_cast<float>(factor * (2.0 * ones - static_cast<double>(turned.size())));
}

// With rotated q_i about low + step * n_i, and b_i = 1 or -1:  <q, b> = low * sum b_i + step * (2 * dot - sum n_i),
// where dot sums the n_i of the bits that are 1.
struct SignQuery::Numbers {
  Numbers(std::span<const float> query, std::size_t width) : numbers(width) {
    std::vector<float> turned(width);
    std::copy(query.begin(), query.end(), turned.begin());
    Rotation(width).turn(turned);
    const auto [lowest, highest] = std::minmax_element(turned.begin(), turned.end());
    const float range = *highest - *lowest;
    // Floats near the largest one leave no estimate: all rows are then as good as each other.
    if (!std::isfinite(range)) return;
    const float low = *lowest;
    const float step = range / static_cast<float>(kLargestSignNumber);
    unsigned sum = 0;
    for (std::size_t i = 0; i < width && step > 0; ++i) {
      const float number = (turned[i] - low) / step + 0.5F;
      numbers[i] = static_cast<std::uint8_t>(std::min(number, static_cast<float>(kLargestSignNumber)));
      sum += numbers[i];
    }
    estimate = {.slope = 2 * step, .offset = -step * static_cast<float>(sum), .weight = low};
  }

  std::vector<std::uint8_t> numbers;
  RowValue estimate;
};

SignQuery::SignQuery(std::span<const float> query, const SignCodes& codes)
    : SignQuery(Numbers(query, codes.mean.size())) {}

SignQuery::SignQuery(const Numbers& numbers) : tables_(numbers.numbers), estimate_(numbers.estimate) {}

}  // namespace jackdaw::index
