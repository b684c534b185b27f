#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "inference/tensor.h"

namespace jackdaw::inference {
namespace {

// Field numbers of onnx.proto3.
namespace field {
constexpr std::uint32_t kModelGraph = 7;
constexpr std::uint32_t kGraphNode = 1;
constexpr std::uint32_t kGraphInitializer = 5;
constexpr std::uint32_t kNodeInput = 1;
constexpr std::uint32_t kNodeName = 3;
constexpr std::uint32_t kNodeType = 4;
constexpr std::uint32_t kTensorDims = 1;
constexpr std::uint32_t kTensorType = 2;
constexpr std::uint32_t kTensorFloats = 4;
constexpr std::uint32_t kTensorInts = 5;
constexpr std::uint32_t kTensorName = 8;
constexpr std::uint32_t kTensorRaw = 9;
}  // namespace field

// Values of TensorProto.DataType.
constexpr std::uint64_t kOnnxFloat = 1;
constexpr std::uint64_t kOnnxUint8 = 2;
constexpr std::uint64_t kOnnxInt8 = 3;

constexpr std::uint64_t kMaxDimension = 1 << 24;
constexpr std::size_t kMaxDimensions = 4;

[[noreturn]] void damaged(const MappedFile& file, const std::string& why) {
  throw Error(ErrorCode::kUnavailable, "The model file " + file.path().string() + " is damaged (" + why +
                                           "). Run `jackdaw models pull` to fetch it again.");
}

// Reads one protobuf message field by field. Every length is checked against what is left.
class Message {
 public:
  Message(const MappedFile& file, std::span<const std::byte> bytes) : file_(&file), rest_(bytes) {}

  // Moves to the next field; false at the end.
  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t key = varint();
    number_ = static_cast<std::uint32_t>(key >> 3);
    switch (key & 7) {
      case 0:
        value_ = varint();
        payload_ = {};
        return true;
      case 1: return take(8);
      case 2: return take(varint());
      case 5: return take(4);
      default: damaged(*file_, "it has a field of an unknown kind");
    }
  }

  std::uint32_t number() const noexcept { return number_; }
  std::uint64_t value() const noexcept { return value_; }
  std::span<const std::byte> payload() const noexcept { return payload_; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(payload_.data()), payload_.size()}; }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) damaged(*file_, "it ends within a number");
      const auto byte = std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    damaged(*file_, "it has a number that is too long");
  }

  bool take(std::uint64_t bytes) {
    if (bytes > rest_.size()) damaged(*file_, "it ends within a field");
    payload_ = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    value_ = 0;
    return true;
  }

  const MappedFile* file_;
  std::span<const std::byte> rest_;
  std::span<const std::byte> payload_;
  std::uint64_t value_ = 0;
  std::uint32_t number_ = 0;
};

// An initializer: raw elements, or a single number in a typed field (scales and zero points).
struct Initializer {
  std::uint64_t type = 0;
  std::vector<std::size_t> shape;
  std::span<const std::byte> raw;
  std::optional<float> number;
  std::optional<int> integer;
};

struct Node {
  std::string_view type;
  std::string_view name;
  std::array<std::string_view, 4> inputs;
};

struct Graph {
  std::unordered_map<std::string_view, Initializer> initializers;
  std::vector<Node> nodes;
};

void read_dimensions(const MappedFile& file, const Message& message, std::vector<std::size_t>& shape) {
  const auto add = [&](std::uint64_t size) {
    if (size > kMaxDimension || shape.size() == kMaxDimensions) damaged(file, "it has a tensor of a strange shape");
    shape.push_back(size);
  };
  if (message.payload().empty()) return add(message.value());
  damaged(file, "it has packed dimensions, which no exporter of this model writes");
}

// Zero points are packed varints of which the first is the value; negative ones are sign-extended to ten bytes.
int first_integer(const MappedFile& file, const Message& message) {
  if (message.payload().empty()) return static_cast<int>(static_cast<std::int64_t>(message.value()));
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const std::byte byte : message.payload()) {
    if (shift >= 64) break;
    value |= (std::to_integer<std::uint64_t>(byte) & 0x7f) << shift;
    if (std::to_integer<unsigned>(byte) < 0x80) return static_cast<int>(static_cast<std::int64_t>(value));
    shift += 7;
  }
  damaged(file, "it has a zero point that cannot be read");
}

float first_float(const MappedFile& file, const Message& message) {
  if (message.payload().size() < sizeof(float)) damaged(file, "it has a scale that cannot be read");
  float value = 0;
  std::memcpy(&value, message.payload().data(), sizeof(float));
  return value;
}

void read_initializer(const MappedFile& file, std::span<const std::byte> bytes, Graph& graph) {
  Initializer out;
  std::string_view name;
  for (Message message(file, bytes); message.next();) {
    switch (message.number()) {
      case field::kTensorDims: read_dimensions(file, message, out.shape); break;
      case field::kTensorType: out.type = message.value(); break;
      case field::kTensorFloats: out.number = first_float(file, message); break;
      case field::kTensorInts: out.integer = first_integer(file, message); break;
      case field::kTensorName: name = message.text(); break;
      case field::kTensorRaw: out.raw = message.payload(); break;
      default: break;
    }
  }
  graph.initializers.emplace(name, std::move(out));
}

void read_node(const MappedFile& file, std::span<const std::byte> bytes, Graph& graph) {
  Node node;
  std::size_t inputs = 0;
  for (Message message(file, bytes); message.next();) {
    switch (message.number()) {
      case field::kNodeInput:
        if (inputs < node.inputs.size()) node.inputs[inputs++] = message.text();
        break;
      case field::kNodeName: node.name = message.text(); break;
      case field::kNodeType: node.type = message.text(); break;
      default: break;
    }
  }
  if (node.type == "MatMulInteger" || node.type == "DequantizeLinear") graph.nodes.push_back(node);
}

Graph read_graph(const MappedFile& file) {
  Graph graph;
  for (Message model(file, file.bytes()); model.next();) {
    if (model.number() != field::kModelGraph) continue;
    for (Message part(file, model.payload()); part.next();) {
      if (part.number() == field::kGraphNode) read_node(file, part.payload(), graph);
      if (part.number() == field::kGraphInitializer) read_initializer(file, part.payload(), graph);
    }
  }
  return graph;
}

Tensor to_tensor(const MappedFile& file, std::string_view name, const Initializer& from) {
  Tensor tensor{.shape = from.shape, .bytes = from.raw};
  switch (from.type) {
    case kOnnxFloat: tensor.type = ElementType::kF32; break;
    case kOnnxUint8: tensor.type = ElementType::kU8; break;
    case kOnnxInt8: tensor.type = ElementType::kI8; break;
    default: damaged(file, std::string(name) + " has a type that no weight has");
  }
  if (tensor.bytes.size() != count_elements(tensor.shape) * element_bytes(tensor.type)) {
    damaged(file, "the size of " + std::string(name) + " does not fit its shape");
  }
  return tensor;
}

const Initializer& require(const MappedFile& file, const Graph& graph, std::string_view name) {
  const auto found = graph.initializers.find(name);
  if (found == graph.initializers.end()) damaged(file, "it lacks " + std::string(name));
  return found->second;
}

// The 8-bit matrix `name_quantized` with the scale and zero point beside it.
Tensor read_quantized(const MappedFile& file, const Graph& graph, std::string_view quantized) {
  constexpr std::string_view kSuffix = "_quantized";
  if (!quantized.ends_with(kSuffix)) damaged(file, "it multiplies with " + std::string(quantized));
  const std::string stem(quantized.substr(0, quantized.size() - kSuffix.size()));
  Tensor tensor = to_tensor(file, quantized, require(file, graph, quantized));
  const auto scale = require(file, graph, stem + "_scale").number;
  const auto zero_point = require(file, graph, stem + "_zero_point").integer;
  if (!scale || !zero_point || !(*scale > 0) || *scale > 1 || *zero_point < -128 || *zero_point > 255) {
    damaged(file, stem + " has a wrong scale or zero point");
  }
  tensor.scale = *scale;
  tensor.zero_point = *zero_point;
  return tensor;
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// "/bert/encoder/layer.0/attention/self/query/MatMul_quant" -> "encoder.layer.0.attention.self.query.weight".
std::string weight_name(std::string_view node) {
  std::string name(without_prefix(without_prefix(node, "/"), "bert/"));
  name.resize(std::min(name.size(), name.rfind('/')));
  for (char& c : name) {
    if (c == '/') c = '.';
  }
  return name + ".weight";
}

}  // namespace

TensorFile read_onnx(std::shared_ptr<const MappedFile> file) {
  const Graph graph = read_graph(*file);
  TensorFile out{.file = file, .tensors = {}};
  for (const auto& [name, initializer] : graph.initializers) {
    if (initializer.type != kOnnxFloat || initializer.raw.empty()) continue;
    out.tensors.emplace(without_prefix(name, "bert."), to_tensor(*file, name, initializer));
  }
  // The table of words and its like are read by DequantizeLinear(Gather(table), scale, zero point): named directly.
  for (const std::string_view table : {"word_embeddings", "position_embeddings", "token_type_embeddings"}) {
    const std::string name = "embeddings." + std::string(table) + ".weight";
    const std::string quantized = "bert." + name + "_quantized";
    if (graph.initializers.contains(quantized)) {
      out.tensors.emplace(name, read_quantized(*file, graph, graph.initializers.find(quantized)->first));
    }
  }
  for (const Node& node : graph.nodes) {
    if (node.type != "MatMulInteger") continue;
    Tensor tensor = read_quantized(*file, graph, node.inputs[1]);
    tensor.input_major = true;
    out.tensors.emplace(weight_name(node.name), std::move(tensor));
  }
  return out;
}

}  // namespace jackdaw::inference
