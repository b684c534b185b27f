#pragma once

#include <vector>

#include "core/ranking.h"

namespace jackdaw::answer {

// A chunk that at least one of the two searches found, and how.
struct FusedChunk {
  ChunkId chunk;
  Reasons reasons;  // keyword, vector and fused are set
};

// The constant of reciprocal rank fusion (Cormack, Clarke, Buettcher: "Reciprocal Rank Fusion outperforms Condorcet and
// individual Rank Learning Methods", SIGIR 2009).
inline constexpr double kFusionConstant = 60;

// Merges two rankings: a chunk's fused score is the sum of 1 / (k + rank) over the rankings that hold it, rank from 1.
// Best first; equal scores by ascending chunk id. Pure.
std::vector<FusedChunk> fuse(const Ranking& keyword, const Ranking& vector, double k = kFusionConstant);

}  // namespace jackdaw::answer
