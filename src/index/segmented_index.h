#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "core/guarded.h"
#include "core/search_index.h"
#include "index/analyzer.h"
#include "index/bm25.h"
#include "index/keyword_index.h"
#include "index/segment.h"
#include "index/segment_merge.h"

namespace jackdaw::index {

struct SegmentedIndexOptions {
  std::size_t dimensions = 384;  // of MiniLM-L6; what every embedding and query must have
  AnalyzerOptions analyzer{};
  Bm25Parameters bm25{};
  FieldWeights fields{};
  VectorEngine vectors = VectorEngine::kFaiss;
  std::size_t approximate_from = 200'000;  // chunks; below, VectorEngine::kInt8Approximate is exact
  std::size_t prune_from = kPruneFrom;     // rows of a segment; in smaller ones keyword search reads every posting
  MergePolicy merge{};
};

// The searchable collection: a list of immutable segments, each of one batch of documents or of a merge, and for each
// the set of its rows that are not deleted. add() makes a segment and publishes; remove() replaces the sets of the
// segments that hold the document; replace() does both in one publication; merge_if_due() makes one segment of several
// while others read, add and remove, and what is removed meanwhile stays removed. Call it in the background after
// additions and removals: searches slow down with the number of segments.
//
// Safe from any thread. Readers wait for nobody: taking a snapshot copies one pointer under a lock that is never held
// longer than that. Writers wait for each other only while they publish, not while they analyse text or merge.
class SegmentedIndex final : public SearchIndex {
 public:
  explicit SegmentedIndex(const SegmentedIndexOptions& options = {});

  // All of the batch, or nothing and Error kInternal: for a chunk id or a document id that comes twice in the batch or
  // is live in the index (that is replace()), for an embedding of other dimensions or with a value that
  // is not finite. Documents without chunks leave no trace. A batch without chunks publishes nothing.
  void add(std::span<const IndexedDocument> documents) override;

  // Throws what add() throws, also for a chunk id that is live in another document. Publishes only if something
  // changes.
  void replace(const IndexedDocument& document) override;

  // Publishes only if there was something to remove. Memory is given back when the segment is merged, or at once when
  // nothing of it is left.
  void remove(const DocumentId& document) override;

  std::shared_ptr<const IndexSnapshot> snapshot() const override;

  // Merges until nothing is due; returns at once while another thread is merging. Throws what `cancellation` says;
  // merges that were finished by then stay.
  void merge_if_due(const Cancellation& cancellation) override;

  // The form is that of snapshot_format.h. Holds nothing that others wait for but another save(). While it runs there
  // is also a file of the name with ".part" behind it; what an earlier process left there is overwritten.
  void save(const std::filesystem::path& file, std::string_view stamp, const Cancellation& cancellation) const override;

  // Why a file is not used is in the log, unless there is none or it is of another stamp, version or configuration.
  // Throws Error kInternal when the index is not empty.
  bool load(const std::filesystem::path& file, std::string_view stamp) override;

 private:
  struct Written {
    std::uint64_t version = 0;
    std::shared_ptr<const SegmentSet> segments;
  };

  void publish(Written& written, SegmentSet next);
  void put_in_place(std::span<const LiveSegment> sources, std::shared_ptr<const Segment> merged);

  const SegmentedIndexOptions options_;
  const std::shared_ptr<const Analyzer> analyzer_;
  const std::string configuration_;  // of what is saved and loaded
  mutable Guarded<Written> written_;
  std::mutex merging_;
  mutable std::mutex saving_;
  mutable Guarded<std::shared_ptr<const IndexSnapshot>> published_;
};

}  // namespace jackdaw::index
