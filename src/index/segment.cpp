#include "index/segment.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace jackdaw::index {
namespace {

// Gathers the postings of a segment while its rows are analysed one by one.
class PostingsCollector {
 public:
  // Rows come in ascending order.
  void add(std::uint32_t row, const std::vector<std::string>& terms) {
    numbers_.clear();
    for (const std::string& term : terms) numbers_.push_back(number_of(term));
    std::sort(numbers_.begin(), numbers_.end());
    for (auto begin = numbers_.begin(); begin != numbers_.end();) {
      const auto end = std::find_if(begin, numbers_.end(), [&](std::uint32_t number) { return number != *begin; });
      postings_[*begin].push_back({row, static_cast<std::uint32_t>(end - begin)});
      begin = end;
    }
  }

  Postings build() const {
    std::vector<std::pair<std::string_view, std::uint32_t>> sorted(known_.begin(), known_.end());
    std::sort(sorted.begin(), sorted.end());
    Postings built;
    for (const auto& [term, number] : sorted) built.append(term, postings_[number]);
    built.shrink();
    return built;
  }

 private:
  std::uint32_t number_of(const std::string& term) {
    const auto [place, is_new] = known_.try_emplace(term, static_cast<std::uint32_t>(postings_.size()));
    if (is_new) postings_.emplace_back();
    return place->second;
  }

  std::unordered_map<std::string, std::uint32_t> known_;
  std::vector<std::vector<Posting>> postings_;
  std::vector<std::uint32_t> numbers_;
};

struct NewRow {
  const IndexedChunk* chunk;
  const DocumentId* document;
};

std::vector<NewRow> rows_by_chunk(std::span<const IndexedDocument> documents) {
  std::vector<NewRow> rows;
  for (const IndexedDocument& document : documents) {
    for (const IndexedChunk& chunk : document.chunks) rows.push_back({&chunk, &document.document});
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
                                             VectorEngine engine, std::size_t dimensions) {
  const std::vector<NewRow> rows = rows_by_chunk(documents);
  SegmentWords words;
  std::vector<const DocumentId*> document_of_row;
  std::vector<const float*> vectors;
  PostingsCollector postings;
  for (const NewRow& row : rows) {
    const std::vector<std::string> terms = analyzer.terms(row.chunk->text);
    postings.add(static_cast<std::uint32_t>(words.chunks.size()), terms);
    words.chunks.push_back(row.chunk->chunk);
    words.lengths.push_back(static_cast<std::uint32_t>(terms.size()));
    document_of_row.push_back(row.document);
    vectors.push_back(row.chunk->embedding.data());
  }
  words.chunks.shrink_to_fit();
  words.lengths.shrink_to_fit();
  words.documents = group_by_document(document_of_row);
  words.postings = postings.build();
  return std::make_shared<const Segment>(std::move(words), make_vector_segment(engine, dimensions, vectors));
}

}  // namespace jackdaw::index
