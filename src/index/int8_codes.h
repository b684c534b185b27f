#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "index/int8_kernels.h"
#include "index/large_array.h"

namespace jackdaw::index {

// Rows of floats as bytes, 7 bits and a sign for each float: row r is about scales[r] times its codes, where the
// largest float is 127 or -127. How far that is from the row is known, so a search among the codes can say of each row
// within which bounds its exact score lies (Int8Query).
struct Int8Codes {
  Int8Codes() = default;
  Int8Codes(std::size_t dimensions, std::size_t rows);

  std::size_t rows() const noexcept { return scales.size(); }
  Int8Rows kernel_rows() const noexcept { return {codes.data(), sums.data(), stride}; }
  std::span<std::int8_t> row(std::size_t row) noexcept { return {codes.data() + row * stride, stride}; }
  std::span<const std::int8_t> row(std::size_t row) const noexcept { return {codes.data() + row * stride, stride}; }

  // Makes the codes of one row of finite floats.
  void quantize(std::size_t row, std::span<const float> floats) noexcept;
  // Takes a row over from codes of the same dimensions.
  void copy(std::size_t row, const Int8Codes& from, std::size_t from_row) noexcept;

  // Whether quantize() could have made them all, as far as that can be seen without the floats.
  bool are_sound(std::size_t dimensions) const noexcept;

  std::size_t stride = 0;         // bytes of a row; those past the dimensions are 0
  LargeArray<std::int8_t> codes;  // -127 to 127
  LargeArray<float> scales;       // finite, not negative
  // Not below |row - scale * codes| (Euclidean) and what rounding adds, for a query of length 1; infinite for a row
  // near the largest floats.
  LargeArray<float> slacks;
  LargeArray<std::int32_t> sums;  // of each row's codes
};

// A query against such codes. For a row whose dot product of whole numbers with the query is `dot`, the score that the
// fp32 kernels of inner_product.h give lies between lower() and upper():
//
//   <q, x> - qs * xs * dot = <q, x - xs * c> + <q - qs * n, xs * c>
//                         <= |q| |x - xs * c| + |q - qs * n| * xs * |c|      (Cauchy-Schwarz)
//
// with q = qs * n + what was rounded away (15 bits), x = xs * c + what was rounded away, |c| <= 127 sqrt(stride). The
// slacks and the offset also bound what floating-point arithmetic rounds, here and in the kernels.
class Int8Query {
 public:
  // The floats are finite.
  Int8Query(std::span<const float> query, std::size_t stride);

  const Int8QueryNumbers& numbers() const noexcept { return numbers_; }
  // The exact score is at most upper().of(...) + tiny(), and at least lower().of(...) - tiny().
  const RowValue& upper() const noexcept { return upper_; }
  const RowValue& lower() const noexcept { return lower_; }
  // What sums of numbers too small for their precision may lose.
  float tiny() const noexcept { return tiny_; }

 private:
  struct Rounded;
  Int8Query(const Rounded& rounded, std::size_t stride);

  Int8QueryNumbers numbers_;
  RowValue upper_;
  RowValue lower_;
  float tiny_;
};

}  // namespace jackdaw::index
