#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "index/segment_search.h"
#include "index/window_sums.h"

namespace jackdaw::index {

// One term of a query in one segment, read in any order of windows. Few postings (next to the windows) are read and
// scored at once, so that each window knows exactly what it has; of many only the impacts of the blocks, and a block
// when it is asked for. For one search.
class PrunedTerm {
 public:
  PrunedTerm(const SegmentTerm& term, std::span<const std::uint32_t> lengths, const QueryScores& scores);

  // Adds to each window's bound the most that the term adds to a row of it. Called once, before the others.
  void raise_bounds(std::span<double> bounds);

  // The most that the term can add to a row of the window.
  double most_in(std::size_t window) const noexcept;
  // Adds the scores of the window's postings.
  void add_to(std::size_t window, WindowSums& sums);
  // What the term adds to a row of the window; 0 if it is not there.
  double score_of(std::uint32_t row, std::size_t window);

 private:
  bool is_whole() const noexcept { return !whole_rows_.empty(); }
  void read_whole();
  void raise_bounds_of_whole(std::span<double> bounds);
  void raise_bounds_of_blocks(std::span<double> bounds);
  void read_block(std::size_t block);
  std::size_t blocks_end(std::size_t window) const noexcept;

  SegmentTerm term_;
  std::span<const std::uint32_t> lengths_;
  const QueryScores* scores_;
  std::vector<std::uint32_t> whole_rows_;
  std::vector<double> whole_scores_;
  std::vector<double> block_most_;     // when it is not whole: the best score of each block
  std::vector<std::uint32_t> firsts_;  // by window, and one more: the first posting or block that reaches into it
  std::size_t decoded_ = std::numeric_limits<std::size_t>::max();  // the block that is in block_
  DecodedBlock block_;
};

}  // namespace jackdaw::index
