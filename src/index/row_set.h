#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace jackdaw::index {

// A set of rows of one segment, one bit each. A plain value; immutable once it is shared.
class RowSet {
 public:
  static constexpr std::size_t kWordBits = 64;

  // Of a segment of `rows` rows: all of them, or none.
  RowSet(std::size_t rows, bool all) : words_((rows + kWordBits - 1) / kWordBits, all ? ~std::uint64_t{0} : 0) {
    if (all && rows % kWordBits != 0) words_.back() = (std::uint64_t{1} << (rows % kWordBits)) - 1;
  }

  bool contains(std::size_t row) const noexcept { return (words_[row / kWordBits] >> (row % kWordBits) & 1) != 0; }
  // Whether every row from `begin` to before `end` is in the set.
  bool contains_all(std::size_t begin, std::size_t end) const noexcept {
    while (begin < end) {
      const std::size_t bits = std::min(end - begin, kWordBits - begin % kWordBits);
      const std::uint64_t wanted = (~std::uint64_t{0} >> (kWordBits - bits)) << (begin % kWordBits);
      if ((words_[begin / kWordBits] & wanted) != wanted) return false;
      begin += bits;
    }
    return true;
  }
  void insert(std::size_t row) noexcept { words_[row / kWordBits] |= std::uint64_t{1} << (row % kWordBits); }
  void erase(std::size_t row) noexcept { words_[row / kWordBits] &= ~(std::uint64_t{1} << (row % kWordBits)); }

  std::size_t count() const noexcept {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }

  // Row r is bit r % 64 of word r / 64; bits past the last row are 0.
  std::span<const std::uint64_t> words() const noexcept { return words_; }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace jackdaw::index
