#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cancellation.h"
#include "index/int8_codes.h"
#include "index/large_array.h"
#include "index/rotation.h"
#include "index/sign_kernels.h"

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

  // Of the blocks of bits for so many rows.
  static constexpr std::uint64_t bit_bytes(std::uint64_t dimensions, std::uint64_t rows) noexcept {
    return padded(dimensions) / 8 * ((rows + kSignRows - 1) / kSignRows * kSignRows);
  }

  // Without rows.
  SignCodes() = default;
  // Room for what a file holds.
  SignCodes(std::size_t dimensions, std::size_t rows);
  // Of all rows of those codes. Checks `cancellation` often and throws what it says.
  static SignCodes of(const Int8Codes& codes, std::size_t dimensions,
                      const Cancellation& cancellation = Cancellation());

  // These rows of others, one after another.
  SignCodes(const SignCodes& from, std::span<const std::uint32_t> rows);

  std::size_t rows() const noexcept { return factors.size(); }
  // Whether all numbers are finite, as those of any rows are.
  bool are_sound() const noexcept;
  // Where the bits of 32 rows lie, from that row on.
  const std::uint8_t* block(std::size_t first_row) const noexcept { return bits.data() + first_row * row_bytes(); }
  std::size_t row_bytes() const noexcept { return mean.size() / 8; }

  LargeArray<std::uint8_t> bits;  // blocks as sign_kernels.h has them; the last one is filled up with rows of zeros
  LargeArray<float> factors;
  LargeArray<float> excesses;  // factor * (how many more bits of the row are 1 than 0)
  std::vector<float> mean;     // not rotated, padded

 private:
  void encode(std::size_t row, std::span<const float> turned);
  std::uint8_t& byte(std::size_t row, std::size_t eight) noexcept;
};

// A query against sign codes: whole numbers of four bits for each rotated dimension, and what makes an estimate of
// them.
class SignQuery {
 public:
  SignQuery(std::span<const float> query, const SignCodes& codes);

  const SignTables& tables() const noexcept { return tables_; }
  // The estimate for a row less <q, mean>, of dot, factor, excess (RowValue::of).
  const RowValue& estimate() const noexcept { return estimate_; }

 private:
  struct Numbers;
  explicit SignQuery(const Numbers& numbers);

  SignTables tables_;
  RowValue estimate_;
};

}  // namespace jackdaw::index
