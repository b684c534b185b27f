#include "inference/weights.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxLayers = 48;
constexpr std::size_t kHeadWidth = 32;  // of all MiniLM models: hidden / heads

// Takes tensors out of a file by name and shape.
class Collector {
 public:
  explicit Collector(const TensorFile& source) : source_(source) {}

  const Tensor& take(const std::string& name, const std::vector<std::size_t>& shape) const {
    const Tensor& tensor = find(name);
    auto expected = shape;
    if (tensor.input_major) std::reverse(expected.begin(), expected.end());
    if (tensor.shape != expected) damaged(name + " has a wrong shape");
    return tensor;
  }

  // A matrix of any number of rows.
  const Tensor& take_table(const std::string& name) const {
    const Tensor& tensor = find(name);
    if (tensor.shape.size() != 2 || tensor.shape[0] == 0 || tensor.shape[1] == 0) damaged(name + " is no table");
    return tensor;
  }

  Linear take_linear(const std::string& name, std::size_t outputs, std::size_t inputs) const {
    return {.weight = take(name + ".weight", {outputs, inputs}), .bias = take(name + ".bias", {outputs})};
  }

  LayerNorm take_norm(const std::string& name, std::size_t width) const {
    return {.gamma = take(name + ".weight", {width}), .beta = take(name + ".bias", {width})};
  }

  bool has(const std::string& name) const { return source_.tensors.contains(name); }

  [[noreturn]] void damaged(const std::string& why) const {
    throw Error(ErrorCode::kUnavailable, "The model file " + source_.file->path().string() + " is not the model that " +
                                             "it should be: " + why + ". Run `jackdaw models pull` to fetch it again.");
  }

 private:
  const Tensor& find(const std::string& name) const {
    const auto found = source_.tensors.find(name);
    if (found == source_.tensors.end()) damaged("it lacks " + name);
    return found->second;
  }

  const TensorFile& source_;
};

BertLayer take_layer(const Collector& from, std::size_t index, const BertWeights& sizes) {
  const std::string at = "encoder.layer." + std::to_string(index);
  const std::size_t hidden = sizes.hidden;
  return {.query = from.take_linear(at + ".attention.self.query", hidden, hidden),
          .key = from.take_linear(at + ".attention.self.key", hidden, hidden),
          .value = from.take_linear(at + ".attention.self.value", hidden, hidden),
          .attention_output = from.take_linear(at + ".attention.output.dense", hidden, hidden),
          .attention_norm = from.take_norm(at + ".attention.output.LayerNorm", hidden),
          .intermediate = from.take_linear(at + ".intermediate.dense", sizes.intermediate, hidden),
          .output = from.take_linear(at + ".output.dense", hidden, sizes.intermediate),
          .output_norm = from.take_norm(at + ".output.LayerNorm", hidden)};
}

void take_embeddings(const Collector& from, BertWeights& out) {
  out.words = from.take_table("embeddings.word_embeddings.weight");
  out.vocabulary = out.words.shape[0];
  out.hidden = out.words.shape[1];
  if (out.hidden % kHeadWidth != 0) from.damaged("its width is no multiple of 32");
  out.heads = out.hidden / kHeadWidth;
  out.positions = from.take_table("embeddings.position_embeddings.weight");
  out.positions_count = out.positions.shape[0];
  if (out.positions.shape[1] != out.hidden) from.damaged("its positions have a wrong width");
  out.types = from.take("embeddings.token_type_embeddings.weight", {2, out.hidden});
  out.embeddings_norm = from.take_norm("embeddings.LayerNorm", out.hidden);
}

TensorFile read_tensors(const std::filesystem::path& path) {
  auto file = std::make_shared<const MappedFile>(path, kMaxFileBytes);
  return path.extension() == ".onnx" ? read_onnx(std::move(file)) : read_safetensors(std::move(file));
}

}  // namespace

BertWeights read_bert_weights(const std::filesystem::path& path, Head head) {
  const TensorFile source = read_tensors(path);
  const Collector from(source);
  BertWeights out;
  out.file = source.file;
  take_embeddings(from, out);
  const Tensor& widening = from.take_table("encoder.layer.0.intermediate.dense.weight");
  out.intermediate = widening.shape[widening.input_major ? 1 : 0];
  while (from.has("encoder.layer." + std::to_string(out.layers.size()) + ".output.dense.bias")) {
    if (out.layers.size() == kMaxLayers) from.damaged("it has too many layers");
    out.layers.push_back(take_layer(from, out.layers.size(), out));
  }
  if (out.layers.empty()) from.damaged("it has no layers");
  if (head == Head::kClassifier) {
    out.pooler = from.take_linear("pooler.dense", out.hidden, out.hidden);
    out.classifier = from.take_linear("classifier", 1, out.hidden);
  }
  return out;
}

}  // namespace jackdaw::inference
