#include <boost/json.hpp>

#include <cstring>
#include <limits>
#include <optional>

#include "core/error.h"
#include "inference/tensor.h"

namespace jackdaw::inference {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kMaxHeaderBytes = 1 << 20;
constexpr std::size_t kMaxDimensions = 4;
constexpr std::uint64_t kMaxDimension = 1 << 24;

[[noreturn]] void damaged(const MappedFile& file, const std::string& why) {
  throw Error(ErrorCode::kUnavailable, "The model file " + file.path().string() + " is damaged (" + why +
                                           "). Run `jackdaw models pull` to fetch it again.");
}

std::uint64_t read_u64(std::span<const std::byte> bytes) noexcept {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

std::optional<std::uint64_t> as_size(const json::value& value, std::uint64_t max) {
  json::error_code failed;
  const auto number = value.to_number<std::uint64_t>(failed);
  if (failed || number > max) return std::nullopt;
  return number;
}

// The shape, or nothing when it is not a short list of moderate sizes.
std::optional<std::vector<std::size_t>> read_shape(const json::value* value) {
  if (value == nullptr || !value->is_array() || value->get_array().size() > kMaxDimensions) return std::nullopt;
  std::vector<std::size_t> shape;
  std::uint64_t elements = 1;
  for (const json::value& entry : value->get_array()) {
    const auto size = as_size(entry, kMaxDimension);
    if (!size) return std::nullopt;
    elements *= *size;
    if (elements > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    shape.push_back(*size);
  }
  return shape;
}

struct Slice {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::optional<Slice> read_slice(const json::value* value, std::size_t data_bytes) {
  if (value == nullptr || !value->is_array() || value->get_array().size() != 2) return std::nullopt;
  const auto begin = as_size(value->get_array()[0], data_bytes);
  const auto end = as_size(value->get_array()[1], data_bytes);
  if (!begin || !end || *begin > *end) return std::nullopt;
  return Slice{*begin, *end};
}

// Nothing for a tensor of a type that no weight of ours has (position ids are int64).
std::optional<Tensor> read_tensor(const MappedFile& file, std::string_view name, const json::value& entry,
                                  std::span<const std::byte> data) {
  const json::object* object = entry.if_object();
  const json::value* type = object == nullptr ? nullptr : object->if_contains("dtype");
  if (type == nullptr || !type->is_string()) damaged(file, "the entry of " + std::string(name) + " has no type");
  if (type->get_string() != "F32" && type->get_string() != "I8") return std::nullopt;
  const ElementType element = type->get_string() == "F32" ? ElementType::kF32 : ElementType::kI8;
  auto shape = read_shape(object->if_contains("shape"));
  const auto slice = read_slice(object->if_contains("data_offsets"), data.size());
  if (!shape || !slice) damaged(file, "the entry of " + std::string(name) + " has a wrong shape or place");
  Tensor tensor{.type = element, .shape = std::move(*shape), .bytes = {}};
  tensor.bytes = data.subspan(slice->begin, slice->end - slice->begin);
  if (tensor.bytes.size() != count_elements(tensor.shape) * element_bytes(element)) {
    damaged(file, "the size of " + std::string(name) + " does not fit its shape");
  }
  return tensor;
}

// Joins 8-bit matrices with the scales of their rows.
void join_scales(TensorFile& out) {
  constexpr std::string_view kNumbers = ".int8";
  std::map<std::string, Tensor, std::less<>> joined;
  for (auto& [name, tensor] : out.tensors) {
    if (!name.ends_with(kNumbers)) continue;
    const std::string stem = name.substr(0, name.size() - kNumbers.size());
    const auto scales = out.tensors.find(stem + ".scale");
    if (scales == out.tensors.end() || tensor.type != ElementType::kI8 || tensor.shape.size() != 2 ||
        scales->second.type != ElementType::kF32 || count_elements(scales->second.shape) != tensor.shape[0] ||
        tensor.shape[0] == 0 || tensor.shape[1] == 0) {
      damaged(*out.file, stem + " has no scale for each row");
    }
    tensor.row_scales = scales->second.bytes;
    joined.emplace(stem, tensor);
  }
  out.tensors.merge(joined);
}

}  // namespace

// Format: 8 bytes little-endian length of the header, the header as a JSON object, then the elements.
TensorFile read_safetensors(std::shared_ptr<const MappedFile> file) {
  const auto bytes = file->bytes();
  if (bytes.size() < sizeof(std::uint64_t)) damaged(*file, "it is too short");
  const std::uint64_t header_bytes = read_u64(bytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - sizeof(std::uint64_t)) {
    damaged(*file, "its header is longer than it may be");
  }
  const auto* header = reinterpret_cast<const char*>(bytes.data() + sizeof(std::uint64_t));
  json::error_code failed;
  const json::value root = json::parse(json::string_view(header, header_bytes), failed);
  if (failed || !root.is_object()) damaged(*file, "its header is not a JSON object");
  const auto data = bytes.subspan(sizeof(std::uint64_t) + header_bytes);

  TensorFile out{.file = file, .tensors = {}};
  for (const auto& [key, entry] : root.get_object()) {
    const std::string_view name(key.data(), key.size());
    if (name == "__metadata__") continue;
    if (auto tensor = read_tensor(*file, name, entry, data)) out.tensors.emplace(name, std::move(*tensor));
  }
  join_scales(out);
  return out;
}

}  // namespace jackdaw::inference
