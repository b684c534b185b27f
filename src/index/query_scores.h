#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "index/bm25.h"
#include "index/posting_list.h"

namespace jackdaw::index {

using BlockScores = std::array<double, kBlockPostings>;

// What a query's terms add to chunks. Each addend is rounded to a multiple of a quantum that is 2^-52 of a power of two
// above the sum of the weights: then sums of addends are exact in double precision, so they do not depend on the order
// of addition, and a bound is compared with a score without a margin for rounding. No addend is 0. A small value made
// once a query; borrows the Bm25.
class QueryScores {
 public:
  // `weight_sum` is that of the query's terms.
  QueryScores(const Bm25& bm25, double weight_sum) noexcept;

  double score(double weight, double frequency, std::uint32_t length) const noexcept {
    return rounded(bm25_->score(weight, frequency, length));
  }

  // score() of the block's postings from `first` to before `last`, each in its place of `out`; `lengths` are those of
  // all rows of the segment.
  void score_block(double weight, const DecodedBlock& block, std::size_t first, std::size_t last,
                   std::span<const std::uint32_t> lengths, BlockScores& out) const noexcept;

  // No posting of the block has a better score; one has exactly this, unless its frequency or its length is one that
  // impacts cut (Impact::kMost).
  double best_of_block(double weight, const PostingList& list, std::size_t block) const noexcept;

 private:
  double rounded(double score) const noexcept {
    const double nearest = (score + shift_) - shift_;
    return nearest < quantum_ ? quantum_ : nearest;
  }

  const Bm25* bm25_;
  double shift_;  // of the magnitude where neighbours of double precision are a quantum apart
  double quantum_;
};

}  // namespace jackdaw::index
