#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "inference/encoder_file.h"
#include "inference/tensor.h"
#include "inference/weights.h"

namespace {

using namespace jackdaw::inference;

constexpr std::size_t kMostElements = 1 << 16;

// A file in memory, under a path.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(::memfd_create("weights", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

// Another name of a file, while it lives: the kind of a file of weights is told by its name.
class OnnxName {
 public:
  explicit OnnxName(const std::string& path) {
    std::string pattern = (std::filesystem::temp_directory_path() / "weights-fuzz-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    std::filesystem::create_symlink(path, this->path());
  }
  ~OnnxName() { std::filesystem::remove_all(folder_); }
  OnnxName(const OnnxName&) = delete;
  OnnxName& operator=(const OnnxName&) = delete;
  std::string path() const { return (folder_ / "weights.onnx").string(); }

 private:
  std::filesystem::path folder_;
};

void read_all(const TensorFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    if (count_elements(tensor.shape) <= kMostElements) to_f32(tensor);
  }
}

// The fuzzer's choices, one byte each; 0 where there are no more.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  std::size_t below(std::size_t bound) {
    if (rest_.empty()) return 0;
    const std::size_t chosen = rest_.front() % bound;
    rest_ = rest_.subspan(1);
    return chosen;
  }
  // Repeats what is left.
  std::string bytes(std::size_t count) const {
    std::string out(count, '\x3e');
    for (std::size_t i = 0; i < count && !rest_.empty(); ++i) out[i] = static_cast<char>(rest_[i % rest_.size()]);
    return out;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

struct Wanted {
  std::string name;
  std::vector<std::size_t> shape;  // [outputs, inputs] of a matrix
};

// All tensors of a small model, with the names of either layout.
std::vector<Wanted> wanted_tensors(bool compact, std::size_t layers) {
  constexpr std::size_t kHidden = 16;
  constexpr std::size_t kWide = 32;
  const std::string table = compact ? "" : "_embeddings.weight";
  std::vector<Wanted> all{{"embeddings.word" + table, {5, kHidden}},
                          {"embeddings.position" + table, {3, kHidden}},
                          {"embeddings.token_type" + table, {2, kHidden}},
                          {"classifier.weight", {1, kHidden}},
                          {"classifier.bias", {1}}};
  const auto add_linear = [&](const std::string& name, std::size_t outputs, std::size_t inputs) {
    all.push_back({name + ".weight", {outputs, inputs}});
    all.push_back({name + ".bias", {outputs}});
  };
  const auto add_norm = [&](const std::string& name) {
    all.push_back({name + ".weight", {kHidden}});
    all.push_back({name + ".bias", {kHidden}});
  };
  add_norm(compact ? "embeddings.layer_norm" : "embeddings.LayerNorm");
  add_linear(compact ? "pooler" : "pooler.dense", kHidden, kHidden);
  for (std::size_t i = 0; i < layers; ++i) {
    const std::string at = (compact ? "layers." : "encoder.layer.") + std::to_string(i);
    if (compact) {
      add_linear(at + ".attention.qkv", 3 * kHidden, kHidden);
    } else {
      for (const char* part : {"query", "key", "value"}) add_linear(at + ".attention.self." + part, kHidden, kHidden);
    }
    add_linear(at + (compact ? ".attention.output" : ".attention.output.dense"), kHidden, kHidden);
    add_norm(at + (compact ? ".attention.layer_norm" : ".attention.output.LayerNorm"));
    add_linear(at + (compact ? ".ffn.up" : ".intermediate.dense"), kWide, kHidden);
    add_linear(at + (compact ? ".ffn.down" : ".output.dense"), kHidden, kWide);
    add_norm(at + (compact ? ".ffn.layer_norm" : ".output.LayerNorm"));
  }
  return all;
}

std::string varint(std::size_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string field(unsigned number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string number_field(unsigned number, std::size_t value) {
  return varint(number << 3) + varint(value);
}

// What the fuzzer does to a tensor.
enum class Turn { kNone, kQuantized, kSwapped, kLonger, kLeftOut, kCount };

Turn next_turn(Choices& choices) {
  const std::size_t chosen = choices.below(16);  // mostly nothing, or no file would be whole
  return chosen < static_cast<std::size_t>(Turn::kCount) ? static_cast<Turn>(chosen) : Turn::kNone;
}

void turn_shape(Turn turn, std::vector<std::size_t>& shape) {
  if (turn == Turn::kLonger) ++shape.front();
  if (turn == Turn::kSwapped) std::swap(shape.front(), shape.back());
}

std::string quantized_onnx(const std::string& name, std::vector<std::size_t> shape, bool is_swapped, Choices& choices) {
  const std::size_t elements = count_elements(shape);
  if (!is_swapped) std::reverse(shape.begin(), shape.end());
  std::string tensor = number_field(2, 2 + choices.below(2)) + field(8, name + "_quantized");
  for (const std::size_t size : shape) tensor += number_field(1, size);
  std::string node = name.substr(0, name.rfind('.'));
  std::replace(node.begin(), node.end(), '.', '/');
  const std::string scale("\0\0\0\x3c", 4);
  return field(5, tensor + field(9, choices.bytes(elements))) +
         field(5, number_field(2, 1) + field(8, name + "_scale") + field(4, scale)) +
         field(5, number_field(2, 3) + field(8, name + "_zero_point") + field(5, varint(choices.below(128)))) +
         field(1, field(1, "x") + field(1, name + "_quantized") + field(3, "/" + node + "/MatMul_quant") +
                      field(4, "MatMulInteger"));
}

std::string made_onnx(const std::vector<Wanted>& wanted, Choices& choices) {
  std::string graph;
  for (const auto& [name, shape] : wanted) {
    const Turn turn = next_turn(choices);
    if (turn == Turn::kLeftOut) continue;
    if (turn == Turn::kQuantized) {
      graph += quantized_onnx(name, shape, choices.below(4) == 1, choices);
      continue;
    }
    std::vector<std::size_t> turned = shape;
    turn_shape(turn, turned);
    std::string tensor = number_field(2, 1) + field(8, name);
    for (const std::size_t size : turned) tensor += number_field(1, size);
    graph += field(5, tensor + field(9, choices.bytes(4 * count_elements(turned))));
  }
  return field(7, graph);
}

std::string made_safetensors(const std::vector<Wanted>& wanted, Choices& choices) {
  std::string header, data;
  const auto add = [&](const std::string& name, const char* type, const std::vector<std::size_t>& shape,
                       std::size_t bytes) {
    header += header.empty() ? "{" : ",";
    header += "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":[";
    for (std::size_t i = 0; i < shape.size(); ++i) header += (i == 0 ? "" : ",") + std::to_string(shape[i]);
    header += "],\"data_offsets\":[" + std::to_string(data.size()) + "," + std::to_string(data.size() + bytes) + "]}";
    data += choices.bytes(bytes);
  };
  for (const auto& [name, shape] : wanted) {
    const Turn turn = next_turn(choices);
    if (turn == Turn::kLeftOut) continue;
    std::vector<std::size_t> turned = shape;
    turn_shape(turn, turned);
    if (turn == Turn::kQuantized) {
      add(name + ".int8", "I8", turned, count_elements(turned));
      add(name + ".scale", "F32", {turned.front()}, 4 * turned.front());
    } else {
      add(name, "F32", turned, 4 * count_elements(turned));
    }
  }
  header += "}";
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return out + header + data;
}

// What is read as a model can be prepared, or is refused; what was prepared can be opened.
void prepare(const std::string& path, Precision precision) {
  const BertWeights weights = read_bert_weights(path, Head::kClassifier, 16);
  if (weights.vocabulary * weights.hidden > kMostElements || weights.layers.size() > 4) return;
  const std::string source(64, '0');
  const EncoderFile file(encode_encoder(weights, precision, Additions::kFour, source), "the fuzz target", source);
  if (!file.shape().has_classifier) std::abort();
}

// Safetensors with a header of the right length, which few inputs would hit on.
std::string with_length(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.rfind("}}");
  const std::size_t header = end == std::string_view::npos ? size : end + 2;
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(header >> (8 * i) & 0xff);
  return out.append(text);
}

template <class Read>
void attempt(const std::uint8_t* data, std::size_t size, Read read) {
  const MemoryFile memory(data, size);
  try {
    read(memory.path());
  } catch (const jackdaw::Error& error) {
    if (error.code() != jackdaw::ErrorCode::kUnavailable) std::abort();
  }
}

}  // namespace

// Any bytes as safetensors or ONNX give tensors that can be read, or an Error. And any model, whole or with tensors of
// other forms, is prepared, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const int kind = data[0] % 8;
  const Precision precision = data[0] / 8 % 2 == 0 ? Precision::kFp32 : Precision::kInt8;
  ++data;
  --size;
  const auto mapped = [](const std::string& path) { return std::make_shared<const MappedFile>(path, 1 << 24); };
  if (kind == 0) {
    attempt(data, size, [&](const std::string& path) { read_all(read_onnx(mapped(path))); });
  } else if (kind == 1) {
    attempt(data, size, [&](const std::string& path) { read_all(read_safetensors(mapped(path))); });
  } else if (kind >= 4) {
    const bool is_onnx = kind < 6;
    Choices choices(data, size);
    const auto wanted = wanted_tensors(kind % 2 == 0, 1 + choices.below(2));
    const std::string file = is_onnx ? made_onnx(wanted, choices) : made_safetensors(wanted, choices);
    attempt(reinterpret_cast<const std::uint8_t*>(file.data()), file.size(), [&](const std::string& path) {
      if (!is_onnx) return prepare(path, precision);
      const OnnxName name(path);
      prepare(name.path(), precision);
    });
  } else {
    const std::string text = with_length(data, size);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    attempt(bytes, text.size(), [&](const std::string& path) {
      if (kind == 2) {
        read_all(read_safetensors(mapped(path)));
      } else {
        prepare(path, Precision::kFp32);
      }
    });
  }
  return 0;
}
