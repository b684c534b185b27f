#include "index/segmented_index.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "index/snapshot_reader.h"
#include "index/snapshot_writer.h"
#include "index/vector_index.h"

namespace jackdaw::index {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kInternal, what + " The index was left as it was; rebuild it if this happens again.");
}

void check_chunk(const IndexedChunk& chunk, std::size_t dimensions) {
  const auto& embedding = chunk.embedding;
  if (embedding.size() != dimensions) {
    refuse("Chunk " + std::to_string(chunk.chunk.value) + " has an embedding of " + std::to_string(embedding.size()) +
           " dimensions where the index has " + std::to_string(dimensions) + ".");
  }
  if (!std::all_of(embedding.begin(), embedding.end(), [](float value) { return std::isfinite(value); })) {
    refuse("The embedding of chunk " + std::to_string(chunk.chunk.value) +
           " holds a value that is not a finite number.");
  }
}

void check_batch(std::span<const IndexedDocument> documents, std::size_t dimensions) {
  std::unordered_set<DocumentId> seen_documents;
  std::unordered_set<ChunkId> seen_chunks;
  for (const IndexedDocument& document : documents) {
    if (!seen_documents.insert(document.document).second) {
      refuse("Document " + document.document.value + " comes twice in one batch.");
    }
    for (const IndexedChunk& chunk : document.chunks) {
      if (!seen_chunks.insert(chunk.chunk).second) {
        refuse("Chunk " + std::to_string(chunk.chunk.value) + " comes twice in one batch.");
      }
      check_chunk(chunk, dimensions);
    }
  }
}

bool is_live(const LiveSegment& segment, const DocumentId& document) {
  const auto rows = segment.segment->rows_of(document);
  return std::any_of(rows.begin(), rows.end(), [&](std::uint32_t row) { return segment.is_live(row); });
}

void check_absent(const SegmentSet& set, const Segment& added) {
  for (const LiveSegment& segment : set.segments) {
    for (const DocumentId& document : added.documents()) {
      if (is_live(segment, document)) refuse("Document " + document.value + " is in the index already.");
    }
    for (const ChunkId chunk : added.chunks()) {
      const auto row = segment.segment->row_of(chunk);
      if (row && segment.is_live(*row)) {
        refuse("Chunk " + std::to_string(chunk.value) + " is in the index already.");
      }
    }
  }
}

void count(SegmentSet& set) {
  set.chunks = 0;
  set.terms = 0;
  for (const LiveSegment& segment : set.segments) {
    set.chunks += segment.live_rows;
    set.terms += segment.live_terms;
  }
}

// The set without the document; false when it was not in there.
bool take_out(SegmentSet& set, const DocumentId& document) {
  bool found = false;
  for (LiveSegment& segment : set.segments) {
    if (!is_live(segment, document)) continue;
    segment = segment.without(segment.segment->rows_of(document));
    found = true;
  }
  if (!found) return false;
  std::erase_if(set.segments, [](const LiveSegment& segment) { return segment.live_rows == 0; });
  --set.documents;
  return true;
}

void put_in(SegmentSet& set, std::shared_ptr<const Segment> added) {
  check_absent(set, *added);
  set.documents += added->documents().size();
  set.segments.emplace_back(std::move(added));
}

std::string configuration_of(const SegmentedIndexOptions& options, const Analyzer& analyzer) {
  const std::string engine(name_of(options.vectors));
  return "vectors=" + engine + " dimensions=" + std::to_string(options.dimensions) +
         " title=" + std::to_string(options.fields.title) + " heading=" + std::to_string(options.fields.heading) + " " +
         analyzer.fingerprint();
}

// Rows of `merged` whose chunks were live in `then` and are not in `now` (null: nothing of the segment is left).
void collect_removed(const LiveSegment& then, const LiveSegment* now, const Segment& merged,
                     std::vector<std::uint32_t>& removed) {
  if (now != nullptr && now->live == then.live) return;
  const auto chunks = then.segment->chunks();
  for (std::size_t row = 0; row < chunks.size(); ++row) {
    if (!then.is_live(row) || (now != nullptr && now->is_live(row))) continue;
    if (const auto place = merged.row_of(chunks[row])) removed.push_back(*place);
  }
}

}  // namespace

SegmentedIndex::SegmentedIndex(const SegmentedIndexOptions& options)
    : options_(options),
      analyzer_(std::make_shared<const Analyzer>(options.analyzer)),
      configuration_(configuration_of(options, *analyzer_)) {
  auto written = written_.lock();
  publish(*written, SegmentSet{});
}

void SegmentedIndex::publish(Written& written, SegmentSet next) {
  count(next);
  auto segments = std::make_shared<const SegmentSet>(std::move(next));
  auto snapshot = std::make_shared<IndexSnapshot>();
  snapshot->version = written.version + 1;
  snapshot->documents = segments->documents;
  snapshot->chunks = segments->chunks;
  snapshot->keyword = std::make_shared<const Bm25Index>(analyzer_, segments, options_.bm25, options_.prune_from);
  snapshot->vector =
      std::make_shared<const SegmentVectorIndex>(options_.dimensions, segments, options_.approximate_from);
  written.version = snapshot->version;
  written.segments = std::move(segments);
  std::shared_ptr<const IndexSnapshot> shown = std::move(snapshot);
  {
    auto published = published_.lock();
    published->swap(shown);
  }
}

void SegmentedIndex::add(std::span<const IndexedDocument> documents) {
  check_batch(documents, options_.dimensions);
  if (std::all_of(documents.begin(), documents.end(), [](const auto& document) { return document.chunks.empty(); })) {
    return;
  }
  auto added = build_segment(documents, *analyzer_, options_.vectors, options_.dimensions, options_.fields);
  auto written = written_.lock();
  SegmentSet next = *written->segments;
  put_in(next, std::move(added));
  publish(*written, std::move(next));
}

void SegmentedIndex::replace(const IndexedDocument& document) {
  check_batch({&document, 1}, options_.dimensions);
  std::shared_ptr<const Segment> added;
  if (!document.chunks.empty()) {
    added = build_segment({&document, 1}, *analyzer_, options_.vectors, options_.dimensions, options_.fields);
  }
  auto written = written_.lock();
  SegmentSet next = *written->segments;
  const bool was_there = take_out(next, document.document);
  if (!was_there && !added) return;
  if (added) put_in(next, std::move(added));
  publish(*written, std::move(next));
}

void SegmentedIndex::remove(const DocumentId& document) {
  auto written = written_.lock();
  SegmentSet next = *written->segments;
  if (take_out(next, document)) publish(*written, std::move(next));
}

std::shared_ptr<const IndexSnapshot> SegmentedIndex::snapshot() const {
  auto published = published_.lock();
  return *published;
}

void SegmentedIndex::merge_if_due(const Cancellation& cancellation) {
  const std::unique_lock<std::mutex> merging(merging_, std::try_to_lock);
  if (!merging.owns_lock()) return;
  for (;;) {
    cancellation.throw_if_requested();
    std::vector<LiveSegment> sources;
    {
      auto written = written_.lock();
      const auto& segments = written->segments->segments;
      for (const std::size_t place : choose_merge(options_.merge, segments)) sources.push_back(segments[place]);
    }
    if (sources.empty()) return;
    put_in_place(sources, merge_segments(sources, options_.vectors, options_.dimensions, cancellation));
  }
}

void SegmentedIndex::put_in_place(std::span<const LiveSegment> sources, std::shared_ptr<const Segment> merged) {
  auto written = written_.lock();
  SegmentSet next = *written->segments;
  std::vector<std::uint32_t> removed;
  for (const LiveSegment& source : sources) {
    const auto now = std::find_if(next.segments.begin(), next.segments.end(),
                                  [&](const LiveSegment& segment) { return segment.segment == source.segment; });
    const bool is_left = now != next.segments.end();
    collect_removed(source, is_left ? &*now : nullptr, *merged, removed);
    if (is_left) next.segments.erase(now);
  }
  LiveSegment replacement = LiveSegment(std::move(merged)).without(removed);
  if (replacement.live_rows > 0) next.segments.push_back(std::move(replacement));
  publish(*written, std::move(next));
}

void SegmentedIndex::save(const std::filesystem::path& file, std::string_view stamp,
                          const Cancellation& cancellation) const {
  const std::lock_guard saving(saving_);
  std::shared_ptr<const SegmentSet> segments;
  {
    auto written = written_.lock();
    segments = written->segments;
  }
  write_snapshot(file, std::string(stamp), configuration_, options_.dimensions, *segments, cancellation);
}

bool SegmentedIndex::load(const std::filesystem::path& file, std::string_view stamp) {
  SegmentSet loaded;
  try {
    auto segments = read_snapshot(file, stamp, configuration_, options_.vectors, options_.dimensions);
    if (!segments) return false;
    for (auto& segment : *segments) {
      loaded.documents += segment->documents().size();
      loaded.segments.emplace_back(std::move(segment));
    }
  } catch (const Error& error) {
    log::warning(std::string(error.what()) + " The index is built anew.");
    return false;
  }
  auto written = written_.lock();
  if (!written->segments->segments.empty()) refuse("A saved index was to be loaded into one that is not empty.");
  publish(*written, std::move(loaded));
  return true;
}

}  // namespace jackdaw::index
