#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/search_index.h"
#include "index/segment.h"

namespace jackdaw::index {

// Nearest chunks over a list of segments, whichever engine holds their vectors; exact unless the engine is an
// approximate one and there are `approximate_from` chunks. Immutable: any number of threads may search at once. Throws
// Error kInternal for a query of other dimensions or with a value that is not finite.
class SegmentVectorIndex final : public VectorIndex {
 public:
  SegmentVectorIndex(std::size_t dimensions, std::shared_ptr<const SegmentSet> segments, std::size_t approximate_from);

  Ranking search(std::span<const float> query, std::size_t limit, const SearchFilter& filter) const override;
  float similarity(std::span<const float> query, ChunkId chunk) const override;

 private:
  std::size_t dimensions_;
  std::shared_ptr<const SegmentSet> segments_;
  bool is_approximate_;
};

}  // namespace jackdaw::index
