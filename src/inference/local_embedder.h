#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/embedding.h"
#include "inference/encoder_shape.h"
#include "inference/kernels.h"

namespace jackdaw::inference {

// The folder of its files, under the folder of models.
inline constexpr std::string_view kEmbedderModel = "all-MiniLM-L6-v2";

struct LocalEmbedderOptions {
  std::filesystem::path model_dir;  // holds all-MiniLM-L6-v2/model.safetensors and vocab.txt
  std::filesystem::path cache_dir;  // where the prepared model is kept when model_dir cannot be written; empty: nowhere
  Precision precision = Precision::kInt8;
  std::size_t max_tokens = 256;    // of one text, 3..512; the window the model was trained with
  std::size_t batch_tokens = 128;  // short texts share a batch of at most this many tokens: about 20 ms of one core
  // Of the machine's; for tests and benchmarks.
  const Kernels* kernels = &kernel_sets().front();
};

// The real embedder: all-MiniLM-L6-v2, the mean over the token states, unit length. Safe from any number of threads;
// the arithmetic of one call runs on its caller's. A text's vector is the same to the last bit whatever is embedded
// beside it. The constructor maps the prepared model, which is made first where it is missing (prepared_encoder.h), and
// throws Error kUnavailable when a model file is missing or damaged; the message names the command that fetches it.
class LocalEmbedder : public Embedder {
 public:
  explicit LocalEmbedder(LocalEmbedderOptions options);
  ~LocalEmbedder() override;

  std::vector<Embedding> embed(std::span<const std::string_view> texts, const Cancellation& cancellation) override;
  std::size_t dimensions() const noexcept override;
  const std::string& name() const noexcept override;

 private:
  class Model;
  std::unique_ptr<Model> model_;
};

}  // namespace jackdaw::inference
