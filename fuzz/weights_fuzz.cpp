#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/error.h"
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

void read_all(const TensorFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    if (count_elements(tensor.shape) <= kMostElements) to_f32(tensor);
  }
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

// Any bytes as safetensors or ONNX give tensors that can be read, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const int kind = data[0] % 4;
  ++data;
  --size;
  const auto mapped = [](const std::string& path) { return std::make_shared<const MappedFile>(path, 1 << 24); };
  if (kind == 0) {
    attempt(data, size, [&](const std::string& path) { read_all(read_onnx(mapped(path))); });
  } else if (kind == 1) {
    attempt(data, size, [&](const std::string& path) { read_all(read_safetensors(mapped(path))); });
  } else {
    const std::string text = with_length(data, size);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    attempt(bytes, text.size(), [&](const std::string& path) {
      if (kind == 2) {
        read_all(read_safetensors(mapped(path)));
      } else {
        read_bert_weights(path, Head::kClassifier, 16);
      }
    });
  }
  return 0;
}
