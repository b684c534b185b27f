#include "index/keyword_index.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "index/query_scores.h"
#include "index/segment_search.h"

namespace jackdaw::index {
namespace {

// Bounds cost more than they save where they are compared with as many others.
constexpr std::size_t kMostPrunedTerms = 64;

// A term of the query, once.
struct QueryTerm {
  std::string text;
  std::uint32_t said = 0;    // times
  std::uint64_t chunks = 0;  // live ones that hold it
  double weight = 0;
};

// In order of first occurrence.
std::vector<QueryTerm> distinct(std::vector<std::string> terms) {
  std::vector<QueryTerm> out;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::string& term : terms) {
    const auto [place, is_new] = places.try_emplace(term, out.size());
    if (is_new) out.push_back({term});
    ++out[place->second].said;
  }
  return out;
}

// Decodes only the blocks that reach over a deleted row.
std::uint64_t count_live(const LiveSegment& segment, const PostingList& list) {
  if (!segment.live) return list.count();
  std::uint64_t live = 0;
  std::size_t first_row = 0;
  DecodedBlock block;
  for (std::size_t number = 0; number < list.blocks(); ++number) {
    const std::size_t end_row = list.has_directory() ? std::size_t{list.last_row(number)} + 1 : segment.segment->rows();
    if (segment.live->contains_all(std::exchange(first_row, end_row), end_row)) {
      live += std::min<std::size_t>(kBlockPostings, list.count() - number * kBlockPostings);
      continue;
    }
    list.decode(number, block);
    for (std::uint32_t i = 0; i < block.count; ++i) live += segment.is_live(block.rows[i]);
  }
  return live;
}

}  // namespace

Bm25Index::Bm25Index(std::shared_ptr<const Analyzer> analyzer, std::shared_ptr<const SegmentSet> segments,
                     const Bm25Parameters& parameters, std::size_t prune_from)
    : analyzer_(std::move(analyzer)),
      segments_(std::move(segments)),
      bm25_(parameters, segments_->chunks, segments_->terms),
      prune_from_(prune_from) {}

Ranking Bm25Index::search(std::string_view query, std::size_t limit, const SearchFilter& filter) const {
  std::vector<QueryTerm> terms = distinct(analyzer_->terms(query));
  const auto& segments = segments_->segments;
  std::vector<std::optional<std::uint32_t>> numbers(segments.size() * terms.size());
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const auto number = segments[s].segment->postings().find(terms[t].text);
      numbers[s * terms.size() + t] = number;
      if (number) terms[t].chunks += count_live(segments[s], segments[s].segment->postings().list(*number));
    }
  }
  double weight_sum = 0;
  for (QueryTerm& term : terms) weight_sum += term.weight = bm25_.idf(term.chunks) * term.said;
  const QueryScores scores(bm25_, weight_sum);

  TopK best(limit);
  std::vector<SegmentTerm> present;
  for (std::size_t s = 0; s < segments.size() && limit > 0; ++s) {
    const RowFilter allowed(segments[s], filter);
    if (allowed.allows_nothing()) continue;
    present.clear();
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const auto number = numbers[s * terms.size() + t];
      if (number) present.push_back({segments[s].segment->postings().list(*number), terms[t].weight});
    }
    const Segment& segment = *segments[s].segment;
    const SearchedSegment searched{segment.chunks(), segment.lengths(), allowed.rows()};
    const bool prune = segment.rows() >= prune_from_ && present.size() <= kMostPrunedTerms;
    (prune ? search_promising_windows : search_every_posting)(searched, present, scores, best);
  }
  return best.take();
}

}  // namespace jackdaw::index
