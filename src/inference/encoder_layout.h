#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inference/encoder_shape.h"

// Where everything is in a file of encoder_file.h: the one place that reader and writer learn it from.
namespace jackdaw::inference {

inline constexpr std::string_view kEncoderMagic = "jdencode";

struct EncoderHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t precision;
  std::uint64_t file_bytes;
  unsigned char source[32];
  std::uint32_t layers, heads, hidden, intermediate, vocabulary, positions, types, has_classifier;
  std::uint64_t body_checksum;
  std::uint32_t additions;
  unsigned char reserved[20];
  std::uint64_t header_checksum;
};
static_assert(sizeof(EncoderHeader) == 128, "the header has no gaps");

// Offsets in bytes from the begin of the file.
struct MatrixPlace {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t panels = 0;
  std::size_t scales = 0;  // int8 alone
  std::size_t bias = 0;
  std::size_t offsets = 0;  // int8 alone
};

struct NormPlace {
  std::size_t gamma = 0;
  std::size_t beta = 0;
};

struct LayerPlace {
  MatrixPlace query_key_value, attention_output;
  NormPlace attention_norm;
  MatrixPlace widening, narrowing;
  NormPlace output_norm;
};

struct EncoderLayout {
  // The shape is one that what_is_wrong() finds nothing in.
  EncoderLayout(const EncoderShape& shape, Precision precision);

  std::size_t words = 0;
  std::size_t word_scales = 0;  // int8 alone
  std::size_t positions = 0;
  std::size_t types = 0;
  NormPlace norm;
  std::vector<LayerPlace> layers;
  MatrixPlace pooler;  // of floats; with a classifier alone, as all of these
  std::size_t classifier = 0;
  std::size_t classifier_bias = 0;
  std::size_t bytes = 0;  // of the whole file
};

EncoderShape shape_of(const EncoderHeader& header) noexcept;

// The weights' SHA-256 in 64 hex digits, and back (nothing else is taken).
std::string hex_of_source(const EncoderHeader& header);
void set_source(EncoderHeader& header, std::string_view hex);

// Why no encoder of this shape can run here, as in "it has ..."; empty: nothing.
std::string what_is_wrong(const EncoderShape& shape);

}  // namespace jackdaw::inference
