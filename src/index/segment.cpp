#include "index/segment.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace jackdaw::index {
namespace {

struct NewRow {
  const IndexedChunk* chunk;
  const IndexedDocument* document;
};

std::vector<NewRow> rows_by_chunk(std::span<const IndexedDocument> documents) {
  std::vector<NewRow> rows;
  for (const IndexedDocument& document : documents) {
    for (const IndexedChunk& chunk : document.chunks) rows.push_back({&chunk, &document});
  }
  std::sort(rows.begin(), rows.end(), [](const NewRow& a, const NewRow& b) { return a.chunk->chunk < b.chunk->chunk; });
  return rows;
}

}  // namespace

DocumentRows group_by_document(std::span<const DocumentId* const> document_of_row) {
  DocumentRows grouped;
  grouped.rows.resize(document_of_row.size());
  for (std::uint32_t row = 0; row < grouped.rows.size(); ++row) grouped.rows[row] = row;
  std::stable_sort(grouped.rows.begin(), grouped.rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    return document_of_row[a] != document_of_row[b] && *document_of_row[a] < *document_of_row[b];
  });
  for (std::uint32_t i = 0; i < grouped.rows.size(); ++i) {
    const DocumentId& document = *document_of_row[grouped.rows[i]];
    if (!grouped.documents.empty() && grouped.documents.back() == document) continue;
    grouped.documents.push_back(document);
    grouped.begins.push_back(i);
  }
  grouped.begins.push_back(static_cast<std::uint32_t>(grouped.rows.size()));
  return grouped;
}

Segment::Segment(SegmentWords words, std::unique_ptr<const VectorSegment> vectors)
    : words_(std::move(words)), vectors_(std::move(vectors)) {}

std::optional<std::uint32_t> Segment::row_of(ChunkId chunk) const noexcept {
  const auto& chunks = words_.chunks;
  const auto found = std::lower_bound(chunks.begin(), chunks.end(), chunk);
  if (found == chunks.end() || *found != chunk) return std::nullopt;
  return static_cast<std::uint32_t>(found - chunks.begin());
}

std::span<const std::uint32_t> Segment::rows_of(const DocumentId& document) const noexcept {
  const auto& [documents, begins, rows] = words_.documents;
  const auto found = std::lower_bound(documents.begin(), documents.end(), document);
  if (found == documents.end() || *found != document) return {};
  const auto place = static_cast<std::size_t>(found - documents.begin());
  return std::span(rows).subspan(begins[place], begins[place + 1] - begins[place]);
}

LiveSegment::LiveSegment(std::shared_ptr<const Segment> whole) : segment(std::move(whole)), live_rows(segment->rows()) {
  for (const std::uint32_t length : segment->lengths()) live_terms += length;
}

LiveSegment LiveSegment::without(std::span<const std::uint32_t> rows) const {
  LiveSegment left = *this;
  RowSet kept = live ? *live : RowSet(segment->rows(), true);
  for (const std::uint32_t row : rows) {
    if (!kept.contains(row)) continue;
    kept.erase(row);
    --left.live_rows;
    left.live_terms -= segment->lengths()[row];
  }
  if (left.live_rows != live_rows) left.live = std::make_shared<const RowSet>(std::move(kept));
  return left;
}

RowFilter::RowFilter(const LiveSegment& segment, const SearchFilter& filter)
    : live_(segment.live.get()), allows_nothing_(segment.live_rows == 0) {
  if (filter.documents.empty()) return;
  allows_nothing_ = true;
  chosen_.emplace(segment.segment->rows(), false);
  for (const DocumentId& document : filter.documents) {
    for (const std::uint32_t row : segment.segment->rows_of(document)) {
      if (!segment.is_live(row)) continue;
      chosen_->insert(row);
      allows_nothing_ = false;
    }
  }
}

std::shared_ptr<const Segment> build_segment(std::span<const IndexedDocument> documents, const Analyzer& analyzer,
                                             VectorEngine engine, std::size_t dimensions, const FieldWeights& weights) {
  const std::vector<NewRow> rows = rows_by_chunk(documents);
  SegmentWords words;
  std::vector<const DocumentId*> document_of_row;
  std::vector<const float*> vectors;
  FieldTerms terms(analyzer, weights);
  for (const NewRow& row : rows) {
    terms.add(row.document->title, *row.chunk);
    words.chunks.push_back(row.chunk->chunk);
    document_of_row.push_back(&row.document->document);
    vectors.push_back(row.chunk->embedding.data());
  }
  words.chunks.shrink_to_fit();
  words.documents = group_by_document(document_of_row);
  words.postings = terms.postings();
  words.lengths = std::move(terms).lengths();
  words.lengths.shrink_to_fit();
  return std::make_shared<const Segment>(std::move(words), make_vector_segment(engine, dimensions, vectors));
}

}  // namespace jackdaw::index
