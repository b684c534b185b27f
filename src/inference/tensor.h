#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/mapped_file.h"

namespace jackdaw::inference {

enum class ElementType { kF32, kU8, kI8 };

// One tensor as it lies in a mapped file, row-major. Eight-bit elements mean (q - zero_point) * scale, or, where each
// row has a scale of its own, (q - zero_point) * row_scales[row].
struct Tensor {
  ElementType type = ElementType::kF32;
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;  // exactly the elements; f32 are little-endian, perhaps not aligned
  float scale = 1;
  int zero_point = 0;
  bool input_major = false;                 // a weight matrix stored [inputs, outputs] rather than [outputs, inputs]
  std::span<const std::byte> row_scales{};  // empty, or f32 for each row of a matrix
};

std::size_t element_bytes(ElementType type) noexcept;
std::size_t count_elements(std::span<const std::size_t> shape) noexcept;

// Writes row `row` of a matrix [rows, out.size()] into `out`, added to what is there, as fp32.
void add_row(const Tensor& matrix, std::size_t row, std::span<float> out) noexcept;

// Some rows of a matrix, where they lie.
Tensor rows_of(const Tensor& matrix, std::size_t first, std::size_t count);

// The whole tensor as fp32.
std::vector<float> to_f32(const Tensor& tensor);

// The tensors of one model file by the names of the reference implementation ("encoder.layer.0.output.dense.bias"), and
// the file that they point into. Immutable after reading.
struct TensorFile {
  std::shared_ptr<const MappedFile> file;
  std::map<std::string, Tensor, std::less<>> tensors;
};

// Both readers trust no byte of the file: sizes, offsets, types and counts are checked. They throw Error kUnavailable.
// A signed 8-bit matrix `name.int8` with its `name.scale` for each row is given as `name`.
TensorFile read_safetensors(std::shared_ptr<const MappedFile> file);
// A BERT that was exported with 8-bit weights (MatMulInteger, DequantizeLinear). Only the weights are read, not the
// graph: which matrix belongs where is told by the name of the node that multiplies with it.
TensorFile read_onnx(std::shared_ptr<const MappedFile> file);

}  // namespace jackdaw::inference
