#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "index/segmented_index.h"
#include "inference/cross_encoder.h"
#include "inference/local_embedder.h"

namespace jackdaw::follow_up_bench {

// The product's retrieval over a list of passages, without a store: BM25 and MiniLM vectors, 50 candidates each,
// reciprocal rank fusion, then the cross-encoder when asked. A text is embedded, and a pair scored, once.
class HybridSearch {
 public:
  HybridSearch(std::span<const std::string> passages, const std::filesystem::path& models);

  // Places of the passages, best first. `rerank_depth`: how many of the best are put in the cross-encoder's order;
  // 0: none.
  std::vector<std::size_t> search(const std::string& question, std::size_t rerank_depth);

 private:
  std::vector<Embedding> embed(std::span<const std::string_view> texts);
  std::vector<std::size_t> fused(const std::string& question);
  void rerank(const std::string& question, std::vector<std::size_t>& places, std::size_t depth);

  std::span<const std::string> passages_;
  inference::LocalEmbedder embedder_;
  inference::CrossEncoder encoder_;
  index::SegmentedIndex index_;
  std::unordered_map<std::string, std::vector<std::size_t>> fused_;
  std::unordered_map<std::string, std::vector<std::size_t>> reranked_;
};

}  // namespace jackdaw::follow_up_bench
