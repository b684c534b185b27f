#include "answer/fusion.h"

#include <algorithm>
#include <unordered_map>

namespace jackdaw::answer {
namespace {

// Both rankings' chunks, each once, with the places that it has; `share` says what a place adds to the fused score.
template <class Share>
std::vector<FusedChunk> merge(const Ranking& keyword, const Ranking& vector, Share share) {
  std::vector<FusedChunk> fused;
  std::vector<double> scores;
  std::unordered_map<ChunkId, std::size_t> places;
  const auto add = [&](const Ranking& ranking, std::optional<Place> Reasons::* reason) {
    int rank = 0;
    for (const ScoredChunk& found : ranking) {
      const auto [place, is_new] = places.try_emplace(found.chunk, fused.size());
      if (is_new) {
        fused.push_back({found.chunk, {}});
        scores.push_back(0);
      }
      fused[place->second].reasons.*reason = Place{found.score, ++rank};
      scores[place->second] += share(ranking, found.score, rank);
    }
  };
  add(keyword, &Reasons::keyword);
  add(vector, &Reasons::vector);
  for (std::size_t i = 0; i < fused.size(); ++i) fused[i].reasons.fused = static_cast<float>(scores[i]);
  std::sort(fused.begin(), fused.end(), [](const FusedChunk& a, const FusedChunk& b) {
    return a.reasons.fused != b.reasons.fused ? a.reasons.fused > b.reasons.fused : a.chunk < b.chunk;
  });
  return fused;
}

}  // namespace

std::vector<FusedChunk> fuse(const Ranking& keyword, const Ranking& vector, double k) {
  return merge(keyword, vector, [k](const Ranking&, float, int rank) { return 1.0 / (k + rank); });
}

std::vector<FusedChunk> blend(const Ranking& keyword, const Ranking& vector) {
  return merge(keyword, vector, [](const Ranking& ranking, float score, int) {
    const double high = ranking.front().score, low = ranking.back().score;
    return high > low ? (score - low) / (high - low) / 2 : 0.5;
  });
}

std::vector<FusedChunk> fuse_by(Fusion fusion, const Ranking& keyword, const Ranking& vector) {
  return fusion == Fusion::kScores ? blend(keyword, vector) : fuse(keyword, vector);
}

}  // namespace jackdaw::answer
