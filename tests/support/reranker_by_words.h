#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "core/reranker.h"
#include "tests/support/brute_index.h"

namespace jackdaw::testing {

// A Reranker whose logit is 4 for each word that passage and question share, minus 6; or whatever `logit` says.
class RerankerByWords : public Reranker {
 public:
  std::vector<float> score(std::string_view question, std::span<const std::string_view> passages,
                           const Cancellation& cancellation) override {
    ++calls;
    if (passages.size() > static_cast<std::size_t>(largest_batch)) largest_batch = static_cast<int>(passages.size());
    if (before_batch) before_batch();
    std::vector<float> logits;
    for (const auto passage : passages) {
      cancellation.throw_if_requested();
      logits.push_back(logit ? logit(question, passage) : by_words(question, passage));
    }
    return logits;
  }
  std::size_t tokens(std::string_view, std::string_view passage) const override { return folded_words(passage).size(); }
  double tokens_per_second() const noexcept override { return words_per_second; }
  const std::string& name() const noexcept override { return name_; }

  static float by_words(std::string_view question, std::string_view passage) {
    const auto words = folded_words(passage);
    float sum = -6;
    for (const auto& word : folded_words(question)) sum += words.contains(word) ? 4.0F : 0.0F;
    return sum;
  }

  // Set before use; called on the pool's threads; may throw.
  std::function<float(std::string_view, std::string_view)> logit;
  std::function<void()> before_batch;
  double words_per_second = 0;
  std::atomic<int> calls{0};
  std::atomic<int> largest_batch{0};

 private:
  const std::string name_ = "by-words";
};

}  // namespace jackdaw::testing
