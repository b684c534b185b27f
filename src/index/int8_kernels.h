#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace jackdaw::index {

// Rows of signed bytes, one after another. `stride` is a multiple of kInt8Lanes, bytes past the dimensions are 0, and
// the first one lies at the beginning of a cache line.
inline constexpr std::size_t kInt8Lanes = 64;

struct Int8Rows {
  const std::int8_t* codes = nullptr;
  const std::int32_t* sums = nullptr;  // of each row's codes
  std::size_t stride = 0;
};

constexpr std::size_t int8_stride(std::size_t dimensions) noexcept {
  return (dimensions + kInt8Lanes - 1) / kInt8Lanes * kInt8Lanes;
}

// The largest whole number that a query may hold, so that no inner product with a row, whatever its bytes, leaves 32
// bits.
constexpr std::int32_t largest_query_number(std::size_t stride) noexcept {
  const std::size_t most = ((std::size_t{1} << 31) - 1) / (128 * stride);
  return most > 32767 ? 32767 : static_cast<std::int32_t>(most);
}

// A query as the kernels take it: whole numbers of at most largest_query_number(), and the same plus 32768 as two
// unsigned bytes each, since VNNI multiplies unsigned with signed bytes.
class Int8QueryNumbers {
 public:
  // Zeros are put behind the numbers up to the stride.
  explicit Int8QueryNumbers(std::span<const std::int16_t> numbers);

  std::size_t stride() const noexcept { return numbers_.size(); }
  const std::int16_t* numbers() const noexcept { return numbers_.data(); }
  const std::uint8_t* high() const noexcept { return bytes_.data(); }
  const std::uint8_t* low() const noexcept { return bytes_.data() + numbers_.size(); }

 private:
  std::vector<std::int16_t> numbers_;
  std::vector<std::uint8_t> bytes_;  // all high ones, then all low ones
};

// The inner products of the query with `count` rows, which may come in any order; exact, so the same on every path.
// While it reads four rows it fetches the next four, at last those behind the last one.
using Int8DotKernel = void (*)(const Int8QueryNumbers& query, const Int8Rows& rows, const std::uint32_t* wanted,
                               std::size_t count, std::int32_t* dots);

// A value that is linear in an inner product and in two numbers of its row:
//   scale * (slope * dot + offset) + weight * slack
struct RowValue {
  float slope = 0;
  float offset = 0;
  float weight = 0;

  float of(std::int32_t dot, float scale, float slack) const noexcept {
    return scale * (slope * static_cast<float>(dot) + offset) + weight * slack;
  }
};

// Writes the places, ascending, where the value is not below `limit` (a value that is no number counts as not below),
// and says how many. `places` has room for `count`.
using SelectKernel = std::size_t (*)(const std::int32_t* dots, const float* scales, const float* slacks,
                                     std::size_t count, const RowValue& value, float limit, std::uint32_t* places);

struct Int8Path {
  std::string_view name;  // "avx512-vnni", "avx-vnni", "avx2", "portable"
  Int8DotKernel dot;
  SelectKernel select;
};

// The paths that this machine can run, fastest first; the last one is portable C++. Found out once. Thread-safe.
std::span<const Int8Path> int8_paths();

}  // namespace jackdaw::index
