#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/vector_store.h"
#include "tests/support/memory_store.h"

namespace jackdaw::testing {

// The VectorStore of a MemoryStore.
class MemoryVectorStore : public VectorStore {
 public:
  MemoryVectorStore(MemoryStore& store, std::string embedder) : store_(store), embedder_(std::move(embedder)) {}

  std::string embedder_name() override {
    const std::lock_guard lock(mutex_);
    return embedder_;
  }
  NewVectors new_vectors() override {
    const auto missing = static_cast<std::int64_t>(without_new_vector({0}, 1'000'000).size());
    const std::lock_guard lock(mutex_);
    const auto made = static_cast<std::int64_t>(made_.size());
    return {.embedder = new_embedder_, .made = made, .chunks = made + missing};
  }
  void begin_new_vectors(const std::string& embedder, const std::string& of) override {
    const std::lock_guard lock(mutex_);
    if (new_embedder_ != embedder || of_ != of) made_.clear();
    new_embedder_ = embedder;
    of_ = of;
  }
  std::vector<ChunkToEmbed> without_new_vector(ChunkId after, std::size_t limit) override {
    std::vector<ChunkToEmbed> out;
    store_.for_each_indexed([&](IndexedDocument&& document) {
      const std::lock_guard lock(mutex_);
      for (const IndexedChunk& chunk : document.chunks) {
        if (chunk.chunk.value <= after.value || made_.contains(chunk.chunk.value)) continue;
        out.push_back({.chunk = chunk.chunk, .text = chunk.text, .heading = chunk.heading, .title = document.title});
      }
    });
    std::ranges::sort(out, {}, [](const ChunkToEmbed& chunk) { return chunk.chunk.value; });
    out.resize(std::min(out.size(), limit));
    return out;
  }
  void keep_new_vectors(std::span<const std::pair<ChunkId, Embedding>> vectors) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [chunk, vector] : vectors) made_[chunk.value] = vector;
    ++commits;
  }
  void for_each_newly_embedded(const std::function<void(IndexedDocument&&)>& visit) override {
    store_.for_each_indexed([&](IndexedDocument&& document) {
      {
        const std::lock_guard lock(mutex_);
        for (IndexedChunk& chunk : document.chunks) chunk.embedding = made_.at(chunk.chunk.value);
      }
      visit(std::move(document));
    });
  }
  bool use_new_vectors() override {
    if (new_embedder_.empty() || !without_new_vector({0}, 1).empty()) return false;
    const std::lock_guard lock(mutex_);
    store_.put_embeddings(made_);
    embedder_ = std::exchange(new_embedder_, {});
    made_.clear();
    return true;
  }

  int commits = 0;  // of new vectors

 private:
  MemoryStore& store_;
  std::mutex mutex_;
  std::string embedder_;
  std::string new_embedder_;
  std::string of_;
  std::map<std::int64_t, Embedding> made_;
};

}  // namespace jackdaw::testing
