#include "follow_up/hybrid_search.h"

#include <algorithm>
#include <thread>

#include "answer/fusion.h"

namespace jackdaw::follow_up_bench {
namespace {

constexpr std::size_t kCandidates = 50;  // RetrieverOptions::candidates
constexpr std::size_t kThreads = 2;

std::filesystem::path graphs() {
  return std::filesystem::temp_directory_path() / "jackdaw-bench-graphs";
}

}  // namespace

HybridSearch::HybridSearch(std::span<const std::string> passages, const std::filesystem::path& models)
    : passages_(passages),
      embedder_({.model_dir = models, .cache_dir = graphs()}),
      encoder_({.model_dir = models, .cache_dir = graphs()}) {
  const std::vector<std::string_view> texts(passages.begin(), passages.end());
  std::vector<Embedding> embeddings = embed(texts);
  std::vector<IndexedDocument> documents;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    IndexedChunk chunk{ChunkId{static_cast<std::int64_t>(i)}, passages[i], std::move(embeddings[i])};
    documents.push_back({DocumentId{std::to_string(i)}, {std::move(chunk)}});
  }
  index_.add(documents);
}

std::vector<Embedding> HybridSearch::embed(std::span<const std::string_view> texts) {
  std::vector<Embedding> first, second;
  const std::size_t half = texts.size() / 2;
  {
    std::jthread other([&] { second = embedder_.embed(texts.subspan(half), Cancellation()); });
    first = embedder_.embed(texts.first(half), Cancellation());
  }
  std::move(second.begin(), second.end(), std::back_inserter(first));
  return first;
}

std::vector<std::size_t> HybridSearch::fused(const std::string& question) {
  const auto snapshot = index_.snapshot();
  const std::string_view text = question;
  const Embedding embedding = embedder_.embed({&text, 1}, Cancellation()).front();
  const Ranking keyword = snapshot->keyword->search(question, kCandidates, {});
  const Ranking vector = snapshot->vector->search(embedding, kCandidates, {});
  std::vector<std::size_t> places;
  for (const auto& chunk : answer::fuse(keyword, vector)) {
    places.push_back(static_cast<std::size_t>(chunk.chunk.value));
  }
  return places;
}

void HybridSearch::rerank(const std::string& question, std::vector<std::size_t>& places, std::size_t depth) {
  const std::size_t count = std::min(depth, places.size());
  std::vector<std::string_view> texts;
  for (std::size_t i = 0; i < count; ++i) texts.emplace_back(passages_[places[i]]);
  const std::span<const std::string_view> all(texts);
  std::vector<float> logits, rest;
  {
    std::jthread other([&] { rest = encoder_.score(question, all.subspan(count / 2), Cancellation()); });
    logits = encoder_.score(question, all.first(count / 2), Cancellation());
  }
  logits.insert(logits.end(), rest.begin(), rest.end());
  std::vector<std::pair<float, std::size_t>> order;
  for (std::size_t i = 0; i < count; ++i) order.emplace_back(logits[i], places[i]);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < count; ++i) places[i] = order[i].second;
}

std::vector<std::size_t> HybridSearch::search(const std::string& question, std::size_t rerank_depth) {
  auto found = fused_.find(question);
  if (found == fused_.end()) found = fused_.emplace(question, fused(question)).first;
  if (rerank_depth == 0) return found->second;
  auto best = reranked_.find(question);
  if (best != reranked_.end()) return best->second;
  std::vector<std::size_t> places = found->second;
  rerank(question, places, rerank_depth);
  return reranked_.emplace(question, std::move(places)).first->second;
}

}  // namespace jackdaw::follow_up_bench
