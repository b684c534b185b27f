#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inference/tokenizer.h"

namespace jackdaw::inference {

// Sequences of token ids, one after another.
struct PackedBatch {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> types;   // one for each id: 0 or 1
  std::vector<std::size_t> lengths;  // of the sequences, in tokens; they add up to ids.size()
};

struct BatchLimits {
  std::size_t tokens = 128;    // of all sequences together; a longer one is alone
  std::size_t sequences = 64;  // at least 1
};

// Some encodings that run together: their indices, in the order of the packed sequences.
using BatchPlan = std::vector<std::size_t>;

// Every encoding in exactly one batch, shortest first, so that batches fill up well.
std::vector<BatchPlan> plan_batches(std::span<const Encoding> encodings, const BatchLimits& limits);

PackedBatch pack(std::span<const Encoding> encodings, const BatchPlan& plan);

}  // namespace jackdaw::inference
