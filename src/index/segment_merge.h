#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/cancellation.h"
#include "index/segment.h"

namespace jackdaw::index {

// When segments are merged. Tiered: a segment's tier is the logarithm, to the base `fan_in`, of its live rows; when
// `fan_in` segments share a tier they become one. Every row is thus rewritten about log(rows) times in its life, and a
// collection of n rows has at most about fan_in * log(n) segments for a search to visit.
struct MergePolicy {
  std::size_t fan_in = 8;                       // at least 2
  std::size_t smallest_tier_rows = 512;         // segments below this share the lowest tier
  std::size_t max_rows = std::size_t{1} << 20;  // no merge makes a larger segment: bounds its time and its memory
  double max_deleted = 0.25;                    // a segment with a larger part deleted is rewritten
};

// Places, ascending, of the segments to merge into one now; empty when nothing is due. Pure.
std::vector<std::size_t> choose_merge(const MergePolicy& policy, std::span<const LiveSegment> segments);

// The live rows of `sources` as one segment has them, with their vectors where they are: in the sources.
struct LiveRows {
  SegmentWords words;
  std::vector<VectorOrigin> vectors;  // per row; borrowed from the sources
};

// Checks `cancellation` often and throws what it says.
LiveRows gather_live_rows(std::span<const LiveSegment> sources, const Cancellation& cancellation);

// One segment of the live rows of `sources`; there is at least one. Checks `cancellation` often and throws what it
// says.
std::shared_ptr<const Segment> merge_segments(std::span<const LiveSegment> sources, VectorEngine engine,
                                              std::size_t dimensions, const Cancellation& cancellation);

}  // namespace jackdaw::index
