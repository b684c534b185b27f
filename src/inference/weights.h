#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "inference/tensor.h"

namespace jackdaw::inference {

// y = x W^T + b.
struct Linear {
  Tensor weight;  // [outputs, inputs], or the other way round when weight.input_major
  Tensor bias;    // [outputs]
};

struct LayerNorm {
  Tensor gamma;  // [hidden]
  Tensor beta;
};

struct BertLayer {
  Linear query, key, value, attention_output;
  LayerNorm attention_norm;
  Linear intermediate, output;
  LayerNorm output_norm;
};

// The weights of a BERT encoder (Devlin et al. 2018), by their places. They point into the mapped file, which lives as
// long as this does. Immutable, safe from any thread.
struct BertWeights {
  std::shared_ptr<const MappedFile> file;
  std::size_t hidden = 0;  // width of a token state
  std::size_t heads = 0;
  std::size_t intermediate = 0;  // width of the feed-forward part
  std::size_t vocabulary = 0;    // rows of `words`
  std::size_t positions_count = 0;
  Tensor words, positions, types;  // [n, hidden]
  LayerNorm embeddings_norm;
  std::vector<BertLayer> layers;
  std::optional<Linear> pooler;      // [hidden, hidden], tanh; together with the classifier or not at all
  std::optional<Linear> classifier;  // [1, hidden]
};

enum class Head { kNone, kClassifier };

// Reads and checks the weights: every tensor must be there in the shape that the others imply. `.safetensors` and
// `.onnx` files are told apart by their name. `head_width`, which no tensor tells, is hidden / heads. Throws Error
// kUnavailable, naming the command that fetches the file.
BertWeights read_bert_weights(const std::filesystem::path& path, Head head, std::size_t head_width = 32);
// Of a file that is mapped already, and was perhaps compared with its pin first.
BertWeights read_bert_weights(std::shared_ptr<const MappedFile> file, Head head, std::size_t head_width);

// No file of weights is larger.
inline constexpr std::size_t kMaxWeightsBytes = std::size_t{1} << 30;

}  // namespace jackdaw::inference
