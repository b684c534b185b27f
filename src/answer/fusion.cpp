#include "answer/fusion.h"

#include <algorithm>
#include <unordered_map>

namespace jackdaw::answer {

std::vector<FusedChunk> fuse(const Ranking& keyword, const Ranking& vector, double k) {
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
      scores[place->second] += 1.0 / (k + rank);
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

}  // namespace jackdaw::answer
