#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace jackdaw::index {

// One bit for each dimension of a row, in blocks of 32 rows: a block has `quads` / 2 times 32 bytes, and byte r of the
// p-th 32 holds four bits of row r for the dimensions from 8p on in its lower half, for the next four in its upper
// half. So one instruction looks four bits of all rows of a block up in a table (André, Kermarrec, Le Scouarnec 2015).
inline constexpr std::size_t kSignRows = 32;
// Sums of more numbers would not fit into 16 bits.
inline constexpr std::size_t kMostSignDimensions = 4096;
// What a query holds for each dimension: a whole number of four bits.
inline constexpr unsigned kLargestSignNumber = 15;

// The sums of a query's numbers for each of the 16 values of four bits, for each four dimensions; each table twice, as
// the two halves of a vector register have it.
class SignTables {
 public:
  // Of as many numbers, each at most kLargestSignNumber, as there are dimensions: a multiple of 64.
  explicit SignTables(std::span<const std::uint8_t> numbers);

  std::size_t quads() const noexcept { return tables_.size() / 32; }
  const std::uint8_t* data() const noexcept { return tables_.data(); }

 private:
  std::vector<std::uint8_t> tables_;
};

// For each of the kSignRows rows of a block: the sum of the query's numbers where the row's bit is 1. Exact, so the
// same on every path.
using SignDotKernel = void (*)(const SignTables& tables, const std::uint8_t* block, std::int32_t* dots);

struct SignPath {
  std::string_view name;  // "avx2", "portable"
  SignDotKernel dot;
};

// The paths that this machine can run, fastest first; the last one is portable C++. Found out once. Thread-safe.
std::span<const SignPath> sign_paths();

}  // namespace jackdaw::index
