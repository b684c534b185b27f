#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

#include "inference/encoder_file.h"
#include "inference/weights.h"

// A BERT encoder as its papers write it, in plain loops of doubles: what the engine is measured by.
namespace jackdaw::testing {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

struct PlainNorm {
  Row gamma, beta;
};

// y = x W^T + b. Where inputs are rounded, x goes through 8 bits as Kernels::quantize says.
struct PlainLinear {
  Rows weight;  // [outputs][inputs]
  Row bias;
  bool rounds_input = false;
};

struct PlainLayer {
  PlainLinear query_key_value, attention_output, widening, narrowing;
  PlainNorm attention_norm, output_norm;
};

struct PlainModel {
  std::size_t heads = 0;
  Rows words, positions, types;
  PlainNorm norm;
  std::vector<PlainLayer> layers;
  std::optional<PlainLinear> pooler, classifier;
};

inline Row numbers_of(const inference::Tensor& tensor) {
  const auto values = to_f32(tensor);
  return {values.begin(), values.end()};
}

inline PlainNorm plain(const inference::LayerNorm& norm) {
  return {.gamma = numbers_of(norm.gamma), .beta = numbers_of(norm.beta)};
}

inline Rows plain_table(const inference::Tensor& table) {
  const Row all = numbers_of(table);
  const std::size_t inputs = table.shape[table.input_major ? 0 : 1];
  Rows out(all.size() / inputs, Row(inputs));
  for (std::size_t o = 0; o < out.size(); ++o) {
    for (std::size_t i = 0; i < inputs; ++i) out[o][i] = all[table.input_major ? i * out.size() + o : o * inputs + i];
  }
  return out;
}

inline PlainLinear plain(const inference::Linear& linear) {
  return {.weight = plain_table(linear.weight), .bias = numbers_of(linear.bias)};
}

// The weights as they are: what fp32 should come to.
inline PlainModel plain(const inference::BertWeights& weights) {
  PlainModel out{.heads = weights.heads,
                 .words = plain_table(weights.words),
                 .positions = plain_table(weights.positions),
                 .types = plain_table(weights.types),
                 .norm = plain(weights.embeddings_norm)};
  for (const inference::BertLayer& from : weights.layers) {
    PlainLayer& layer = out.layers.emplace_back();
    for (const inference::Linear* part : {&from.query, &from.key, &from.value}) {
      std::ranges::move(plain(*part).weight, std::back_inserter(layer.query_key_value.weight));
      std::ranges::copy(plain(*part).bias, std::back_inserter(layer.query_key_value.bias));
    }
    layer.attention_output = plain(from.attention_output);
    layer.attention_norm = plain(from.attention_norm);
    layer.widening = plain(from.intermediate);
    layer.narrowing = plain(from.output);
    layer.output_norm = plain(from.output_norm);
  }
  if (weights.pooler) out.pooler = plain(*weights.pooler);
  if (weights.classifier) out.classifier = plain(*weights.classifier);
  return out;
}

inline PlainLinear plain(const inference::QuantizedMatrix& matrix) {
  PlainLinear out{.bias = Row(matrix.bias, matrix.bias + matrix.outputs), .rounds_input = true};
  for (std::size_t o = 0; o < matrix.outputs; ++o) {
    Row& row = out.weight.emplace_back();
    for (std::size_t i = 0; i < matrix.inputs; ++i) {
      const std::size_t at = ((o / 16 * (matrix.inputs / 4) + i / 4) * 16 + o % 16) * 4 + i % 4;
      row.push_back(static_cast<double>(matrix.scales[o]) * matrix.panels[at]);
    }
  }
  return out;
}

// The same model with the matrices and words of an int8 file, read back from it.
inline PlainModel plain(const inference::BertWeights& weights, const inference::EncoderFile& file) {
  PlainModel out = plain(weights);
  for (std::size_t word = 0; word < out.words.size(); ++word) {
    std::vector<float> row(file.shape().hidden);
    file.copy_word(word, row);
    out.words[word].assign(row.begin(), row.end());
  }
  for (std::size_t i = 0; i < out.layers.size(); ++i) {
    const inference::EncoderLayer& from = file.layer(i);
    out.layers[i].query_key_value = plain(from.query_key_value8);
    out.layers[i].attention_output = plain(from.attention_output8);
    out.layers[i].widening = plain(from.widening8);
    out.layers[i].narrowing = plain(from.narrowing8);
  }
  return out;
}

inline Row multiply(const PlainLinear& by, Row x) {
  const double largest = std::abs(std::ranges::max(x, {}, [](double value) { return std::abs(value); }));
  const double scale = by.rounds_input ? largest / 127 : 0;
  if (scale > 0) std::ranges::transform(x, x.begin(), [&](double v) { return scale * std::nearbyint(v / scale); });
  Row out = by.bias;
  for (std::size_t o = 0; o < out.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) out[o] += by.weight[o][i] * x[i];
  }
  return out;
}

inline void add(Row& to, const Row& more) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

inline void normalize(Row& x, const PlainNorm& norm) {
  const double width = static_cast<double>(x.size());
  double mean = 0;
  for (const double value : x) mean += value / width;
  double variance = 0;
  for (const double value : x) variance += (value - mean) * (value - mean) / width;
  const double deviation = std::sqrt(variance + 1e-12);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = (x[i] - mean) / deviation * norm.gamma[i] + norm.beta[i];
}

// softmax(q K^T / sqrt(d)) V, head by head; each row of `qkv` is a token's queries, keys and values.
inline Rows attend(const Rows& qkv, std::size_t heads) {
  const std::size_t hidden = qkv[0].size() / 3;
  const std::size_t width = hidden / heads;
  Rows out(qkv.size(), Row(hidden));
  for (std::size_t token = 0; token < qkv.size(); ++token) {
    for (std::size_t first = 0; first < hidden; first += width) {
      Row shares(qkv.size());
      for (std::size_t other = 0; other < qkv.size(); ++other) {
        for (std::size_t d = first; d < first + width; ++d) shares[other] += qkv[token][d] * qkv[other][hidden + d];
        shares[other] /= std::sqrt(static_cast<double>(width));
      }
      const double largest = *std::ranges::max_element(shares);
      double sum = 0;
      for (double& share : shares) sum += share = std::exp(share - largest);
      for (std::size_t other = 0; other < qkv.size(); ++other) {
        for (std::size_t d = first; d < first + width; ++d) {
          out[token][d] += shares[other] / sum * qkv[other][2 * hidden + d];
        }
      }
    }
  }
  return out;
}

inline Rows plain_states(const PlainModel& model, std::span<const std::int32_t> ids,
                         std::span<const std::uint8_t> types) {
  Rows states;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Row& row = states.emplace_back(model.words[static_cast<std::size_t>(ids[i])]);
    add(row, model.positions[i]);
    add(row, model.types[types[i]]);
    normalize(row, model.norm);
  }
  for (const PlainLayer& layer : model.layers) {
    Rows qkv;
    for (const Row& row : states) qkv.push_back(multiply(layer.query_key_value, row));
    const Rows context = attend(qkv, model.heads);
    for (std::size_t i = 0; i < states.size(); ++i) {
      add(states[i], multiply(layer.attention_output, context[i]));
      normalize(states[i], layer.attention_norm);
      Row wide = multiply(layer.widening, states[i]);
      for (double& x : wide) x *= 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
      add(states[i], multiply(layer.narrowing, wide));
      normalize(states[i], layer.output_norm);
    }
  }
  return states;
}

// Of the first token's state.
inline double plain_logit(const PlainModel& model, const Row& state) {
  Row pooled = multiply(*model.pooler, state);
  for (double& x : pooled) x = std::tanh(x);
  return multiply(*model.classifier, pooled)[0];
}

}  // namespace jackdaw::testing
