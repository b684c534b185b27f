#pragma once

#include <atomic>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "core/embedding.h"
#include "tests/support/brute_index.h"

namespace jackdaw::testing {

// An Embedder that hashes words into 64 dimensions: texts that share words are near.
class WordEmbedder : public Embedder {
 public:
  explicit WordEmbedder(std::string name = "words-64") : name_(std::move(name)) {}

  std::vector<Embedding> embed(std::span<const std::string_view> texts, const Cancellation& cancellation) override {
    std::vector<Embedding> out;
    for (const auto text : texts) {
      cancellation.throw_if_requested();
      if (before_each) before_each(text);
      Embedding embedding(64, 0.0F);
      embedding[0] = 0.01F;  // so that a text without words has a direction too
      for (const auto& word : folded_words(text)) embedding[std::hash<std::string>{}(word) % 64] += 1;
      float length = 0;
      for (const float value : embedding) length += value * value;
      for (float& value : embedding) value /= std::sqrt(length);
      out.push_back(std::move(embedding));
      ++texts_embedded;
    }
    return out;
  }
  std::size_t dimensions() const noexcept override { return 64; }
  const std::string& name() const noexcept override { return name_; }

  std::function<void(std::string_view)> before_each;  // set before use; called on the pool's threads
  std::atomic<int> texts_embedded{0};

 private:
  const std::string name_;
};

}  // namespace jackdaw::testing
