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

// Terms are looked up, not added, that have together at most this part of the score that a row needs.
constexpr double kMostLookedUp = 0.5;

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
    scores_.score_block(term_.weight, block_, 0, block_.count, segment_.lengths, block_scores_);
  }

  const SegmentTerm& term_;
  const SearchedSegment& segment_;
  const QueryScores& scores_;
  std::size_t next_block_ = 0;
  std::uint32_t at_ = 0;
  DecodedBlock block_;
  BlockScores block_scores_;
};

// The least score in double precision that may round to the threshold.
double least_that_matters(float threshold) noexcept {
  if (std::isinf(threshold)) return threshold;
  const float below = std::nextafter(threshold, -std::numeric_limits<float>::infinity());
  return (static_cast<double>(threshold) + static_cast<double>(below)) / 2;
}

// For rows that have anything at all.
double positive(double least) noexcept {
  return std::max(least, std::numeric_limits<double>::denorm_min());
}

// The best rows of one segment so far, as TopK keeps chunks: rows ascend by chunk id. Gathers about twice as many
// before it looks for the best among them, so that a row costs the same whatever the limit, and reads the ids of the
// last ones only: many rows are good for a while.
class BestRows {
 public:
  BestRows(std::span<const ChunkId> chunks, TopK& best) : chunks_(chunks), best_(best), most_(twice(best.limit())) {
    raise(best.threshold());
  }

  // What a row needs at least to be among them.
  double least() const noexcept { return least_; }

  // `sum` is at least least().
  void offer(std::uint32_t row, double sum) {
    rows_.push_back({static_cast<float>(sum), row});
    if (rows_.size() == best_.limit() || rows_.size() >= most_) choose();
  }

  void hand_over() {
    // The ids lie far apart: all are asked for before the first is needed.
    for (const Row& row : rows_) __builtin_prefetch(&chunks_[row.row]);
    for (const Row& row : rows_) {
      if (row.score >= best_.threshold()) best_.offer({chunks_[row.row], row.score});
    }
  }

 private:
  static std::size_t twice(std::size_t limit) noexcept {
    return limit > std::numeric_limits<std::size_t>::max() / 2 ? limit : 2 * limit;
  }

  struct Row {
    float score;
    std::uint32_t row;
    friend bool operator<(const Row& a, const Row& b) noexcept {
      return a.score != b.score ? a.score > b.score : a.row < b.row;
    }
  };

  void choose() {
    const auto last = rows_.begin() + static_cast<std::ptrdiff_t>(best_.limit()) - 1;
    std::nth_element(rows_.begin(), last, rows_.end());
    raise(std::max(last->score, best_.threshold()));
    rows_.resize(best_.limit());
  }
  void raise(float threshold) noexcept { least_ = least_that_matters(threshold); }

  std::span<const ChunkId> chunks_;
  TopK& best_;
  std::size_t most_;
  std::vector<Row> rows_;
  double least_ = 0;
};

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
      : segment_(segment), best_(segment.chunks, best), order_(terms.size()), rest_(terms.size() + 1) {
    terms_.reserve(terms.size());
    for (const SegmentTerm& term : terms) terms_.emplace_back(term, segment.lengths, scores);
  }

  void run() {
    std::vector<Window> windows = promising_windows();
    std::make_heap(windows.begin(), windows.end());
    while (!windows.empty() && windows.front().bound >= best_.least()) {
      visit(windows.front().number);
      std::pop_heap(windows.begin(), windows.end());
      windows.pop_back();
    }
    best_.hand_over();
  }

 private:
  std::vector<Window> promising_windows() {
    std::vector<double> bounds((segment_.chunks.size() + kWindowRows - 1) / kWindowRows, 0.0);
    for (PrunedTerm& term : terms_) term.raise_bounds(bounds);
    std::vector<Window> windows;
    windows.reserve(bounds.size());
    for (std::size_t number = 0; number < bounds.size(); ++number) {
      const double bound = bounds[number];
      if (bound > 0 && bound >= best_.least() && has_allowed_rows(segment_.allowed, number))
        windows.push_back({bound, number});
    }
    return windows;
  }

  void visit(std::size_t window) {
    const std::size_t leading = choose_leading(window);
    const std::size_t begin = window * kWindowRows;
    for (std::size_t i = 0; i < leading; ++i) order_[i].term->add_to(window, sums_);
    // A row that has less of the leading terms cannot reach it with the others; one step down for the rounding.
    const double candidate = std::nextafter(best_.least() - rest_[leading], -std::numeric_limits<double>::infinity());
    sums_.drain(begin, segment_.allowed, positive(candidate), [&](std::uint32_t row, double sum) {
      for (std::size_t i = leading; i < order_.size(); ++i) {
        if (sum + rest_[i] < best_.least()) return;
        sum += order_[i].term->score_of(row, window);
      }
      if (sum >= best_.least()) best_.offer(row, sum);
    });
  }

  // Orders the terms by what they can add in the window, the most first. Those behind the leading ones are looked up
  // for the rows that have enough of these: few, as long as the others together are a small part of what is needed.
  std::size_t choose_leading(std::size_t window) {
    for (std::size_t i = 0; i < terms_.size(); ++i) order_[i] = {terms_[i].most_in(window), &terms_[i]};
    std::ranges::sort(order_, [](const Ordered& a, const Ordered& b) { return a.most > b.most; });
    rest_.back() = 0;
    std::size_t leading = order_.size();
    for (std::size_t i = order_.size(); i-- > 0;) {
      rest_[i] = rest_[i + 1] + order_[i].most;
      if (rest_[i] <= kMostLookedUp * best_.least()) leading = i;
    }
    while (leading > 0 && order_[leading - 1].most == 0) --leading;
    return leading;
  }

  struct Ordered {
    double most = 0;
    PrunedTerm* term = nullptr;
  };

  const SearchedSegment& segment_;
  BestRows best_;
  std::vector<PrunedTerm> terms_;
  std::vector<Ordered> order_;
  std::vector<double> rest_;  // the sum of `most` from there on
  WindowSums sums_;
};

}  // namespace

void search_every_posting(const SearchedSegment& segment, std::span<const SegmentTerm> terms, const QueryScores& scores,
                          TopK& best) {
  if (best.limit() == 0) return;
  std::vector<ScoredReader> readers;
  readers.reserve(terms.size());
  for (const SegmentTerm& term : terms) readers.emplace_back(term, segment, scores);
  const auto lowest_row = [&] {
    std::uint32_t lowest = kNoMoreRows;
    for (const ScoredReader& reader : readers) lowest = std::min(lowest, reader.row());
    return lowest;
  };
  BestRows rows(segment.chunks, best);
  WindowSums sums;
  for (std::uint32_t row = lowest_row(); row != kNoMoreRows; row = lowest_row()) {
    const std::size_t begin = row / kWindowRows * kWindowRows;
    for (ScoredReader& reader : readers) reader.add_up_to(begin, begin + kWindowRows, sums);
    sums.drain(begin, segment.allowed, positive(rows.least()), [&](std::uint32_t found, double sum) {
      if (sum >= rows.least()) rows.offer(found, sum);
    });
  }
  rows.hand_over();
}

void search_promising_windows(const SearchedSegment& segment, std::span<const SegmentTerm> terms,
                              const QueryScores& scores, TopK& best) {
  if (best.limit() > 0) WindowSearch(segment, terms, scores, best).run();
}

}  // namespace jackdaw::index
