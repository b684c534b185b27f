#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/cancellation.h"
#include "index/segment.h"

namespace jackdaw::index {

// Writes the live rows of all segments in the form of snapshot_format.h, in the place of what stands under the name.
// Takes what is deleted out segment by segment, so its memory is about the words of the largest segment that has
// deleted rows. The vectors of these segments then lie in that file, as far as their engine leaves them there
// (VectorSegment::were_saved). Between slices of a few milliseconds it throws what `cancellation` says; else
// kStorageFull, kInternal.
void write_snapshot(const std::filesystem::path& file, const std::string& stamp, const std::string& configuration,
                    std::size_t dimensions, const SegmentSet& segments, const Cancellation& cancellation);

}  // namespace jackdaw::index
