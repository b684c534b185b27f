#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/embedding.h"

namespace jackdaw::inference {

// An embedder simple enough to trust, for tests: each case-folded word adds +1 or -1 at a place that its hash chooses
// (feature hashing, Weinberger et al. 2009), then unit length. Texts that share words are near. Text without a word
// gets a fixed unit vector. Deterministic on every machine, needs no files, safe from any thread.
class HashEmbedder : public Embedder {
 public:
  std::vector<Embedding> embed(std::span<const std::string_view> texts, const Cancellation& cancellation) override;
  std::size_t dimensions() const noexcept override;
  const std::string& name() const noexcept override;
};

}  // namespace jackdaw::inference
