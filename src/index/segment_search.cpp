#include "index/segment_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "index/pruned_term.h"
#include "index/window_sums.h"

namespace jackdaw::index {
namespace {

constexpr std::uint32_t kNoMoreRows = std::numeric_limits<std::uint32_t>::max();

// Reads one term's postings from the first to the last, a scored block at a time.
class ScoredReader {
 public:
  ScoredReader(const SegmentTerm& term, const SearchedSegment& segment, const QueryScores& scores)
      : term_(term), segment_(segment), scores_(scores) {
    read_block();
  }

  std::uint32_t row() const noexcept { return at_ < block_.count ? block_.rows[at_] : kNoMoreRows; }

  void add_up_to(std::size_t begin, std::size_t end, WindowSums& sums) {
    while (row() < end) {
      const auto rows = std::span(block_.rows).subspan(at_, block_.count - at_);
      const auto some = static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), end) - rows.begin());
      sums.add(begin, rows.first(some), block_scores_.data() + at_);
      at_ += static_cast<std::uint32_t>(some);
      if (at_ == block_.count) read_block();
    }
  }

 private:
  void read_block() {
    at_ = 0;
    block_.count = 0;
    if (next_block_ == term_.list.blocks()) return;
    term_.list.decode(next_block_++, block_);
    scores_.score_all(term_.weight, block_.rows.data(), block_.frequencies.data(), block_.count, segment_.lengths,
                      block_scores_.data());
  }

  const SegmentTerm& term_;
  const SearchedSegment& segment_;
  const QueryScores& scores_;
  std::size_t next_block_ = 0;
  std::uint32_t at_ = 0;
  DecodedBlock block_;
  std::array<double, kBlockPostings> block_scores_;
};

// The least score in double precision that may round to the threshold.
double least_that_matters(const TopK& best) noexcept {
  const float threshold = best.threshold();
  if (std::isinf(threshold)) return threshold;
  const float below = std::nextafter(threshold, -std::numeric_limits<float>::infinity());
  return (static_cast<double>(threshold) + static_cast<double>(below)) / 2;
}

void offer(const SearchedSegment& segment, std::uint32_t row, double sum, TopK& best) {
  const auto score = static_cast<float>(sum);
  if (score >= best.threshold()) best.offer({segment.chunks[row], score});
}

struct Window {
  double bound;
  std::size_t number;
  friend bool operator<(const Window& a, const Window& b) noexcept { return a.bound < b.bound; }
};

bool has_allowed_rows(const RowSet* allowed, std::size_t window) {
  if (allowed == nullptr) return true;
  constexpr std::size_t kWords = kWindowRows / RowSet::kWordBits;
  const auto words = allowed->words().subspan(window * kWords);
  return std::ranges::any_of(words.first(std::min(words.size(), kWords)), [](std::uint64_t word) { return word != 0; });
}

// One search of one segment.
class WindowSearch {
 public:
  WindowSearch(const SearchedSegment& segment, std::span<const SegmentTerm> terms, const QueryScores& scores,
               TopK& best)
      : segment_(segment), best_(best), order_(terms.size()), rest_(terms.size() + 1) {
    terms_.reserve(terms.size());
    for (const SegmentTerm& term : terms) terms_.emplace_back(term, segment.lengths, scores);
  }

  void run() {
    std::vector<Window> windows = promising_windows();
    std::make_heap(windows.begin(), windows.end());
    while (!windows.empty() && windows.front().bound >= least_that_matters(best_)) {
      visit(windows.front().number);
      std::pop_heap(windows.begin(), windows.end());
      windows.pop_back();
    }
  }

 private:
  std::vector<Window> promising_windows() {
    std::vector<double> bounds((segment_.chunks.size() + kWindowRows - 1) / kWindowRows, 0.0);
    for (PrunedTerm& term : terms_) term.raise_bounds(bounds);
    const double least = least_that_matters(best_);
    std::vector<Window> windows;
    windows.reserve(bounds.size());
    for (std::size_t number = 0; number < bounds.size(); ++number) {
      const double bound = bounds[number];
      if (bound > 0 && bound >= least && has_allowed_rows(segment_.allowed, number)) windows.push_back({bound, number});
    }
    return windows;
  }

  void visit(std::size_t window) {
    const std::size_t leading = choose_leading(window, least_that_matters(best_));
    const std::size_t begin = window * kWindowRows;
    for (std::size_t i = 0; i < leading; ++i) order_[i].term->add_to(window, sums_);
    double least = least_that_matters(best_);
    sums_.drain(begin, segment_.allowed, [&](std::uint32_t row, double sum) {
      for (std::size_t i = leading; i < order_.size(); ++i) {
        if (sum + rest_[i] < least) return;
        sum += order_[i].term->score_of(row, window);
      }
      if (sum < least) return;
      offer(segment_, row, sum, best_);
      least = least_that_matters(best_);
    });
  }

  // Orders the terms by what they can add in the window, the most first. A row that has none of the leading ones cannot
  // reach `least`.
  std::size_t choose_leading(std::size_t window, double least) {
    for (std::size_t i = 0; i < terms_.size(); ++i) order_[i] = {terms_[i].most_in(window), &terms_[i]};
    std::ranges::sort(order_, [](const Ordered& a, const Ordered& b) { return a.most > b.most; });
    rest_.back() = 0;
    std::size_t leading = order_.size();
    for (std::size_t i = order_.size(); i-- > 0;) {
      rest_[i] = rest_[i + 1] + order_[i].most;
      if (rest_[i] < least || order_[i].most == 0) leading = i;
    }
    return leading;
  }

  struct Ordered {
    double most = 0;
    PrunedTerm* term = nullptr;
  };

  const SearchedSegment& segment_;
  TopK& best_;
  std::vector<PrunedTerm> terms_;
  std::vector<Ordered> order_;
  std::vector<double> rest_;  // the sum of `most` from there on
  WindowSums sums_;
};

}  // namespace

void search_every_posting(const SearchedSegment& segment, std::span<const SegmentTerm> terms, const QueryScores& scores,
                          TopK& best) {
  std::vector<ScoredReader> readers;
  readers.reserve(terms.size());
  for (const SegmentTerm& term : terms) readers.emplace_back(term, segment, scores);
  const auto lowest_row = [&] {
    std::uint32_t lowest = kNoMoreRows;
    for (const ScoredReader& reader : readers) lowest = std::min(lowest, reader.row());
    return lowest;
  };
  WindowSums sums;
  for (std::uint32_t row = lowest_row(); row != kNoMoreRows; row = lowest_row()) {
    const std::size_t begin = row / kWindowRows * kWindowRows;
    for (ScoredReader& reader : readers) reader.add_up_to(begin, begin + kWindowRows, sums);
    sums.drain(begin, segment.allowed, [&](std::uint32_t found, double sum) { offer(segment, found, sum, best); });
  }
}

void search_promising_windows(const SearchedSegment& segment, std::span<const SegmentTerm> terms,
                              const QueryScores& scores, TopK& best) {
  if (best.limit() > 0) WindowSearch(segment, terms, scores, best).run();
}

}  // namespace jackdaw::index
