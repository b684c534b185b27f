#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inference/encoder_shape.h"
#include "inference/kernels.h"
#include "inference/mapped_file.h"
#include "inference/weights.h"

namespace jackdaw::inference {

// Grows when the same weights give another file. Version 1.
inline constexpr std::uint32_t kEncoderFileVersion = 1;

// An encoder as the kernels want it, in one file that is mapped and never copied ("jdencode", docs/storage_format.md).
// All numbers are little endian; every part begins at a multiple of 64 bytes, and what the shape leaves open is zero:
//
//   header, 128 bytes
//     magic            8 bytes   "jdencode"
//     version          u32       kEncoderFileVersion
//     precision        u32       0: fp32, 1: int8
//     file_bytes       u64
//     source           32 bytes  SHA-256 of the weights that it was made from
//     layers, heads, hidden, intermediate, vocabulary, positions, types, has_classifier   u32 each
//     body_checksum    u64       core/checksum.h, of all bytes after the header
//     additions        u32       2 or 4 (kernels.h)
//     reserved         20 bytes  0
//     header_checksum  u64       of the header before it
//   words              i8 [vocabulary][hidden], then f32 [vocabulary] scales; fp32: f32 [vocabulary][hidden]
//   positions, types   f32 [.][hidden];  norm: f32 gamma [hidden], beta [hidden]
//   each layer         query_key_value, attention_output, norm, widening, narrowing, norm
//     int8 matrix      panels (kernels.h), f32 scales, f32 bias, i32 offsets
//     fp32 matrix      panels, f32 bias
//   classifier         fp32 matrix of the pooler, f32 weights [hidden], f32 bias
struct EncoderLayer {
  // One of both, by the precision.
  QuantizedMatrix query_key_value8, attention_output8, widening8, narrowing8;
  FloatMatrix query_key_value, attention_output, widening, narrowing;
  const float* attention_gamma = nullptr;  // [hidden], as all of these
  const float* attention_beta = nullptr;
  const float* output_gamma = nullptr;
  const float* output_beta = nullptr;
};

// Immutable, safe from any thread; the pointers live as long as it does.
class EncoderFile {
 public:
  // Trusts no byte: throws Error kUnavailable with a sentence when the file is not there, of another version, damaged,
  // or made from other weights than `source` (64 hex digits).
  EncoderFile(const std::filesystem::path& path, const std::string& source);
  // The same of bytes in memory; `name` stands for the path in messages.
  EncoderFile(std::vector<std::byte> bytes, std::string name, const std::string& source);

  const EncoderShape& shape() const noexcept { return shape_; }
  Precision precision() const noexcept { return precision_; }
  Additions additions() const noexcept { return additions_; }
  std::size_t bytes() const noexcept { return bytes_.size(); }

  // Writes a token's word embedding.
  void copy_word(std::size_t word, std::span<float> out) const noexcept;
  const float* position(std::size_t position) const noexcept { return positions_ + position * shape_.hidden; }
  const float* type(std::size_t type) const noexcept { return types_ + type * shape_.hidden; }
  const float* gamma() const noexcept { return gamma_; }
  const float* beta() const noexcept { return beta_; }
  const EncoderLayer& layer(std::size_t i) const noexcept { return layers_[i]; }
  // With a classifier alone: the pooler, the weights of the logit [hidden], and what is added to it.
  const FloatMatrix& pooler() const noexcept { return pooler_; }
  const float* classifier() const noexcept { return classifier_; }
  float classifier_bias() const noexcept { return *classifier_bias_; }

 private:
  void read(const std::string& source);
  void point();
  [[noreturn]] void refuse(const std::string& why) const;

  std::unique_ptr<const MappedFile> file_;
  // 64-byte aligned; in use when there is no file.
  struct Free {
    void operator()(std::byte* bytes) const noexcept;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::span<const std::byte> bytes_;
  std::string name_;
  EncoderShape shape_;
  Precision precision_ = Precision::kFp32;
  Additions additions_ = Additions::kTwo;
  const std::byte* words_ = nullptr;
  const float* word_scales_ = nullptr;
  const float* positions_ = nullptr;
  const float* types_ = nullptr;
  const float* gamma_ = nullptr;
  const float* beta_ = nullptr;
  std::vector<EncoderLayer> layers_;
  FloatMatrix pooler_;
  const float* classifier_ = nullptr;
  const float* classifier_bias_ = nullptr;
};

// The whole file for these weights; `source` as above. Takes about a second for each 10 million weights of int8. Throws
// Error kUnavailable when the kernels cannot run a model of this shape, or when a weight is not a finite number.
std::vector<std::byte> encode_encoder(const BertWeights& weights, Precision precision, Additions additions,
                                      const std::string& source);

}  // namespace jackdaw::inference
