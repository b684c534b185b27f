#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/int8_codes.h"
#include "index/large_array.h"
#include "index/rotation.h"

namespace jackdaw::index {

// Rows as one bit for each dimension, and an estimate of their inner products with a query, by the method of RaBitQ
// (Gao, Long 2024): of a row less the mean of its segment, rotated (rotation.h), the signs b are kept, and
//
//   <q, x> is about <q, mean> + factor * <rotated q, b>,    factor = |x - mean|^2 / sum of |rotated (x - mean)|
//
// An estimate's error is about 0.75 |x - mean| |q| / sqrt(dimensions): good enough to choose a few thousand of a
// million rows, whose better scores are then computed. Made of int8 codes, so that a merge need not read floats.
class SignCodes {
 public:
  // A rotation takes whole words of bits; the dimensions past the rows' own are 0 before it.
  static constexpr std::size_t padded(std::size_t dimensions) noexcept { return (dimensions + 63) / 64 * 64; }

  // Without rows.
  SignCodes() = default;
  // Room for what a file holds.
  SignCodes(std::size_t dimensions, std::size_t rows);
  // Of all rows of those codes.
  static SignCodes of(const Int8Codes& codes, std::size_t dimensions);

  std::size_t rows() const noexcept { return factors.size(); }
  std::size_t words() const noexcept { return mean.size() / 64; }

  LargeArray<std::uint64_t> bits;  // words() for each row
  LargeArray<float> factors;
  LargeArray<float> excesses;  // factor * (how many more bits of the row are 1 than 0)
  std::vector<float> mean;     // not rotated, padded

 private:
  void encode(std::size_t row, const Rotation& rotation, std::span<float> floats);
};

// A query against sign codes: whole numbers of four bits for each rotated dimension, and what makes an estimate of
// them.
class SignQuery {
 public:
  SignQuery(std::span<const float> query, const SignCodes& codes);

  const std::uint64_t* planes() const noexcept { return planes_.data(); }
  // The estimate for a row, of dot, factor, excess (RowValue::of).
  const RowValue& estimate() const noexcept { return estimate_; }
  // What all estimates lack: <q, mean>.
  float mean_score() const noexcept { return mean_score_; }

 private:
  std::vector<std::uint64_t> planes_;
  RowValue estimate_;
  float mean_score_;
};

}  // namespace jackdaw::index
