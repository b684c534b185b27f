#include "inference/openvino/bert_graph.h"

#include <openvino/core/model.hpp>
#include <openvino/op/ops.hpp>

#include <cmath>
#include <cstdint>

namespace jackdaw::inference {
namespace {

namespace op = ov::op;
using Value = ov::Output<ov::Node>;

constexpr double kLayerNormEpsilon = 1e-12;  // of every BERT

class Builder {
 public:
  explicit Builder(const BertWeights& weights) : weights_(weights) {}

  std::shared_ptr<ov::Model> build() {
    const ov::Dimension any = ov::Dimension::dynamic();
    const auto embedded = input(kEmbeddedInput, ov::element::f32, {1, any, width(weights_.hidden)});
    mask_ = input(kMaskInput, ov::element::f32, {any, any});
    ov::ParameterVector inputs{embedded, mask_};
    Value states = norm(embedded, weights_.embeddings_norm);
    for (const BertLayer& layer : weights_.layers) states = encode(states, layer);
    if (!weights_.classifier) return finish(states, kStatesOutput, inputs);
    const auto firsts = input(kFirstsInput, ov::element::i32, {any});
    inputs.push_back(firsts);
    return finish(classify(states, firsts), kLogitsOutput, inputs);
  }

 private:
  using Input = std::shared_ptr<op::v0::Parameter>;

  static std::int64_t width(std::size_t size) { return static_cast<std::int64_t>(size); }

  static Input input(const char* name, ov::element::Type type, const ov::PartialShape& shape) {
    auto made = std::make_shared<op::v0::Parameter>(type, shape);
    made->set_friendly_name(name);
    made->get_output_tensor(0).set_names({name});
    return made;
  }

  static std::shared_ptr<ov::Model> finish(const Value& value, const char* name, const ov::ParameterVector& inputs) {
    auto result = std::make_shared<op::v0::Result>(value);
    result->get_output_tensor(0).set_names({name});
    return std::make_shared<ov::Model>(ov::ResultVector{result}, inputs, "bert");
  }

  static Value integers(std::vector<std::int64_t> values) {
    const ov::Shape shape{values.size()};
    return op::v0::Constant::create(ov::element::i64, shape, values);
  }

  // What keeps a constant's memory; the constant does not write to it.
  std::shared_ptr<void> owner() const { return std::const_pointer_cast<MappedFile>(weights_.file); }

  // Of the scaled dot product; folded into the query's weights, it costs nothing at run time.
  float attention_scale() const {
    return 1 / std::sqrt(static_cast<float>(weights_.hidden) / static_cast<float>(weights_.heads));
  }

  Value fp32(const Tensor& tensor, const ov::Shape& shape, float factor = 1) const {
    if (factor == 1 && tensor.type == ElementType::kF32 &&
        reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % alignof(float) == 0) {
      return std::make_shared<op::v0::Constant>(ov::element::f32, shape, tensor.bytes.data(), owner());
    }
    auto values = std::make_shared<std::vector<float>>(to_f32(tensor));
    for (float& value : *values) value *= factor;
    return std::make_shared<op::v0::Constant>(ov::element::f32, shape, values->data(), values);
  }

  Value linear(const Value& x, const Linear& by, float factor = 1) const {
    const Value matrix = fp32(by.weight, ov::Shape(by.weight.shape), factor);
    const auto product = std::make_shared<op::v0::MatMul>(x, matrix, false, !by.weight.input_major);
    return std::make_shared<op::v1::Add>(product, fp32(by.bias, ov::Shape(by.bias.shape), factor));
  }

  Value norm(const Value& x, const LayerNorm& by) const {
    const auto normal =
        std::make_shared<op::v6::MVN>(x, integers({-1}), true, kLayerNormEpsilon, op::MVNEpsMode::INSIDE_SQRT);
    const ov::Shape shape{1, 1, weights_.hidden};
    const auto scaled = std::make_shared<op::v1::Multiply>(normal, fp32(by.gamma, shape));
    return std::make_shared<op::v1::Add>(scaled, fp32(by.beta, shape));
  }

  // [1, tokens, hidden] -> [1, heads, tokens, hidden / heads]
  Value split_heads(const Value& x) const {
    const std::size_t head = weights_.hidden / weights_.heads;
    const auto split = std::make_shared<op::v1::Reshape>(x, integers({0, 0, width(weights_.heads), width(head)}), true);
    return std::make_shared<op::v1::Transpose>(split, integers({0, 2, 1, 3}));
  }

  Value attend(const Value& x, const BertLayer& layer) const {
    // The pattern that the CPU plugin compiles into one kernel.
    const Value query = split_heads(linear(x, layer.query, attention_scale()));
    const auto scores = std::make_shared<op::v0::MatMul>(query, split_heads(linear(x, layer.key)), false, true);
    const auto masked = std::make_shared<op::v1::Add>(scores, mask_);
    const auto shares = std::make_shared<op::v8::Softmax>(masked, -1);
    const auto attention = std::make_shared<op::v0::MatMul>(shares, split_heads(linear(x, layer.value)));
    const auto back = std::make_shared<op::v1::Transpose>(attention, integers({0, 2, 1, 3}));
    return std::make_shared<op::v1::Reshape>(back, integers({0, 0, width(weights_.hidden)}), true);
  }

  Value encode(const Value& x, const BertLayer& layer) const {
    const auto attended = std::make_shared<op::v1::Add>(linear(attend(x, layer), layer.attention_output), x);
    const Value middle = norm(attended, layer.attention_norm);
    const auto activated = std::make_shared<op::v7::Gelu>(linear(middle, layer.intermediate));
    const auto widened = std::make_shared<op::v1::Add>(linear(activated, layer.output), middle);
    return norm(widened, layer.output_norm);
  }

  Value classify(const Value& states, const Value& firsts) const {
    const auto rows = std::make_shared<op::v1::Reshape>(states, integers({-1, width(weights_.hidden)}), false);
    const auto axis = op::v0::Constant::create(ov::element::i32, {}, {0});
    const auto chosen = std::make_shared<op::v8::Gather>(rows, firsts, axis);
    const auto pooled = std::make_shared<op::v0::Tanh>(linear(chosen, *weights_.pooler));
    return linear(pooled, *weights_.classifier);
  }

  const BertWeights& weights_;
  Input mask_;
};

}  // namespace

std::shared_ptr<ov::Model> build_bert_graph(const BertWeights& weights) {
  return Builder(weights).build();
}

}  // namespace jackdaw::inference
