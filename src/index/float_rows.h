#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/cancellation.h"
#include "index/large_array.h"
#include "index/row_file.h"

namespace jackdaw::index {

// Rows of floats that lie together: in memory, or in the file of a saved index. Immutable.
struct FloatBlock {
  std::size_t rows = 0;
  LargeArray<float> memory;             // row after row, where `file` is null
  std::shared_ptr<const RowFile> file;  // else here, from `file_begin` on
  std::uint64_t file_begin = 0;
};

// The rows of a segment wherever they lie. Blocks are shared: a merge takes the places of the rows over, not the rows.
// Immutable; thread-safe.
class FloatRows {
 public:
  struct Place {
    std::uint32_t block = 0;
    std::uint32_t row = 0;  // of the block
  };

  FloatRows(std::size_t dimensions, std::vector<std::shared_ptr<const FloatBlock>> blocks, std::vector<Place> places,
            std::shared_ptr<const LargeArray<std::uint64_t>> checksums);
  // All rows of one block, in order.
  FloatRows(std::size_t dimensions, std::shared_ptr<const FloatBlock> block,
            std::shared_ptr<const LargeArray<std::uint64_t>> checksums);

  std::size_t size() const noexcept { return places_.size(); }
  // Where the row is in memory, or `scratch` (of the row's dimensions) after it was read from its file and its checksum
  // found right; that may be empty for a row that is in memory. Throws what RowFile::read() throws.
  const float* row(std::size_t row, std::span<float> scratch) const;

  const std::shared_ptr<const FloatBlock>& block_of(std::size_t row) const noexcept {
    return blocks_[places_[row].block];
  }
  std::uint32_t place_in_block(std::size_t row) const noexcept { return places_[row].row; }
  // Of each row's floats, as they lie in memory.
  const LargeArray<std::uint64_t>& checksums() const noexcept { return *checksums_; }

  // The same rows, of which `rows` (ascending) are read from a file now, where they lie one after another. The others
  // stay in the file that they lie in already, or are copied: whoever reads an older state may still ask for them.
  std::shared_ptr<const FloatRows> moved(std::span<const std::uint32_t> rows, std::shared_ptr<const RowFile> file,
                                         std::uint64_t begin) const;

  // A row of another FloatRows of the same dimensions.
  struct Source {
    const FloatRows* rows;
    std::uint32_t row;
  };
  // One of those rows each. Blocks of which most rows are wanted are shared; the rows of small ones, and of those of
  // which little is wanted, are copied together into a new block. Checks `cancellation` often and throws what it says.
  static std::shared_ptr<const FloatRows> gathered(std::size_t dimensions, std::span<const Source> sources,
                                                   const Cancellation& cancellation);

 private:
  std::size_t dimensions_;
  std::vector<std::shared_ptr<const FloatBlock>> blocks_;
  std::vector<Place> places_;
  std::shared_ptr<const LargeArray<std::uint64_t>> checksums_;
};

std::uint64_t checksum_of(std::span<const float> row) noexcept;

}  // namespace jackdaw::index
