#include "index/pruned_term.h"

#include <algorithm>

namespace jackdaw::index {
namespace {

// Fewer postings a window than this are read at once: below it a block spans so many windows that its bound says
// little of each.
constexpr std::size_t kSparsePostingsPerWindow = 16;

std::uint32_t windows_of(std::size_t rows) noexcept {
  return static_cast<std::uint32_t>((rows + kWindowRows - 1) / kWindowRows);
}

}  // namespace

PrunedTerm::PrunedTerm(const SegmentTerm& term, std::span<const std::uint32_t> lengths, const QueryScores& scores)
    : term_(term), lengths_(lengths), scores_(&scores) {
  if (!term.list.has_directory() || term.list.count() / kSparsePostingsPerWindow < windows_of(lengths.size())) {
    read_whole();
  }
}

void PrunedTerm::read_whole() {
  whole_rows_.reserve(term_.list.count());
  whole_scores_.reserve(term_.list.count());
  BlockScores scores;
  for (std::size_t block = 0; block < term_.list.blocks(); ++block) {
    term_.list.decode(block, block_);
    scores_->score_block(term_.weight, block_, 0, block_.count, lengths_, scores);
    whole_rows_.insert(whole_rows_.end(), block_.rows.data(), block_.rows.data() + block_.count);
    whole_scores_.insert(whole_scores_.end(), scores.data(), scores.data() + block_.count);
  }
}

void PrunedTerm::raise_bounds(std::span<double> bounds) {
  firsts_.reserve(bounds.size() + 1);
  is_whole() ? raise_bounds_of_whole(bounds) : raise_bounds_of_blocks(bounds);
}

void PrunedTerm::raise_bounds_of_whole(std::span<double> bounds) {
  std::size_t at = 0;
  for (std::size_t window = 0; window < bounds.size(); ++window) {
    firsts_.push_back(static_cast<std::uint32_t>(at));
    double most = 0;
    for (; at < whole_rows_.size() && whole_rows_[at] < (window + 1) * kWindowRows; ++at) {
      most = std::max(most, whole_scores_[at]);
    }
    bounds[window] += most;
  }
  firsts_.push_back(static_cast<std::uint32_t>(at));
}

void PrunedTerm::raise_bounds_of_blocks(std::span<double> bounds) {
  const std::size_t blocks = term_.list.blocks();
  block_most_.reserve(blocks);
  for (std::size_t block = 0; block < blocks; ++block) {
    block_most_.push_back(scores_->best_of_block(term_.weight, term_.list, block));
  }
  std::size_t first = 0;
  for (std::size_t window = 0; window < bounds.size(); ++window) {
    while (first < blocks && term_.list.last_row(first) < window * kWindowRows) ++first;
    firsts_.push_back(static_cast<std::uint32_t>(first));
  }
  firsts_.push_back(static_cast<std::uint32_t>(blocks));
  for (std::size_t window = 0; window < bounds.size(); ++window) bounds[window] += most_in(window);
}

std::size_t PrunedTerm::blocks_end(std::size_t window) const noexcept {
  // The block that reaches into the next window may begin in this one.
  return std::min<std::size_t>(firsts_[window + 1] + 1, block_most_.size());
}

double PrunedTerm::most_in(std::size_t window) const noexcept {
  const double* const scores = is_whole() ? whole_scores_.data() : block_most_.data();
  const std::size_t end = is_whole() ? firsts_[window + 1] : blocks_end(window);
  double most = 0;
  for (std::size_t at = firsts_[window]; at < end; ++at) most = std::max(most, scores[at]);
  return most;
}

void PrunedTerm::add_to(std::size_t window, WindowSums& sums) {
  const std::size_t begin = window * kWindowRows;
  if (is_whole()) {
    const std::size_t first = firsts_[window];
    sums.add(begin, std::span(whole_rows_).subspan(first, firsts_[window + 1] - first), whole_scores_.data() + first);
    return;
  }
  BlockScores scores;
  for (std::size_t block = firsts_[window]; block < blocks_end(window); ++block) {
    read_block(block);
    const auto rows = std::span(block_.rows).first(block_.count);
    const auto low = static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), begin) - rows.begin());
    const auto high =
        static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), begin + kWindowRows) - rows.begin());
    scores_->score_block(term_.weight, block_, low, high, lengths_, scores);
    sums.add(begin, rows.subspan(low, high - low), scores.data() + low);
  }
}

double PrunedTerm::score_of(std::uint32_t row, std::size_t window) {
  if (is_whole()) {
    const auto first = whole_rows_.begin() + firsts_[window];
    const auto last = whole_rows_.begin() + firsts_[window + 1];
    const auto found = std::lower_bound(first, last, row);
    if (found == last || *found != row) return 0;
    return whole_scores_[static_cast<std::size_t>(found - whole_rows_.begin())];
  }
  std::size_t block = firsts_[window];
  while (block < block_most_.size() && term_.list.last_row(block) < row) ++block;
  if (block == block_most_.size()) return 0;
  read_block(block);
  const auto rows = std::span(block_.rows).first(block_.count);
  const auto found = std::lower_bound(rows.begin(), rows.end(), row);
  if (found == rows.end() || *found != row) return 0;
  const std::uint32_t frequency = block_.frequencies[static_cast<std::size_t>(found - rows.begin())];
  return scores_->score(term_.weight, frequency, lengths_[row]);
}

void PrunedTerm::read_block(std::size_t block) {
  if (decoded_ == block) return;
  term_.list.decode(block, block_);
  decoded_ = block;
}

}  // namespace jackdaw::index
