#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/search_index.h"
#include "index/analyzer.h"
#include "index/bm25.h"
#include "index/segment.h"

namespace jackdaw::index {

// Rows of a segment. Reading every posting is faster up to here (by 8% at a million, docs/benchmarks.md): in text of
// mixed topics hardly a window can be left out.
inline constexpr std::size_t kPruneFrom = std::size_t{1} << 20;

// BM25 over a list of segments, exact: every score is what one index of the live chunks alone would give, to the last
// bit, however they are spread over segments. Corpus statistics count live chunks only; where a segment has deletions,
// a term's deleted chunks are counted at query time, in the blocks that reach over them.
// A term that the query says n times weighs n times. Immutable: any number of threads may search at once.
class Bm25Index final : public KeywordIndex {
 public:
  Bm25Index(std::shared_ptr<const Analyzer> analyzer, std::shared_ptr<const SegmentSet> segments,
            const Bm25Parameters& parameters, std::size_t prune_from = kPruneFrom);

  Ranking search(std::string_view query, std::size_t limit, const SearchFilter& filter) const override;

 private:
  std::shared_ptr<const Analyzer> analyzer_;
  std::shared_ptr<const SegmentSet> segments_;
  Bm25 bm25_;
  std::size_t prune_from_;
};

}  // namespace jackdaw::index
