#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "core/ranking.h"

namespace jackdaw::index {

// Best first; equal scores by ascending chunk id: the order of every Ranking.
inline bool ranks_before(const ScoredChunk& a, const ScoredChunk& b) noexcept {
  return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
}

// Keeps the best `limit` of what is offered, in any order of offering: a heap with the worst kept one at its root.
// Scores are finite. Not shared between threads.
class TopK {
 public:
  explicit TopK(std::size_t limit) : limit_(limit) {}

  std::size_t limit() const noexcept { return limit_; }

  // Offers below this score change nothing.
  float threshold() const noexcept { return threshold_; }

  void offer(ScoredChunk found) {
    if (kept_.size() < limit_) {
      kept_.push_back(found);
      std::push_heap(kept_.begin(), kept_.end(), ranks_before);
    } else if (limit_ > 0 && ranks_before(found, kept_.front())) {
      std::pop_heap(kept_.begin(), kept_.end(), ranks_before);
      kept_.back() = found;
      std::push_heap(kept_.begin(), kept_.end(), ranks_before);
    }
    if (kept_.size() == limit_ && limit_ > 0) threshold_ = kept_.front().score;
  }

  // The ranking; the heap is empty afterwards.
  Ranking take() {
    std::sort_heap(kept_.begin(), kept_.end(), ranks_before);
    threshold_ = -std::numeric_limits<float>::infinity();
    return std::exchange(kept_, {});
  }

 private:
  std::size_t limit_;
  float threshold_ = -std::numeric_limits<float>::infinity();
  Ranking kept_;
};

}  // namespace jackdaw::index
