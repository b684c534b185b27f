#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/reranker.h"

namespace jackdaw::inference {

struct CrossEncoderOptions {
  std::filesystem::path model_dir;        // holds ms-marco-MiniLM-L-12-v2/model.onnx and vocab.txt
  std::filesystem::path cache_dir;        // compiled graphs, for a faster next start; empty: none
  std::size_t threads = 2;                // calls that compute at the same time; more wait their turn
  std::size_t max_tokens = 512;           // of question and passage together, 8..512: the model's positions
  std::size_t max_question_tokens = 256;  // a longer question is cut, so that each passage keeps room
  std::size_t batch_tokens = 160;         // short pairs share a batch of at most this many tokens
};

// The real reranker: ms-marco-MiniLM-L-12-v2. Safe from any thread; the arithmetic of one call runs on one thread. The
// constructor takes about half a second and throws Error kUnavailable when a model file is missing or damaged; the
// message names the command that fetches it.
class CrossEncoder : public Reranker {
 public:
  explicit CrossEncoder(CrossEncoderOptions options);
  ~CrossEncoder() override;

  std::vector<float> score(std::string_view question, std::span<const std::string_view> passages,
                           const Cancellation& cancellation) override;
  const std::string& name() const noexcept override;

 private:
  class Model;
  std::unique_ptr<Model> model_;
};

}  // namespace jackdaw::inference
