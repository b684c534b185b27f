#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"

namespace jackdaw {

// A point on the unit sphere: dimensions() floats with Euclidean length 1, so that the inner product is the cosine.
using Embedding = std::vector<float>;

// Text to vectors. Shared by all threads; plain blocking code that burns CPU on the caller's thread.
class Embedder {
 public:
  virtual ~Embedder() = default;

  // One embedding for each text, in order. Texts beyond the model's window are cut at its end. Works in small batches
  // and throws Error (cancelled, deadline) between them.
  virtual std::vector<Embedding> embed(std::span<const std::string_view> texts, const Cancellation& cancellation) = 0;

  virtual std::size_t dimensions() const noexcept = 0;

  // Names the weights and the arithmetic: vectors made under another name must not be compared with these.
  virtual const std::string& name() const noexcept = 0;
};

}  // namespace jackdaw
