#pragma once

#include <memory>
#include <span>

#include "index/segment.h"

namespace jackdaw::index {

// Whether words that come from a file are what the rest of the index relies on without looking: every number in its
// bounds, everything that must ascend ascending, each row in one document, postings that can be read to their end and
// add up to the lengths. Reads every posting once.
bool is_sound(const SegmentWords& words);

// Whether no chunk and no document is in two of the segments.
bool are_disjoint(std::span<const std::shared_ptr<const Segment>> segments);

}  // namespace jackdaw::index
