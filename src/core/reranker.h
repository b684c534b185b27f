#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"

namespace jackdaw {

// Reads a question and a passage together and says how well the passage answers. Shared by all threads; plain blocking
// code that burns CPU on the caller's thread.
class Reranker {
 public:
  virtual ~Reranker() = default;

  // One logit for each passage, in order; higher is better, sigmoid(logit) is the model's probability. The passage is
  // cut so that the question survives. Works in micro-batches of at most four pairs, sorted by length, and throws Error
  // (cancelled, deadline) between them.
  virtual std::vector<float> score(std::string_view question, std::span<const std::string_view> passages,
                                   const Cancellation& cancellation) = 0;

  virtual const std::string& name() const noexcept = 0;
};

}  // namespace jackdaw
