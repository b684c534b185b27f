#pragma once

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/compute.h"
#include "core/embedding.h"
#include "core/reranker.h"
#include "server/config.h"
#include "server/eval_cache.h"
#include "server/eval_metrics.h"
#include "server/eval_passages.h"
#include "server/eval_sets.h"

namespace jackdaw::server {

// What is switched on: words, meaning, both fused, and that put in the cross-encoder's order.
enum class EvalStage { kKeyword, kVector, kHybrid, kRerank };
inline constexpr std::array kEvalStages{EvalStage::kKeyword, EvalStage::kVector, EvalStage::kHybrid,
                                        EvalStage::kRerank};
std::string_view to_string(EvalStage stage) noexcept;
std::optional<EvalStage> eval_stage_from(std::string_view name) noexcept;

struct EvalOptions {
  std::vector<EvalStage> stages;
  EvalCut passages = EvalCut::kWhole;
  std::size_t depth = 0;  // candidates that are reranked; 0: JACKDAW_CANDIDATES, as the program does without a budget
};

// One stage over all queries.
struct EvalRow {
  EvalStage stage = EvalStage::kKeyword;
  std::map<Metric, std::vector<double>> scores;  // of each query, in the set's order
};

// Milliseconds of each piece of work that was not in the cache, one after the other on an otherwise idle pool.
using EvalTimes = std::map<std::string, std::vector<double>>;

struct EvalRun {
  std::size_t passages = 0;
  std::string embedder;  // its name; empty: not used
  std::string reranker;
  std::size_t depth = 0;  // candidates that were reranked, at most; 0: none
  std::vector<EvalRow> rows;
  EvalTimes times;  // by "embed question", "keyword", "vector", "fuse", "rerank"
};

// Measures one configuration of the program, with the parts that the product is made of. Lives on one executor of one
// thread; work is done on `compute`.
class Evaluation {
 public:
  // What is being done and how much of it, for a person who waits. May be empty.
  using OnProgress = std::function<void(std::string_view what, std::size_t done, std::size_t all)>;

  // Models are loaded when first needed. `cache`: the folder of what models said before; empty: none.
  Evaluation(Config config, std::filesystem::path cache, Compute& compute, OnProgress on_progress);
  ~Evaluation();

  // Throws what the models throw, Error kNotReady for a set whose texts are all blank, what `cancellation` asks for.
  boost::asio::awaitable<EvalRun> run(const EvalSet& set, const EvalOptions& options, Cancellation cancellation);

 private:
  struct Question;
  Embedder& embedder();
  Reranker& reranker();
  boost::asio::awaitable<std::vector<Embedding>> embed(const std::vector<std::string>& texts,
                                                       Cancellation cancellation);
  boost::asio::awaitable<Embedding> embed_question(const std::string& question, EvalTimes& times,
                                                   Cancellation cancellation);
  boost::asio::awaitable<void> search(Question& question, EvalTimes& times, Cancellation cancellation);
  boost::asio::awaitable<void> rerank(Question& question, const EvalPassages& passages, std::size_t depth,
                                      EvalTimes& times, Cancellation cancellation);
  void report(std::string_view what, std::size_t done, std::size_t all) const;

  const Config config_;
  const std::filesystem::path cache_;
  Compute& compute_;
  const OnProgress on_progress_;
  std::unique_ptr<Embedder> embedder_;
  std::unique_ptr<Reranker> reranker_;
  std::unique_ptr<EvalCache> embeddings_;
  std::unique_ptr<EvalCache> logits_;
};

}  // namespace jackdaw::server
