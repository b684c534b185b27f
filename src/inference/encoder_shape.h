#pragma once

#include <cstddef>
#include <cstdint>

namespace jackdaw::inference {

// How weights are kept and products computed: 32-bit floats, or 8-bit numbers with a scale for each output.
enum class Precision : std::uint32_t { kFp32 = 0, kInt8 = 1 };

// The sizes of a BERT encoder (Devlin et al. 2018): token states of `hidden` floats go through `layers` layers.
struct EncoderShape {
  std::size_t layers = 0;        // 1..48
  std::size_t heads = 0;         // of the attention; hidden / heads is a multiple of 16
  std::size_t hidden = 0;        // a multiple of 16, at most 4,096
  std::size_t intermediate = 0;  // width of the feed-forward part: a multiple of 16, at most 16,384
  std::size_t vocabulary = 0;    // token ids are below this; at most 2^20
  std::size_t positions = 0;     // no sequence is longer; at most 2^16
  std::size_t types = 0;         // token types are below this; at most 16
  bool has_classifier = false;   // a pooler with tanh over the first token, then one logit
  friend bool operator==(const EncoderShape&, const EncoderShape&) = default;
};

}  // namespace jackdaw::inference
