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
    auto* const sums = reinterpret_cast<double*>(sums_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t place = (row[i] - begin) % kWindowRows;
      sums[place] += scores[i];
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
      Pair* const sums = sums_ + group * kGroupPairs;
      if (has_one_of(sums, kGroupPairs, least)) take_from(sums, begin + group * kGroupRows, allowed, least, take);
      clear(sums);
    }
  }

 private:
  // As wide as the vectors of every machine. It may be read and written as the doubles that it is made of.
  using Pair = double __attribute__((vector_size(2 * sizeof(double)), may_alias));
  using Mask = std::int64_t __attribute__((vector_size(2 * sizeof(std::int64_t))));
  static constexpr std::size_t kGroupRows = 64;
  static constexpr std::size_t kGroupPairs = kGroupRows / 2;

  // By the library: told the size, compilers choose an instruction that takes long to begin.
  static void clear(Pair* sums) noexcept {
    std::size_t bytes = kGroupPairs * sizeof(Pair);
    asm("" : "+r"(bytes));
    std::memset(sums, 0, bytes);
  }

  // Of `pairs` pairs, an even number.
  static bool has_one_of(const Pair* sums, std::size_t pairs, double least) noexcept {
    const Pair limit = {least, least};
    Mask even{};
    Mask odd{};
    for (std::size_t i = 0; i < pairs; i += 2) {
      even |= sums[i] >= limit;
      odd |= sums[i + 1] >= limit;
    }
    const Mask any = even | odd;
    return (any[0] | any[1]) != 0;
  }

  template <class Take>
  static void take_from(const Pair* sums, std::size_t first, const RowSet* allowed, double least, Take& take) {
    constexpr std::size_t kFewPairs = 4;
    for (std::size_t some = 0; some < kGroupPairs; some += kFewPairs) {
      if (!has_one_of(sums + some, kFewPairs, least)) continue;
      for (std::size_t i = 2 * some; i < 2 * (some + kFewPairs); ++i) {
        const double sum = sums[i / 2][i % 2];
        if (sum < least || (allowed != nullptr && !allowed->contains(first + i))) continue;
        take(static_cast<std::uint32_t>(first + i), sum);
      }
    }
  }

  alignas(64) Pair sums_[kWindowRows / 2] = {};
  std::array<std::uint8_t, kWindowRows / kGroupRows> touched_{};  // by group
};

}  // namespace jackdaw::index
