#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <list>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "inference/encoder_shape.h"
#include "inference/weights.h"

namespace jackdaw::testing {

inline const std::string kSomeSource(64, 'a');

// Weights of any shape, drawn so that states keep the size that a trained model's have. Owns what they point to.
class RandomEncoder {
 public:
  // `spread` multiplies all matrices: 1 is ordinary, large ones make extremes.
  explicit RandomEncoder(const inference::EncoderShape& shape, std::uint32_t seed = 1, float spread = 1)
      : random_(seed), spread_(spread) {
    const std::size_t hidden = shape.hidden;
    weights_.hidden = hidden;
    weights_.heads = shape.heads;
    weights_.intermediate = shape.intermediate;
    weights_.vocabulary = shape.vocabulary;
    weights_.positions_count = shape.positions;
    weights_.words = draw({shape.vocabulary, hidden}, 0.6F);
    weights_.positions = draw({shape.positions, hidden}, 0.2F);
    weights_.types = draw({shape.types, hidden}, 0.1F);
    weights_.embeddings_norm = norm(hidden);
    for (std::size_t i = 0; i < shape.layers; ++i) weights_.layers.push_back(layer(hidden, shape.intermediate, i % 2));
    if (!shape.has_classifier) return;
    weights_.pooler = linear(hidden, hidden, false);
    weights_.classifier = linear(1, hidden, false);
  }
  RandomEncoder(const RandomEncoder&) = delete;
  RandomEncoder& operator=(const RandomEncoder&) = delete;

  const inference::BertWeights& weights() const noexcept { return weights_; }

 private:
  inference::Tensor draw(std::vector<std::size_t> shape, float deviation, float mean = 0) {
    auto& values = memory_.emplace_back(inference::count_elements(shape));
    std::normal_distribution<float> normal(mean, deviation);
    for (float& value : values) value = normal(random_);
    return {.shape = std::move(shape), .bytes = std::as_bytes(std::span(values))};
  }

  inference::Linear linear(std::size_t outputs, std::size_t inputs, bool input_major) {
    const float deviation = spread_ / std::sqrt(static_cast<float>(inputs));
    inference::Tensor weight =
        draw(input_major ? std::vector{inputs, outputs} : std::vector{outputs, inputs}, deviation);
    weight.input_major = input_major;
    return {.weight = std::move(weight), .bias = draw({outputs}, 0.1F * spread_)};
  }

  inference::LayerNorm norm(std::size_t width) {
    inference::Tensor gamma = draw({width}, 0.2F, 1);
    return {.gamma = std::move(gamma), .beta = draw({width}, 0.1F)};
  }

  inference::BertLayer layer(std::size_t hidden, std::size_t intermediate, bool input_major) {
    inference::BertLayer out;
    for (inference::Linear* of_width : {&out.query, &out.key, &out.value, &out.attention_output}) {
      *of_width = linear(hidden, hidden, input_major);
    }
    out.attention_norm = norm(hidden);
    out.intermediate = linear(intermediate, hidden, input_major);
    out.output = linear(hidden, intermediate, input_major);
    out.output_norm = norm(hidden);
    return out;
  }

  std::mt19937 random_;
  float spread_;
  std::list<std::vector<float>> memory_;
  inference::BertWeights weights_;
};

}  // namespace jackdaw::testing
