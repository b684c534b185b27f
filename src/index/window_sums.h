#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "index/row_set.h"

namespace jackdaw::index {

// Rows are scored in windows of so many, whose sums stay in the first-level cache.
inline constexpr std::size_t kWindowRows = 2048;
static_assert(kWindowRows % RowSet::kWordBits == 0);

// The sums of one window's rows. Rows are looked at 64 at a time: of most, one pass without a branch says that none of
// them is good enough.
class WindowSums {
 public:
  // `rows` are of the window that begins at row `begin`, `scores` above 0.
  void add(std::size_t begin, std::span<const std::uint32_t> rows, const double* scores) noexcept {
    const std::uint32_t* const row = rows.data();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t place = (row[i] - begin) % kWindowRows;
      sums_.data()[place] += scores[i];
      touched_.data()[place / kGroupRows] = 1;
    }
  }

  // Calls take(row, sum) for each allowed row, in row order, whose sum is at least `least` (which is above 0), and
  // forgets all.
  template <class Take>
  void drain(std::size_t begin, const RowSet* allowed, double least, Take take) {
    for (std::size_t group = 0; group < touched_.size(); ++group) {
      if (touched_.data()[group] == 0) continue;
      touched_.data()[group] = 0;
      double* const sums = sums_.data() + group * kGroupRows;
      if (has_one_of(sums, least)) take_from(sums, begin + group * kGroupRows, allowed, least, take);
      std::memset(sums, 0, kGroupRows * sizeof(double));
    }
  }

 private:
  static constexpr std::size_t kGroupRows = 64;
  using Pair = double __attribute__((vector_size(2 * sizeof(double))));
  using Mask = std::int64_t __attribute__((vector_size(2 * sizeof(std::int64_t))));

  static bool has_one_of(const double* sums, double least) noexcept {
    constexpr std::size_t kAtOnce = 8;
    const Pair limit = {least, least};
    Mask any{};
    for (std::size_t i = 0; i < kGroupRows; i += kAtOnce) {
      Pair pairs[kAtOnce / 2];
      std::memcpy(pairs, sums + i, sizeof(pairs));
      any |= ((pairs[0] >= limit) | (pairs[1] >= limit)) | ((pairs[2] >= limit) | (pairs[3] >= limit));
    }
    return (any[0] | any[1]) != 0;
  }

  template <class Take>
  static void take_from(const double* sums, std::size_t first, const RowSet* allowed, double least, Take& take) {
    for (std::size_t i = 0; i < kGroupRows; ++i) {
      if (sums[i] < least || (allowed != nullptr && !allowed->contains(first + i))) continue;
      take(static_cast<std::uint32_t>(first + i), sums[i]);
    }
  }

  alignas(64) std::array<double, kWindowRows> sums_{};
  std::array<std::uint8_t, kWindowRows / kGroupRows> touched_{};  // by group
};

}  // namespace jackdaw::index
