#pragma once

#include <cstddef>
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

  // How much of the model's work a pair is, so that a budget can be shared out before it is spent: the tokens that the
  // model reads of both. Costs about a hundredth of score().
  virtual std::size_t tokens(std::string_view question, std::string_view passage) const = 0;

  // How many tokens one thread reads in a second on this machine, measured when the model was loaded; 0: scoring costs
  // next to nothing.
  virtual double tokens_per_second() const noexcept = 0;

  virtual const std::string& name() const noexcept = 0;
};

}  // namespace jackdaw
