#pragma once

#include <optional>
#include <vector>

#include "core/chunk.h"
#include "core/ids.h"

namespace jackdaw {

// What one search found: a chunk and its score, higher is better.
struct ScoredChunk {
  ChunkId chunk;
  float score = 0;
  friend bool operator==(const ScoredChunk&, const ScoredChunk&) = default;
};

// Best first; equal scores by ascending chunk id. No chunk occurs twice.
using Ranking = std::vector<ScoredChunk>;

// A score and its 1-based place in one ranking.
struct Place {
  float score = 0;
  int rank = 0;
};

// Why a passage was returned.
struct Reasons {
  std::optional<Place> keyword;  // BM25
  std::optional<Place> vector;   // cosine
  float fused = 0;               // reciprocal rank fusion
  std::optional<float> rerank;   // cross-encoder logit
};

enum class ScoreKind { kRerank, kCosine };

// A passage that a search returned.
struct RetrievedPassage {
  Passage passage;
  float score = 0;  // kRerank: sigmoid of the logit; kCosine: cosine of question and chunk
  ScoreKind score_kind = ScoreKind::kCosine;
  Reasons reasons;
  bool deleted = false;  // its document is gone since: of the passage only the ids are left
};

}  // namespace jackdaw
