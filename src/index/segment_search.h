#pragma once

#include <cstdint>
#include <span>

#include "index/posting_list.h"
#include "index/query_scores.h"
#include "index/row_set.h"
#include "index/top_k.h"

namespace jackdaw::index {

// A term of a query in one segment.
struct SegmentTerm {
  PostingList list;
  double weight = 0;  // idf, times the number of times that the query says it
};

// What one search reads of a segment.
struct SearchedSegment {
  std::span<const ChunkId> chunks;
  std::span<const std::uint32_t> lengths;
  const RowSet* allowed = nullptr;  // null: every row
};

// Both offer to `best` every allowed row that can be among its best, with the same scores to the last bit.

// Reads every posting. For segments of few rows, and for queries of so many terms that no bound would help.
void search_every_posting(const SearchedSegment& segment, std::span<const SegmentTerm> terms, const QueryScores& scores,
                          TopK& best);

// Reads only what can matter. The rows are cut into windows; what a row of a window can reach at most is known from the
// impacts of the blocks (block-max pruning: Ding and Suel, "Faster top-k document retrieval using block-max indexes",
// 2011). Windows are visited from the most promising one down, until none can hold a row that is good enough (as
// Mallia, Suel and Tonellotto do: "Faster learned sparse retrieval with block-max pruning", 2024). Within a window the
// terms that matter most give the candidates, and the others are looked up for these alone (MaxScore: Turtle and Flood,
// "Query evaluation: strategies and optimizations", 1995).
void search_promising_windows(const SearchedSegment& segment, std::span<const SegmentTerm> terms,
                              const QueryScores& scores, TopK& best);

}  // namespace jackdaw::index
