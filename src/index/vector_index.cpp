#include "index/vector_index.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"

namespace jackdaw::index {
namespace {

void check_query(std::span<const float> query, std::size_t dimensions) {
  if (query.size() != dimensions) {
    throw Error(ErrorCode::kInternal, "The question's embedding has " + std::to_string(query.size()) +
                                          " dimensions, the index has " + std::to_string(dimensions) +
                                          ". Rebuild the index with the model that embeds the questions.");
  }
  if (!std::all_of(query.begin(), query.end(), [](float value) { return std::isfinite(value); })) {
    throw Error(ErrorCode::kInternal,
                "The question's embedding holds a value that is not a finite number. Check the embedding model.");
  }
}

}  // namespace

SegmentVectorIndex::SegmentVectorIndex(std::size_t dimensions, std::shared_ptr<const SegmentSet> segments,
                                       std::size_t approximate_from)
    : dimensions_(dimensions), segments_(std::move(segments)), is_approximate_(segments_->chunks >= approximate_from) {}

Ranking SegmentVectorIndex::search(std::span<const float> query, std::size_t limit, const SearchFilter& filter) const {
  check_query(query, dimensions_);
  TopK best(limit);
  for (const LiveSegment& segment : segments_->segments) {
    const RowFilter allowed(segment, filter);
    if (allowed.allows_nothing()) continue;
    const VectorSegment& vectors = segment.segment->vectors();
    if (is_approximate_) {
      vectors.search_approximately(query, allowed.rows(), segment.segment->chunks(), best);
    } else {
      vectors.search(query, allowed.rows(), segment.segment->chunks(), best);
    }
  }
  return best.take();
}

float SegmentVectorIndex::similarity(std::span<const float> query, ChunkId chunk) const {
  check_query(query, dimensions_);
  for (const LiveSegment& segment : segments_->segments) {
    const auto row = segment.segment->row_of(chunk);
    if (row && segment.is_live(*row)) return segment.segment->vectors().similarity(query, *row);
  }
  return 0;
}

}  // namespace jackdaw::index
