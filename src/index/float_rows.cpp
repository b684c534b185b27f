#include "index/float_rows.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/checksum.h"
#include "index/often.h"

namespace jackdaw::index {
namespace {

// Below, a block is not worth being kept alive by itself.
constexpr std::size_t kSmallBlockBytes = std::size_t{1} << 20;
// A block stays where it is when at least this part of it is wanted; MergePolicy::max_deleted is the rest.
constexpr double kWantedPart = 0.75;

std::vector<FloatRows::Place> all_places(std::size_t rows) {
  std::vector<FloatRows::Place> places(rows);
  for (std::uint32_t row = 0; row < rows; ++row) places[row].row = row;
  return places;
}

// What of a block a merge wants, and where that goes.
struct Wanted {
  std::shared_ptr<const FloatBlock> block;
  std::size_t rows = 0;
  std::uint32_t number = 0;  // among the new blocks; 0: copied
};

using WantedBlocks = std::unordered_map<const FloatBlock*, Wanted>;

WantedBlocks wanted_blocks(std::span<const FloatRows::Source> sources, const Cancellation& cancellation) {
  WantedBlocks wanted;
  for (std::size_t row = 0; row < sources.size(); ++row) {
    check_often(row, cancellation);
    const auto& block = sources[row].rows->block_of(sources[row].row);
    Wanted& found = wanted[block.get()];
    if (found.rows++ == 0) found.block = block;
  }
  return wanted;
}

bool stays(const Wanted& wanted, std::size_t dimensions) {
  return wanted.rows * dimensions * sizeof(float) >= kSmallBlockBytes &&
         static_cast<double>(wanted.rows) >= kWantedPart * static_cast<double>(wanted.block->rows);
}

}  // namespace

FloatRows::FloatRows(std::size_t dimensions, std::vector<std::shared_ptr<const FloatBlock>> blocks,
                     std::vector<Place> places, std::shared_ptr<const LargeArray<std::uint64_t>> checksums)
    : dimensions_(dimensions),
      blocks_(std::move(blocks)),
      places_(std::move(places)),
      checksums_(std::move(checksums)) {}

FloatRows::FloatRows(std::size_t dimensions, std::shared_ptr<const FloatBlock> block,
                     std::shared_ptr<const LargeArray<std::uint64_t>> checksums)
    : FloatRows(dimensions, {block}, all_places(block->rows), std::move(checksums)) {}

const float* FloatRows::row(std::size_t row, std::span<float> scratch) const {
  const FloatBlock& block = *blocks_[places_[row].block];
  const std::size_t place = places_[row].row;
  if (!block.file) return block.memory.data() + place * dimensions_;
  block.file->read(block.file_begin + place * dimensions_ * sizeof(float), (*checksums_)[row], scratch);
  return scratch.data();
}

std::shared_ptr<const FloatRows> FloatRows::moved(std::span<const std::uint32_t> rows,
                                                  std::shared_ptr<const RowFile> file, std::uint64_t begin) const {
  auto saved = std::make_shared<FloatBlock>();
  saved->rows = rows.size();
  saved->file = std::move(file);
  saved->file_begin = begin;
  auto copied = std::make_shared<FloatBlock>();
  std::vector<std::shared_ptr<const FloatBlock>> blocks{saved, copied};
  constexpr std::uint32_t kUnknown = 0;
  std::vector<std::uint32_t> new_numbers(blocks_.size(), kUnknown);
  std::vector<Place> places(size());
  std::vector<std::uint32_t> to_copy;
  for (std::uint32_t row = 0, next = 0; row < size(); ++row) {
    if (next < rows.size() && rows[next] == row) {
      places[row] = {0, next++};
    } else if (!block_of(row)->file) {
      places[row] = {1, static_cast<std::uint32_t>(to_copy.size())};
      to_copy.push_back(row);
    } else {
      std::uint32_t& number = new_numbers[places_[row].block];
      if (number == kUnknown) {
        number = static_cast<std::uint32_t>(blocks.size());
        blocks.push_back(block_of(row));
      }
      places[row] = {number, places_[row].row};
    }
  }
  copied->rows = to_copy.size();
  copied->memory = LargeArray<float>(copied->rows * dimensions_);
  for (std::size_t i = 0; i < to_copy.size(); ++i) {
    std::copy_n(this->row(to_copy[i], {}), dimensions_, copied->memory.data() + i * dimensions_);
  }
  return std::make_shared<const FloatRows>(FloatRows(dimensions_, std::move(blocks), std::move(places), checksums_));
}

std::shared_ptr<const FloatRows> FloatRows::gathered(std::size_t dimensions, std::span<const Source> sources,
                                                     const Cancellation& cancellation) {
  WantedBlocks wanted = wanted_blocks(sources, cancellation);
  auto copied = std::make_shared<FloatBlock>();
  std::vector<std::shared_ptr<const FloatBlock>> blocks{copied};
  for (auto& [block, use] : wanted) {
    if (stays(use, dimensions)) {
      use.number = static_cast<std::uint32_t>(blocks.size());
      blocks.push_back(use.block);
    } else {
      copied->rows += use.rows;
    }
  }
  copied->memory = LargeArray<float>(copied->rows * dimensions);
  auto checksums = std::make_shared<LargeArray<std::uint64_t>>(sources.size());
  std::vector<Place> places(sources.size());
  std::uint32_t next_copied = 0;
  for (std::size_t row = 0; row < sources.size(); ++row) {
    check_often(row, cancellation);
    const auto& [source, source_row] = sources[row];
    (*checksums)[row] = source->checksums()[source_row];
    places[row] = {wanted[source->block_of(source_row).get()].number, source->place_in_block(source_row)};
    if (places[row].block != 0) continue;
    places[row].row = next_copied++;
    const std::span<float> copy(copied->memory.data() + places[row].row * dimensions, dimensions);
    const float* const floats = source->row(source_row, copy);
    if (floats != copy.data()) std::copy_n(floats, dimensions, copy.begin());
  }
  return std::make_shared<const FloatRows>(
      FloatRows(dimensions, std::move(blocks), std::move(places), std::move(checksums)));
}

std::uint64_t checksum_of(std::span<const float> row) noexcept {
  Checksum checksum;
  checksum.add(std::as_bytes(row));
  return checksum.value();
}

}  // namespace jackdaw::index
