#include "inference/weights.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kMaxLayers = 48;

// Takes tensors out of a file by name and shape.
class Collector {
 public:
  explicit Collector(const TensorFile& source) : source_(source) {}

  // Floats.
  const Tensor& take_vector(const std::string& name, std::size_t size) const {
    const Tensor& tensor = find(name);
    if (tensor.shape != std::vector{size}) damaged(name + " has a wrong shape");
    if (tensor.type != ElementType::kF32 || tensor.input_major) damaged(name + " is not of floats");
    return tensor;
  }

  // A matrix of any number of rows, which lie one after another.
  const Tensor& take_table(const std::string& name) const {
    const Tensor& tensor = take_matrix(name);
    if (tensor.input_major) damaged(name + " has columns where it should have rows");
    return tensor;
  }

  // In either order of its numbers.
  const Tensor& take_matrix(const std::string& name) const {
    const Tensor& tensor = find(name);
    if (tensor.shape.size() != 2 || tensor.shape[0] == 0 || tensor.shape[1] == 0) damaged(name + " is no table");
    return tensor;
  }

  Linear take_linear(const std::string& name, std::size_t outputs, std::size_t inputs) const {
    const Tensor& weight = take_matrix(name + ".weight");
    const auto expected = weight.input_major ? std::vector{inputs, outputs} : std::vector{outputs, inputs};
    if (weight.shape != expected) damaged(name + ".weight has a wrong shape");
    return {.weight = weight, .bias = take_vector(name + ".bias", outputs)};
  }

  LayerNorm take_norm(const std::string& name, std::size_t width) const {
    return {.gamma = take_vector(name + ".weight", width), .beta = take_vector(name + ".bias", width)};
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

// The names of the distilled rerankers: queries, keys and values stand in one matrix.
BertLayer take_compact_layer(const Collector& from, std::size_t index, const BertWeights& sizes) {
  const std::string at = "layers." + std::to_string(index);
  const std::size_t hidden = sizes.hidden;
  const Linear stacked = from.take_linear(at + ".attention.qkv", 3 * hidden, hidden);
  // Such rows hold numbers of all three parts.
  if (stacked.weight.input_major) from.damaged(at + ".attention.qkv.weight has columns where it should have rows");
  const auto part = [&](std::size_t i) {
    Tensor bias = stacked.bias;
    bias.shape = {hidden};
    bias.bytes = bias.bytes.subspan(i * hidden * sizeof(float), hidden * sizeof(float));
    return Linear{.weight = rows_of(stacked.weight, i * hidden, hidden), .bias = std::move(bias)};
  };
  return {.query = part(0),
          .key = part(1),
          .value = part(2),
          .attention_output = from.take_linear(at + ".attention.output", hidden, hidden),
          .attention_norm = from.take_norm(at + ".attention.layer_norm", hidden),
          .intermediate = from.take_linear(at + ".ffn.up", sizes.intermediate, hidden),
          .output = from.take_linear(at + ".ffn.down", hidden, sizes.intermediate),
          .output_norm = from.take_norm(at + ".ffn.layer_norm", hidden)};
}

struct EmbeddingNames {
  std::string words, positions, types, norm;
};
const EmbeddingNames kUsualNames{"embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight",
                                 "embeddings.token_type_embeddings.weight", "embeddings.LayerNorm"};
const EmbeddingNames kCompactNames{"embeddings.word", "embeddings.position", "embeddings.token_type",
                                   "embeddings.layer_norm"};

void take_embeddings(const Collector& from, const EmbeddingNames& names, std::size_t head_width, BertWeights& out) {
  out.words = from.take_table(names.words);
  out.vocabulary = out.words.shape[0];
  out.hidden = out.words.shape[1];
  if (out.hidden % head_width != 0) from.damaged("its width is no multiple of " + std::to_string(head_width));
  out.heads = out.hidden / head_width;
  out.positions = from.take_table(names.positions);
  out.positions_count = out.positions.shape[0];
  if (out.positions.shape[1] != out.hidden) from.damaged("its positions have a wrong width");
  out.types = from.take_table(names.types);
  if (out.types.shape != std::vector<std::size_t>{2, out.hidden}) from.damaged("its token types have a wrong shape");
  out.embeddings_norm = from.take_norm(names.norm, out.hidden);
}

TensorFile read_tensors(std::shared_ptr<const MappedFile> file) {
  return file->path().extension() == ".onnx" ? read_onnx(std::move(file)) : read_safetensors(std::move(file));
}

}  // namespace

BertWeights read_bert_weights(std::shared_ptr<const MappedFile> file, Head head, std::size_t head_width) {
  const TensorFile source = read_tensors(std::move(file));
  const Collector from(source);
  BertWeights out;
  out.file = source.file;
  const bool compact = from.has(kCompactNames.words);
  take_embeddings(from, compact ? kCompactNames : kUsualNames, head_width, out);
  const Tensor& widening =
      from.take_matrix(compact ? "layers.0.ffn.up.weight" : "encoder.layer.0.intermediate.dense.weight");
  out.intermediate = widening.shape[widening.input_major ? 1 : 0];
  const std::string before = compact ? "layers." : "encoder.layer.";
  const std::string behind = compact ? ".ffn.down.bias" : ".output.dense.bias";
  while (from.has(before + std::to_string(out.layers.size()) + behind)) {
    if (out.layers.size() == kMaxLayers) from.damaged("it has too many layers");
    const std::size_t index = out.layers.size();
    out.layers.push_back(compact ? take_compact_layer(from, index, out) : take_layer(from, index, out));
  }
  if (out.layers.empty()) from.damaged("it has no layers");
  if (head == Head::kClassifier) {
    out.pooler = from.take_linear(compact ? "pooler" : "pooler.dense", out.hidden, out.hidden);
    out.classifier = from.take_linear("classifier", 1, out.hidden);
  }
  return out;
}

BertWeights read_bert_weights(const std::filesystem::path& path, Head head, std::size_t head_width) {
  return read_bert_weights(std::make_shared<const MappedFile>(path, kMaxWeightsBytes), head, head_width);
}

}  // namespace jackdaw::inference
