#include "inference/batches.h"

#include <algorithm>
#include <numeric>

namespace jackdaw::inference {

std::vector<BatchPlan> plan_batches(std::span<const Encoding> encodings, const BatchLimits& limits) {
  std::vector<std::size_t> order(encodings.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return encodings[i].tokens.size(); });
  std::vector<BatchPlan> plans;
  std::size_t tokens = 0;
  for (const std::size_t i : order) {
    const std::size_t length = encodings[i].tokens.size();
    if (plans.empty() || tokens + length > limits.tokens || plans.back().size() >= limits.sequences) {
      plans.emplace_back();
      tokens = 0;
    }
    plans.back().push_back(i);
    tokens += length;
  }
  return plans;
}

PackedBatch pack(std::span<const Encoding> encodings, const BatchPlan& plan) {
  PackedBatch batch;
  for (const std::size_t i : plan) {
    for (const Token& token : encodings[i].tokens) batch.ids.push_back(token.id);
    batch.types.insert(batch.types.end(), encodings[i].types.begin(), encodings[i].types.end());
    batch.lengths.push_back(encodings[i].tokens.size());
  }
  return batch;
}

}  // namespace jackdaw::inference
