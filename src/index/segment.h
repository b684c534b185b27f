#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/search_index.h"
#include "index/analyzer.h"
#include "index/field_terms.h"
#include "index/postings.h"
#include "index/row_set.h"
#include "index/vector_segment.h"

namespace jackdaw::index {

// The rows of a segment, document by document.
struct DocumentRows {
  std::vector<DocumentId> documents;  // ascending
  std::vector<std::uint32_t> begins;  // documents + 1 entries: where each one's rows begin in `rows`
  std::vector<std::uint32_t> rows;    // ascending within a document
};

// Rows by the document that each belongs to.
DocumentRows group_by_document(std::span<const DocumentId* const> document_of_row);

// All that a segment knows but its vectors; rows ascending by chunk id.
struct SegmentWords {
  std::vector<ChunkId> chunks;
  std::vector<std::uint32_t> lengths;  // terms of each row, each counted by the weight of its field
  DocumentRows documents;
  Postings postings;
};

// Some documents in searchable form: words and vectors side by side, one row a chunk, rows ascending by chunk id.
// Immutable and self-contained: any number of threads may read it, nothing in it depends on other segments, and what is
// deleted later is noted beside it (LiveSegment), not in it.
class Segment {
 public:
  Segment(SegmentWords words, std::unique_ptr<const VectorSegment> vectors);

  std::size_t rows() const noexcept { return words_.chunks.size(); }
  std::span<const ChunkId> chunks() const noexcept { return words_.chunks; }
  // SegmentWords::lengths.
  std::span<const std::uint32_t> lengths() const noexcept { return words_.lengths; }
  std::span<const DocumentId> documents() const noexcept { return words_.documents.documents; }
  const Postings& postings() const noexcept { return words_.postings; }
  const SegmentWords& words() const noexcept { return words_; }
  const VectorSegment& vectors() const noexcept { return *vectors_; }

  std::optional<std::uint32_t> row_of(ChunkId chunk) const noexcept;
  // Empty for a document that is not in here.
  std::span<const std::uint32_t> rows_of(const DocumentId& document) const noexcept;

 private:
  SegmentWords words_;
  std::unique_ptr<const VectorSegment> vectors_;
};

// A segment and what is not deleted of it: the unit that snapshots share. Removing replaces `live`, never changes it.
struct LiveSegment {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const RowSet> live;  // null: every row
  std::size_t live_rows = 0;
  std::uint64_t live_terms = 0;  // sum of the lengths of the live rows

  explicit LiveSegment(std::shared_ptr<const Segment> whole);

  bool is_live(std::size_t row) const noexcept { return !live || live->contains(row); }
  // This segment without those rows; rows that are not live already do not count.
  LiveSegment without(std::span<const std::uint32_t> rows) const;
};

// All segments at one moment, with the statistics that BM25 needs of the whole collection.
struct SegmentSet {
  std::vector<LiveSegment> segments;
  std::size_t documents = 0;  // live
  std::size_t chunks = 0;     // live
  std::uint64_t terms = 0;    // of live chunks
};

// What of a segment one search may return: its live rows, of the filter's documents.
class RowFilter {
 public:
  RowFilter(const LiveSegment& segment, const SearchFilter& filter);
  // Null: every row.
  const RowSet* rows() const noexcept { return chosen_ ? &*chosen_ : live_; }
  bool allows_nothing() const noexcept { return allows_nothing_; }

 private:
  const RowSet* live_;
  std::optional<RowSet> chosen_;
  bool allows_nothing_;
};

// Makes a segment of whole documents; there is at least one chunk, and no chunk id comes twice.
std::shared_ptr<const Segment> build_segment(std::span<const IndexedDocument> documents, const Analyzer& analyzer,
                                             VectorEngine engine, std::size_t dimensions,
                                             const FieldWeights& weights = {});

}  // namespace jackdaw::index
