#include "inference/encoder_layout.h"

#include <array>

#include "core/error.h"
#include "inference/kernels.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::string_view kDigits = "0123456789abcdef";

// Gives out places one after another.
class Places {
 public:
  explicit Places(Precision precision) : precision_(precision) {}

  std::size_t take(std::size_t bytes) {
    const std::size_t place = next_;
    next_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return place;
  }
  std::size_t take_floats(std::size_t count) { return take(count * sizeof(float)); }

  MatrixPlace take_matrix(std::size_t outputs, std::size_t inputs) {
    if (precision_ == Precision::kFp32) return take_float_matrix(outputs, inputs);
    MatrixPlace place{.inputs = inputs, .outputs = outputs};
    place.panels = take(outputs * inputs);
    place.scales = take_floats(outputs);
    place.bias = take_floats(outputs);
    place.offsets = take(outputs * sizeof(std::int32_t));
    return place;
  }

  MatrixPlace take_float_matrix(std::size_t outputs, std::size_t inputs) {
    MatrixPlace place{.inputs = inputs, .outputs = outputs};
    place.panels = take_floats(outputs * inputs);
    place.bias = take_floats(outputs);
    return place;
  }

  NormPlace take_norm(std::size_t width) {
    const std::size_t gamma = take_floats(width);
    return {.gamma = gamma, .beta = take_floats(width)};
  }

  std::size_t taken() const noexcept { return next_; }

 private:
  Precision precision_;
  std::size_t next_ = sizeof(EncoderHeader);
};

LayerPlace take_layer(Places& places, const EncoderShape& shape) {
  LayerPlace layer;
  layer.query_key_value = places.take_matrix(3 * shape.hidden, shape.hidden);
  layer.attention_output = places.take_matrix(shape.hidden, shape.hidden);
  layer.attention_norm = places.take_norm(shape.hidden);
  layer.widening = places.take_matrix(shape.intermediate, shape.hidden);
  layer.narrowing = places.take_matrix(shape.hidden, shape.intermediate);
  layer.output_norm = places.take_norm(shape.hidden);
  return layer;
}

struct Bound {
  const char* name;
  std::size_t value;
  std::size_t most;
  std::size_t step;
};

}  // namespace

EncoderLayout::EncoderLayout(const EncoderShape& shape, Precision precision) {
  Places places(precision);
  const bool is_int8 = precision == Precision::kInt8;
  words = places.take(shape.vocabulary * shape.hidden * (is_int8 ? 1 : sizeof(float)));
  if (is_int8) word_scales = places.take_floats(shape.vocabulary);
  positions = places.take_floats(shape.positions * shape.hidden);
  types = places.take_floats(shape.types * shape.hidden);
  norm = places.take_norm(shape.hidden);
  for (std::size_t i = 0; i < shape.layers; ++i) layers.push_back(take_layer(places, shape));
  if (shape.has_classifier) {
    pooler = places.take_float_matrix(shape.hidden, shape.hidden);
    classifier = places.take_floats(shape.hidden);
    classifier_bias = places.take_floats(1);
  }
  bytes = places.taken();
}

EncoderShape shape_of(const EncoderHeader& header) noexcept {
  return {.layers = header.layers,
          .heads = header.heads,
          .hidden = header.hidden,
          .intermediate = header.intermediate,
          .vocabulary = header.vocabulary,
          .positions = header.positions,
          .types = header.types,
          .has_classifier = header.has_classifier != 0};
}

std::string what_is_wrong(const EncoderShape& shape) {
  const std::array<Bound, 7> bounds{{{"layers", shape.layers, 48, 1},
                                     {"heads", shape.heads, 256, 1},
                                     {"wide token states", shape.hidden, 4096, kDepthStep},
                                     {"wide feed-forward states", shape.intermediate, 16384, kDepthStep},
                                     {"words", shape.vocabulary, std::size_t{1} << 20, 1},
                                     {"positions", shape.positions, std::size_t{1} << 16, 1},
                                     {"token types", shape.types, 16, 1}}};
  for (const Bound& bound : bounds) {
    if (bound.value >= 1 && bound.value <= bound.most && bound.value % bound.step == 0) continue;
    return std::to_string(bound.value) + " " + bound.name + ", where 1 to " + std::to_string(bound.most) +
           " in steps of " + std::to_string(bound.step) + " can be used";
  }
  if (shape.hidden % shape.heads != 0 || shape.hidden / shape.heads % kPanelColumns != 0) {
    return std::to_string(shape.heads) + " attention heads, which do not cut " + std::to_string(shape.hidden) +
           " into multiples of 16";
  }
  return {};
}

std::string hex_of_source(const EncoderHeader& header) {
  std::string hex;
  for (const unsigned char byte : header.source) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

void set_source(EncoderHeader& header, std::string_view hex) {
  if (hex.size() != 2 * sizeof(header.source) || hex.find_first_not_of(kDigits) != std::string_view::npos) {
    throw Error(ErrorCode::kInternal, "A source of weights was named by something that is no SHA-256.");
  }
  for (std::size_t i = 0; i < sizeof(header.source); ++i) {
    header.source[i] = static_cast<unsigned char>(kDigits.find(hex[2 * i]) << 4 | kDigits.find(hex[2 * i + 1]));
  }
}

}  // namespace jackdaw::inference
