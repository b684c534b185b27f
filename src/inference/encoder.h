#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/cancellation.h"
#include "inference/batches.h"
#include "inference/encoder_file.h"
#include "inference/kernels.h"

namespace jackdaw::inference {

// A BERT encoder that runs over packed sequences: nothing is computed for padding, and a sequence gets the same result
// to the last bit whatever shares its batch. All arithmetic happens on the caller's thread. Safe from any number of
// threads at once; each call takes a set of buffers of about 20 KiB a token (of a layer of width 384). As many sets as
// were ever in use at once are kept for the next calls, until the encoder is destroyed.
//
// Int8: each linear map of a layer sees its input rounded for each token (Kernels::quantize) and adds exact integer
// products; everything else is fp32: embeddings, attention, layer norm, GELU, residuals, head.
class Encoder {
 public:
  explicit Encoder(std::shared_ptr<const EncoderFile> file, const Kernels& kernels = kernel_sets().front());
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  const EncoderShape& shape() const noexcept { return file_->shape(); }

  // The states of all tokens, shape().hidden floats each. Checks `cancellation` between layers and throws what it says.
  // Ids, types and lengths are within the shape; they come from our own tokenizer.
  std::vector<float> states(const PackedBatch& batch, const Cancellation& cancellation) const;

  // A logit for each sequence, each of at least one token; shape().has_classifier.
  std::vector<float> logits(const PackedBatch& batch, const Cancellation& cancellation) const;

 private:
  struct Buffers;
  class Lease;
  class Pool;

  void embed(const PackedBatch& batch, std::span<float> states) const;
  void run(const PackedBatch& batch, Buffers& buffers, const Cancellation& cancellation) const;
  void attend(const EncoderLayer& layer, const PackedBatch& batch, Buffers& buffers) const;
  // All that follows the attention; it concerns each token alone.
  void feed_forward(const EncoderLayer& layer, std::size_t first, std::size_t count, Buffers& buffers) const;

  std::shared_ptr<const EncoderFile> file_;
  const Kernels& kernels_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace jackdaw::inference
