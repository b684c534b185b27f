#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/ids.h"
#include "index/float_rows.h"
#include "index/int8_codes.h"
#include "index/int8_kernels.h"
#include "index/row_set.h"
#include "index/sign_codes.h"
#include "index/sign_kernels.h"
#include "index/top_k.h"

namespace jackdaw::index {

// How many rows are scored before their scores are compared with the threshold.
inline constexpr std::size_t kRowsPerBlock = 256;

// One search among int8 codes. Blocks of rows are taken, in any order; of each row the codes give bounds of its exact
// score (Int8Query). A row stays a candidate while its upper bound reaches the k-th highest lower bound of all rows, so
// no row of the exact best k is ever lost. At last the candidates are scored exactly, those with the highest bounds
// first, until no bound reaches the k-th best exact score. Not shared between threads.
class Int8Search {
 public:
  // What `best` keeps already counts.
  Int8Search(std::span<const float> query, const Int8Codes& codes, const TopK& best, const Int8Path& path);

  // At most kRowsPerBlock rows, each only once.
  void take(std::span<const std::uint32_t> rows);

  // Offers the exact scores of all rows that can be among the best.
  void finish(const FloatRows& floats, std::span<const ChunkId> chunks, TopK& best);

 private:
  struct Candidate {
    float upper;
    std::uint32_t row;
  };

  void keep(std::uint32_t row, float upper, float lower);
  void score(std::span<const Candidate> four, const FloatRows& floats, std::span<const ChunkId> chunks, TopK& best);

  const std::span<const float> query_;
  const Int8Codes& codes_;
  const Int8Path& path_;
  const Int8Query bounds_;
  const std::size_t limit_;
  float threshold_;                // upper bounds below it cannot be among the best
  std::vector<float> lower_ones_;  // the `limit_` highest lower bounds; the lowest one first (a heap)
  std::vector<Candidate> candidates_;
  std::vector<float> scratch_;
};

// The rows of a set (null: all) whose estimated inner products with the query are highest, at least `count` of them
// where there are as many, ascending.
std::vector<std::uint32_t> likely_rows(std::span<const float> query, const SignCodes& codes, const RowSet* allowed,
                                       std::size_t count, const SignPath& signs, SelectKernel select);

// The rows of a set (null: all of `rows`) in blocks of at most kRowsPerBlock, ascending.
template <class Take>
void for_each_block(std::size_t rows, const RowSet* allowed, Take take) {
  std::uint32_t block[kRowsPerBlock];
  std::size_t held = 0;
  const auto flush = [&] {
    if (held > 0) take(std::span<const std::uint32_t>(block, held));
    held = 0;
  };
  for (std::size_t begin = 0; begin < rows; begin += RowSet::kWordBits) {
    const std::size_t end = rows - begin < RowSet::kWordBits ? rows : begin + RowSet::kWordBits;
    std::uint64_t bits = allowed != nullptr ? allowed->words()[begin / RowSet::kWordBits] : ~std::uint64_t{0};
    if (held + RowSet::kWordBits > kRowsPerBlock) flush();
    if (bits == ~std::uint64_t{0}) {
      for (std::size_t row = begin; row < end; ++row) block[held++] = static_cast<std::uint32_t>(row);
      continue;
    }
    for (; bits != 0; bits &= bits - 1) {
      block[held++] = static_cast<std::uint32_t>(begin) + static_cast<std::uint32_t>(std::countr_zero(bits));
    }
  }
  flush();
}

}  // namespace jackdaw::index
