#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace jackdaw::index {

// A chunk (by its row in the segment) that holds a term, and how often: each time counts by the weight of its field.
struct Posting {
  std::uint32_t row = 0;        // below 2^31
  std::uint32_t frequency = 0;  // at least 1, below 2^31
  friend bool operator==(const Posting&, const Posting&) = default;
};

inline constexpr std::size_t kBlockPostings = 128;

// A frequency and a length that occur together in a block, such that no posting of the block has both a frequency as
// high and a chunk as short; in a block both descend. Whatever the statistics of the collection are, the best BM25
// score of the block is that of one of its impacts. Lengths from 65535 on are kept as that, which can only raise a
// bound; frequencies from 65535 on are kept as that and stand for any.
struct Impact {
  static constexpr std::uint16_t kMost = 0xFFFF;
  std::uint16_t frequency = 0;
  std::uint16_t length = 0;
  friend bool operator==(const Impact&, const Impact&) = default;
};

// One block's postings, in row order.
struct DecodedBlock {
  alignas(16) std::array<std::uint32_t, kBlockPostings> rows;
  alignas(16) std::array<std::uint32_t, kBlockPostings> frequencies;
  std::uint32_t count = 0;
};

// One term's postings as they lie in memory or in a file. A small value that borrows the bytes; trusts them
// (check_posting_list() does not).
//
// A list of fewer than 128 postings is one block of byte code: for each posting the distance to the row before it
// (which begins as -1), less one, doubled, plus one if the frequency is 1 (else the frequency follows), as integers of
// seven bits a byte. A longer list is cut into blocks of 128, and what is left is a block in byte code. Before them
// stands a directory, all numbers little endian and unaligned, arrays of one entry a block:
//
//   last_rows     u32   the last row of the block
//   data_ends     u32   where the block ends, counted from the first byte of the first block
//   impact_ends   u32   where its impacts end among the impacts
//   widths        u8, u8  bits of a distance less one, and of a frequency less one; 0, 0 for the block in byte code
//   impacts       u16, u16  frequency and length, for all blocks
//
// A block of 128 holds 128 distances less one, then 128 frequencies less one, each part packed by its width W into 16 W
// bytes: four streams side by side, word by word, of which stream s takes the numbers s, s + 4, s + 8 ... from the
// lowest bits up. So four numbers are unpacked at a time, without a branch.
class PostingList {
 public:
  PostingList() = default;
  PostingList(const std::uint8_t* begin, std::uint32_t count) noexcept;

  std::uint32_t count() const noexcept { return count_; }
  std::size_t blocks() const noexcept { return (count_ + kBlockPostings - 1) / kBlockPostings; }
  // What follows is known of each block without decoding it; otherwise there is one block and nothing is known.
  bool has_directory() const noexcept { return count_ >= kBlockPostings; }
  std::uint32_t last_row(std::size_t block) const noexcept { return number(begin_, block); }
  std::size_t impacts_begin(std::size_t block) const noexcept {
    return block == 0 ? 0 : number(begin_ + 8 * blocks(), block - 1);
  }
  Impact impact(std::size_t place) const noexcept {
    const std::uint32_t pair = number(begin_ + 14 * blocks(), place);
    return {static_cast<std::uint16_t>(pair), static_cast<std::uint16_t>(pair >> 16)};
  }

  void decode(std::size_t block, DecodedBlock& out) const noexcept;

 private:
  static std::uint32_t number(const std::uint8_t* array, std::size_t place) noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, array + 4 * place, sizeof(value));
    return value;
  }

  const std::uint8_t* begin_ = nullptr;  // of the directory, or of the only block
  const std::uint8_t* data_ = nullptr;   // of the blocks
  std::uint32_t count_ = 0;
};

// Reads a list from its first posting to its last.
class PostingCursor {
 public:
  explicit PostingCursor(const PostingList& list) noexcept : list_(list) { read_block(); }

  bool done() const noexcept { return at_ == block_.count; }
  // Undefined when done().
  std::uint32_t row() const noexcept { return block_.rows[at_]; }
  std::uint32_t frequency() const noexcept { return block_.frequencies[at_]; }
  void next() noexcept {
    if (++at_ == block_.count) read_block();
  }

 private:
  void read_block() noexcept {
    if (next_block_ == list_.blocks()) return;
    list_.decode(next_block_++, block_);
    at_ = 0;
  }

  PostingList list_;
  std::size_t next_block_ = 0;
  std::uint32_t at_ = 0;
  DecodedBlock block_;
};

// Appends a list's bytes. Postings ascend by row; `lengths` are those of all rows of the segment.
void append_posting_list(std::span<const Posting> postings, std::span<const std::uint32_t> lengths,
                         std::vector<std::uint8_t>& out);

// Reads bytes that come from a file as a list of `count` postings, with every bound that PostingList leaves out: true
// if they are exactly what append_posting_list() writes for rows below lengths.size(). Then `postings` are they.
bool check_posting_list(std::span<const std::uint8_t> bytes, std::uint32_t count,
                        std::span<const std::uint32_t> lengths, std::vector<Posting>& postings);

}  // namespace jackdaw::index
