#include "inference/tensor.h"

#include <cstring>

namespace jackdaw::inference {
namespace {

float float_at(std::span<const std::byte> bytes, std::size_t at) noexcept {
  float value = 0;
  std::memcpy(&value, bytes.data() + at * sizeof(float), sizeof(float));
  return value;
}

float element(const Tensor& tensor, std::size_t at) noexcept {
  if (!tensor.row_scales.empty()) {
    const float scale = float_at(tensor.row_scales, at / tensor.shape.back());
    return scale * static_cast<float>(static_cast<std::int8_t>(tensor.bytes[at]));
  }
  switch (tensor.type) {
    case ElementType::kF32: return float_at(tensor.bytes, at);
    case ElementType::kU8:
      return tensor.scale * static_cast<float>(std::to_integer<int>(tensor.bytes[at]) - tensor.zero_point);
    case ElementType::kI8: break;
  }
  return tensor.scale * static_cast<float>(static_cast<std::int8_t>(tensor.bytes[at]) - tensor.zero_point);
}

}  // namespace

std::size_t element_bytes(ElementType type) noexcept {
  return type == ElementType::kF32 ? sizeof(float) : 1;
}

std::size_t count_elements(std::span<const std::size_t> shape) noexcept {
  std::size_t count = 1;
  for (const std::size_t dimension : shape) count *= dimension;
  return count;
}

void add_row(const Tensor& matrix, std::size_t row, std::span<float> out) noexcept {
  const std::size_t begin = row * out.size();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += element(matrix, begin + i);
}

Tensor rows_of(const Tensor& matrix, std::size_t first, std::size_t count) {
  Tensor some = matrix;
  const std::size_t row_bytes = matrix.shape.back() * element_bytes(matrix.type);
  some.shape = {count, matrix.shape.back()};
  some.bytes = matrix.bytes.subspan(first * row_bytes, count * row_bytes);
  if (!matrix.row_scales.empty()) {
    some.row_scales = matrix.row_scales.subspan(first * sizeof(float), count * sizeof(float));
  }
  return some;
}

std::vector<float> to_f32(const Tensor& tensor) {
  std::vector<float> out(count_elements(tensor.shape));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = element(tensor, i);
  return out;
}

}  // namespace jackdaw::inference
