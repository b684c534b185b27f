#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/reranker.h"

namespace jackdaw::inference {

// A reranker simple enough to trust, for tests: the share of the question's case-folded words that the passage holds,
// as a logit from -6 (none) to +6 (all). Deterministic on every machine, needs no files, safe from any thread.
class OverlapReranker : public Reranker {
 public:
  std::vector<float> score(std::string_view question, std::span<const std::string_view> passages,
                           const Cancellation& cancellation) override;
  std::size_t tokens(std::string_view question, std::string_view passage) const override;
  double tokens_per_second() const noexcept override { return 0; }
  const std::string& name() const noexcept override;
};

}  // namespace jackdaw::inference
