#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace jackdaw::inference {

// The arithmetic of a BERT encoder, in one set of functions for each kind of processor. All matrices are row-major and
// packed: a row of width w begins w elements after the one before. No function keeps state or allocates; what they
// compute for a row depends on that row alone, not on how many stand beside it, so that a sequence gets the same result
// to the last bit whatever shares its batch. Integer sums are exact: of the same rounded rows they are equal on every
// path. fp32 results differ between paths in the last bits, since they add in another order and some paths fuse
// multiplication and addition; so a row may be rounded to another byte where a number lies half way between two.

// Columns of a matrix lie in panels of this many, each padded to nothing: the number of outputs is a multiple of it.
inline constexpr std::size_t kPanelColumns = 16;
// Inputs of an 8-bit matrix come in steps of this many, so the number of inputs is a multiple of it.
inline constexpr std::size_t kDepthStep = 16;
// Rows that any set takes together in the attention, at most: scratch has room for their scores.
inline constexpr std::size_t kMostTileRows = 12;
// The AVX2 path multiplies bytes into 16-bit sums, which it widens only after so many additions: a group of weights,
// neighbours in pairs (with two additions inputs 0, 1, 4, 5 of a step, then 2, 3, 6, 7 and so on; with four 0, 1, 4, 5,
// 8, 9, 12, 13, and the others). The positive weights of a group add up to at most kMaxGroupSum, the negative ones to
// no less than its negation: then 255 times either sum fits into 16 bits, and `maddubs` never saturates. Four are a
// tenth faster, two leave the weights finer.
enum class Additions : std::uint32_t { kTwo = 2, kFour = 4 };
inline constexpr int kMaxGroupSum = 128;

// What becomes of x W^T + b: it is written, or added to what is in the output.
enum class Finish { kStore, kAdd };

// W as 8-bit numbers with one scale for each output. Row r of the real matrix is scales[r] * (its numbers).
struct QuantizedMatrix {
  const std::int8_t* panels = nullptr;    // [outputs / 16][inputs / 4][16][4]
  const float* scales = nullptr;          // [outputs]
  const float* bias = nullptr;            // [outputs]
  const std::int32_t* offsets = nullptr;  // [outputs]: 128 * the sum of the output's numbers
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Additions additions = Additions::kTwo;
};

struct FloatMatrix {
  const float* panels = nullptr;  // [outputs / 16][inputs][16]
  const float* bias = nullptr;    // [outputs]
  std::size_t inputs = 0;
  std::size_t outputs = 0;
};

// Rows as 8-bit numbers with one scale for each row: the real value is scale * (value - 128), value - 128 in -127..127.
struct QuantizedRows {
  const std::uint8_t* values = nullptr;  // [count][width]
  const float* scales = nullptr;         // [count]
  std::size_t count = 0;
};

struct AttentionShape {
  std::size_t heads = 0;
  std::size_t head_width = 0;  // a multiple of 16
};

struct Kernels {
  std::string_view name;  // "avx512-vnni", "avx-vnni", "avx2", "portable"

  // scale = max|x| / 127, value = 128 + x * (1 / scale) rounded half to even; the product is exact where the processor
  // fuses it with the rounding, else rounded to fp32 first. Where the scale would be below the smallest normal number,
  // as of a row of zeros, it is 0 and the values are 128. `width` is a multiple of 16.
  void (*quantize)(const float* rows, std::size_t count, std::size_t width, std::uint8_t* values, float* scales);

  // out [rows.count][matrix.outputs]
  void (*multiply_s8)(const QuantizedMatrix& matrix, const QuantizedRows& rows, Finish finish, float* out);
  void (*multiply_f32)(const FloatMatrix& matrix, const float* rows, std::size_t count, Finish finish, float* out);

  // x * Phi(x), in place: GELU (Hendrycks and Gimpel 2016). `width` is a multiple of 16.
  void (*activate)(float* rows, std::size_t count, std::size_t width);

  // (x - mean) / sqrt(variance + epsilon) * gamma + beta, in place. `width` is a multiple of 16.
  void (*normalize)(float* rows, std::size_t count, std::size_t width, const float* gamma, const float* beta,
                    float epsilon);

  // Multi-head self-attention of one sequence: softmax(Q K^T / sqrt(head_width)) V. Each row of `qkv` is a token's
  // queries, keys and values, heads side by side in each; `out` has [tokens][heads * head_width]. `scratch` holds
  // attention_scratch(tokens, shape) floats.
  void (*attend)(const float* qkv, std::size_t tokens, const AttentionShape& shape, float* scratch, float* out);
};

std::size_t attention_scratch(std::size_t tokens, const AttentionShape& shape) noexcept;

// The sets that this machine can run, fastest first; the last one is portable C++. Found out once. Thread-safe.
std::span<const Kernels> kernel_sets();

}  // namespace jackdaw::inference
