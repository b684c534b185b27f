#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/reranker.h"
#include "inference/encoder_shape.h"
#include "inference/kernels.h"

namespace jackdaw::inference {

struct CrossEncoderOptions {
  std::filesystem::path model_dir;  // holds a folder for each model, with weights and vocab.txt
  std::filesystem::path cache_dir;  // where the prepared model is kept when model_dir cannot be written; empty: nowhere
  std::string model = "jackdaw-rerank-l6";  // or "ms-marco-MiniLM-L-12-v2"
  Precision precision = Precision::kInt8;
  std::size_t max_tokens = 512;           // of question and passage together, 8..512: the model's positions
  std::size_t max_question_tokens = 256;  // a longer question is cut, so that each passage keeps room
  std::size_t batch_tokens = 160;         // short pairs share a batch of at most this many tokens
  // Of the machine's; for tests and benchmarks.
  const Kernels* kernels = &kernel_sets().front();
};

// The real reranker: a BERT with one logit (ms-marco-MiniLM-L-12-v2 and smaller ones distilled from it). Safe from any
// number of threads; the arithmetic of one call runs on its caller's. A pair's logit is the same to the last bit
// whatever is scored beside it. The constructor maps the prepared model, which is made first where it is missing
// (prepared_encoder.h), measures its speed, about a tenth of a second, and throws Error kUnavailable when a model file
// is missing or damaged; the message names the command that fetches it.
class CrossEncoder : public Reranker {
 public:
  explicit CrossEncoder(CrossEncoderOptions options);
  ~CrossEncoder() override;

  std::vector<float> score(std::string_view question, std::span<const std::string_view> passages,
                           const Cancellation& cancellation) override;
  std::size_t tokens(std::string_view question, std::string_view passage) const override;
  double tokens_per_second() const noexcept override;
  const std::string& name() const noexcept override;

 private:
  class Model;
  std::unique_ptr<Model> model_;
};

}  // namespace jackdaw::inference
