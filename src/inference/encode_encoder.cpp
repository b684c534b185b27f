#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/checksum.h"
#include "core/error.h"
#include "inference/encoder_file.h"
#include "inference/encoder_layout.h"
#include "inference/quantization.h"

namespace jackdaw::inference {
namespace {

// A real matrix [outputs][inputs], whatever form it had in its file.
std::vector<float> matrix_of(const Tensor& tensor, std::size_t outputs, std::size_t inputs) {
  std::vector<float> values = to_f32(tensor);
  if (!tensor.input_major) return values;
  std::vector<float> turned(values.size());
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t o = 0; o < outputs; ++o) turned[o * inputs + i] = values[i * outputs + o];
  }
  return turned;
}

[[noreturn]] void refuse(const BertWeights& weights, const std::string& why) {
  const std::string name = weights.file == nullptr ? "the weights" : weights.file->path().string();
  throw Error(ErrorCode::kUnavailable, "The model in " + name + " cannot be run by the built-in engine: it has " + why +
                                           ". Run `jackdaw models pull` to fetch it again.");
}

class Writer {
 public:
  Writer(const BertWeights& weights, const EncoderShape& shape, Precision precision, Additions additions)
      : weights_(weights),
        shape_(shape),
        precision_(precision),
        additions_(additions),
        layout_(shape, precision),
        bytes_(layout_.bytes) {}

  void write_words(const Tensor& words) {
    const std::size_t hidden = shape_.hidden;
    std::vector<float> row(hidden);
    std::vector<std::int8_t> numbers(hidden);
    for (std::size_t word = 0; word < shape_.vocabulary; ++word) {
      std::ranges::fill(row, 0.0F);
      add_row(words, word, row);
      check(row);
      if (precision_ == Precision::kFp32) {
        put<float>(layout_.words + word * hidden * sizeof(float), row);
      } else {
        const float scale = quantize_row(row, numbers);
        put<std::int8_t>(layout_.words + word * hidden, numbers);
        put<float>(layout_.word_scales + word * sizeof(float), {&scale, 1});
      }
    }
  }

  void write_layer(const BertLayer& layer, const LayerPlace& place) {
    const std::size_t hidden = shape_.hidden;
    std::vector<float> weights;
    std::vector<float> bias;
    for (const Linear* part : {&layer.query, &layer.key, &layer.value}) {
      const auto some = numbers_of(part->weight, hidden, hidden);
      weights.insert(weights.end(), some.begin(), some.end());
      const auto offsets = numbers_of(part->bias);
      bias.insert(bias.end(), offsets.begin(), offsets.end());
    }
    write_matrix(weights, bias, place.query_key_value);
    write_linear(layer.attention_output, place.attention_output);
    write_norm(layer.attention_norm, place.attention_norm);
    write_linear(layer.intermediate, place.widening);
    write_linear(layer.output, place.narrowing);
    write_norm(layer.output_norm, place.output_norm);
  }

  void write_linear(const Linear& linear, const MatrixPlace& place) {
    write_matrix(numbers_of(linear.weight, place.outputs, place.inputs), numbers_of(linear.bias), place);
  }

  void write_norm(const LayerNorm& norm, const NormPlace& place) {
    put<float>(place.gamma, numbers_of(norm.gamma));
    put<float>(place.beta, numbers_of(norm.beta));
  }

  void write_table(const Tensor& table, std::size_t offset) { put<float>(offset, numbers_of(table)); }

  void write_head(const Linear& pooler, const Linear& classifier) {
    put(layout_.pooler.bias, numbers_of(pooler.bias));
    write_float_panels(numbers_of(pooler.weight, shape_.hidden, shape_.hidden), layout_.pooler);
    put<float>(layout_.classifier, numbers_of(classifier.weight));
    put<float>(layout_.classifier_bias, numbers_of(classifier.bias));
  }

  std::vector<std::byte> finish(const std::string& source) {
    EncoderHeader header{};
    std::memcpy(header.magic, kEncoderMagic.data(), sizeof(header.magic));
    header.version = kEncoderFileVersion;
    header.precision = static_cast<std::uint32_t>(precision_);
    header.additions = static_cast<std::uint32_t>(additions_);
    header.file_bytes = bytes_.size();
    set_source(header, source);
    header.layers = static_cast<std::uint32_t>(shape_.layers);
    header.heads = static_cast<std::uint32_t>(shape_.heads);
    header.hidden = static_cast<std::uint32_t>(shape_.hidden);
    header.intermediate = static_cast<std::uint32_t>(shape_.intermediate);
    header.vocabulary = static_cast<std::uint32_t>(shape_.vocabulary);
    header.positions = static_cast<std::uint32_t>(shape_.positions);
    header.types = static_cast<std::uint32_t>(shape_.types);
    header.has_classifier = shape_.has_classifier ? 1 : 0;
    Checksum body;
    body.add(std::span(bytes_).subspan(sizeof(header)));
    header.body_checksum = body.value();
    Checksum whole;
    whole.add(std::as_bytes(std::span(&header, 1)).first(sizeof(header) - sizeof(header.header_checksum)));
    header.header_checksum = whole.value();
    std::memcpy(bytes_.data(), &header, sizeof(header));
    return std::move(bytes_);
  }

  const EncoderLayout& layout() const noexcept { return layout_; }

 private:
  // Rounding to bytes is undefined for others.
  void check(std::span<const float> numbers) const {
    if (!std::ranges::all_of(numbers, [](float number) { return std::isfinite(number); })) {
      refuse(weights_, "a weight that is not a finite number");
    }
  }
  std::vector<float> numbers_of(const Tensor& tensor) const {
    std::vector<float> numbers = to_f32(tensor);
    check(numbers);
    return numbers;
  }
  std::vector<float> numbers_of(const Tensor& matrix, std::size_t outputs, std::size_t inputs) const {
    std::vector<float> numbers = matrix_of(matrix, outputs, inputs);
    check(numbers);
    return numbers;
  }

  template <class T>
  void put(std::size_t offset, std::span<const T> values) {
    std::memcpy(bytes_.data() + offset, values.data(), values.size_bytes());
  }
  template <class T>
  void put(std::size_t offset, const std::vector<T>& values) {
    put(offset, std::span<const T>(values));
  }

  void write_matrix(std::span<const float> weights, const std::vector<float>& bias, const MatrixPlace& place) {
    put(place.bias, bias);
    if (precision_ == Precision::kFp32) {
      write_float_panels(weights, place);
    } else {
      write_panels(weights, place);
    }
  }

  void write_float_panels(std::span<const float> weights, const MatrixPlace& place) {
    auto* const panels = reinterpret_cast<float*>(bytes_.data() + place.panels);
    for (std::size_t output = 0; output < place.outputs; ++output) {
      float* const panel = panels + output / kPanelColumns * kPanelColumns * place.inputs + output % kPanelColumns;
      for (std::size_t input = 0; input < place.inputs; ++input) {
        panel[input * kPanelColumns] = weights[output * place.inputs + input];
      }
    }
  }

  void write_panels(std::span<const float> weights, const MatrixPlace& place) {
    auto* const panels = reinterpret_cast<std::int8_t*>(bytes_.data() + place.panels);
    std::vector<std::int8_t> numbers(place.inputs);
    std::vector<float> scales(place.outputs);
    std::vector<std::int32_t> offsets(place.outputs);
    for (std::size_t output = 0; output < place.outputs; ++output) {
      scales[output] = quantize_output(weights.subspan(output * place.inputs, place.inputs), numbers, additions_);
      std::int8_t* const panel =
          panels + output / kPanelColumns * kPanelColumns * place.inputs + output % kPanelColumns * 4;
      std::int32_t sum = 0;
      for (std::size_t input = 0; input < place.inputs; ++input) {
        panel[input / 4 * (4 * kPanelColumns) + input % 4] = numbers[input];
        sum += numbers[input];
      }
      offsets[output] = 128 * sum;
    }
    put(place.scales, scales);
    put(place.offsets, offsets);
  }

  const BertWeights& weights_;
  EncoderShape shape_;
  Precision precision_;
  Additions additions_;
  EncoderLayout layout_;
  std::vector<std::byte> bytes_;
};

EncoderShape shape_of(const BertWeights& weights) {
  return {.layers = weights.layers.size(),
          .heads = weights.heads,
          .hidden = weights.hidden,
          .intermediate = weights.intermediate,
          .vocabulary = weights.vocabulary,
          .positions = weights.positions_count,
          .types = weights.types.shape[0],
          .has_classifier = weights.classifier.has_value()};
}

}  // namespace

std::vector<std::byte> encode_encoder(const BertWeights& weights, Precision precision, Additions additions,
                                      const std::string& source) {
  const EncoderShape shape = shape_of(weights);
  if (const std::string wrong = what_is_wrong(shape); !wrong.empty()) {
    refuse(weights, wrong);
  }
  Writer writer(weights, shape, precision, additions);
  const EncoderLayout& layout = writer.layout();
  writer.write_words(weights.words);
  writer.write_table(weights.positions, layout.positions);
  writer.write_table(weights.types, layout.types);
  writer.write_norm(weights.embeddings_norm, layout.norm);
  for (std::size_t i = 0; i < shape.layers; ++i) writer.write_layer(weights.layers[i], layout.layers[i]);
  if (weights.classifier) writer.write_head(*weights.pooler, *weights.classifier);
  return writer.finish(source);
}

}  // namespace jackdaw::inference
