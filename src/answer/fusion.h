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

// How two rankings become one.
enum class Fusion {
  kRanks,   // reciprocal ranks: fuse()
  kScores,  // scores: blend()
};

// Merges two rankings: a chunk's fused score is the sum of 1 / (k + rank) over the rankings that hold it, rank from 1.
// Best first; equal scores by ascending chunk id. Pure.
std::vector<FusedChunk> fuse(const Ranking& keyword, const Ranking& vector, double k = kFusionConstant);

// Merges two rankings by their scores, each brought to 0..1 between its lowest and its highest (1 where all are the
// same; a chunk that a ranking lacks has 0 there): the fused score is the mean of the two (relative score fusion;
// Bruch, Gai, Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023). Keeps what ranks forget: how
// much better the first is than the second. Best first; equal scores by ascending chunk id. Pure.
std::vector<FusedChunk> blend(const Ranking& keyword, const Ranking& vector);

std::vector<FusedChunk> fuse_by(Fusion fusion, const Ranking& keyword, const Ranking& vector);

}  // namespace jackdaw::answer
