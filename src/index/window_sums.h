#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "index/row_set.h"

namespace jackdaw::index {

// Rows are scored in windows of so many, whose sums stay in the first-level cache.
inline constexpr std::size_t kWindowRows = 1024;
static_assert(kWindowRows % RowSet::kWordBits == 0);

// The sums of one window's rows, and which rows have one.
class WindowSums {
 public:
  // `rows` are of the window that begins at row `begin`.
  void add(std::size_t begin, std::span<const std::uint32_t> rows, const double* scores) noexcept {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t place = rows[i] - begin;
      sums_[place] += scores[i];
      touched_[place / RowSet::kWordBits] |= std::uint64_t{1} << (place % RowSet::kWordBits);
    }
  }

  // Calls take(row, sum) for each touched row that is allowed, in row order, and forgets all. `begin` is a multiple of
  // kWindowRows.
  template <class Take>
  void drain(std::size_t begin, const RowSet* allowed, Take take) {
    for (std::size_t word = 0; word < touched_.size(); ++word) {
      std::uint64_t wanted = std::exchange(touched_[word], 0);
      if (wanted == 0) continue;
      const std::size_t first = begin + word * RowSet::kWordBits;
      double* sums = sums_.data() + word * RowSet::kWordBits;
      if (allowed != nullptr) {
        const std::uint64_t refused = wanted & ~allowed->words()[first / RowSet::kWordBits];
        for (std::uint64_t bits = refused; bits != 0; bits &= bits - 1) sums[std::countr_zero(bits)] = 0;
        wanted &= ~refused;
      }
      for (std::uint64_t bits = wanted; bits != 0; bits &= bits - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(bits));
        take(static_cast<std::uint32_t>(first + bit), std::exchange(sums[bit], 0.0));
      }
    }
  }

 private:
  std::array<double, kWindowRows> sums_{};
  std::array<std::uint64_t, kWindowRows / RowSet::kWordBits> touched_{};
};

}  // namespace jackdaw::index
