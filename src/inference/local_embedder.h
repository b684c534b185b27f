#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/embedding.h"

namespace jackdaw::inference {

struct LocalEmbedderOptions {
  std::filesystem::path model_dir;  // holds all-MiniLM-L6-v2/model.safetensors and vocab.txt
  std::filesystem::path cache_dir;  // compiled graphs, for a faster next start; empty: none
  std::size_t threads = 2;          // calls that compute at the same time; more wait their turn
  std::size_t max_tokens = 256;     // of one text, 3..512; the window the model was trained with
  std::size_t batch_tokens = 128;   // short texts share a batch of at most this many tokens: about 30 ms of one core
};

// The real embedder: all-MiniLM-L6-v2, the mean over the token states, unit length, in fp32. Safe from any thread; the
// arithmetic of one call runs on one thread. The constructor takes about half a second and throws Error kUnavailable
// when a model file is missing or damaged; the message names the command that fetches it.
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
