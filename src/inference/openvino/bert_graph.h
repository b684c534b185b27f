#pragma once

#include <memory>

#include "inference/weights.h"

namespace ov {
class Model;
}

namespace jackdaw::inference {

// Names of the graph's inputs and outputs.
inline constexpr const char* kEmbeddedInput = "embedded";  // f32 [1, tokens, hidden]: word + position + type
inline constexpr const char* kMaskInput = "mask";          // f32 [tokens, tokens]: 0 where row may look at column
inline constexpr const char* kFirstsInput = "firsts";      // i32 [sequences]: row of each sequence's first token
inline constexpr const char* kStatesOutput = "states";     // f32 [1, tokens, hidden], without a head
inline constexpr const char* kLogitsOutput = "logits";     // f32 [sequences, 1], with one

// The encoder as one fp32 graph over packed sequences: all tokens stand one after another in a single row of the batch,
// and the mask keeps each sequence to itself, so nothing is computed for padding. 8-bit matrices are widened; most fp32
// ones are not copied: the graph keeps the file mapped.
std::shared_ptr<ov::Model> build_bert_graph(const BertWeights& weights);

}  // namespace jackdaw::inference
