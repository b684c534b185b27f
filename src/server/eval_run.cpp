#include "server/eval_run.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <unordered_set>
#include <utility>

#include "answer/fusion.h"
#include "answer/rerank_work.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/log.h"
#include "core/search_index.h"
#include "ingest/embedding_work.h"
#include "server/assembly.h"

namespace jackdaw::server {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kSlice{30};
constexpr std::size_t kEmbeddedBetweenSaves = 4096;
constexpr std::size_t kQuestionsBetweenSaves = 25;

struct NamedStage {
  std::string_view name;
  EvalStage stage;
};
constexpr std::array kStageNames{NamedStage{"keyword", EvalStage::kKeyword}, NamedStage{"vector", EvalStage::kVector},
                                 NamedStage{"hybrid", EvalStage::kHybrid}, NamedStage{"rerank", EvalStage::kRerank}};

bool holds(const std::vector<EvalStage>& stages, EvalStage stage) {
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

bool needs_vectors(const std::vector<EvalStage>& stages) {
  return std::any_of(stages.begin(), stages.end(), [](EvalStage stage) { return stage != EvalStage::kKeyword; });
}

std::vector<ChunkId> ids_of(const Ranking& ranking) {
  std::vector<ChunkId> ids;
  for (const ScoredChunk& found : ranking) ids.push_back(found.chunk);
  return ids;
}

}  // namespace

std::string_view to_string(EvalStage stage) noexcept {
  for (const NamedStage& each : kStageNames) {
    if (each.stage == stage) return each.name;
  }
  return "";
}

std::optional<EvalStage> eval_stage_from(std::string_view name) noexcept {
  for (const NamedStage& each : kStageNames) {
    if (each.name == name) return each.stage;
  }
  return std::nullopt;
}

struct Evaluation::Question {
  const std::string& text;
  std::shared_ptr<const IndexSnapshot> snapshot;
  bool by_meaning = false;
  Ranking keyword{};
  Ranking vector{};
  std::vector<ChunkId> fused{};
  std::vector<ChunkId> reranked{};

  std::vector<ChunkId> order(EvalStage stage) const {
    switch (stage) {
      case EvalStage::kKeyword: return ids_of(keyword);
      case EvalStage::kVector: return ids_of(vector);
      case EvalStage::kHybrid: return fused;
      case EvalStage::kRerank: return reranked;
    }
    return {};
  }

  // Places of texts or of documents: each as good as the best of its passages.
  std::vector<std::size_t> ranking(EvalStage stage, const EvalSet& set, const EvalPassages& passages,
                                   bool by_document) const {
    std::vector<std::size_t> places;
    std::unordered_set<std::size_t> seen;
    for (const ChunkId chunk : order(stage)) {
      const std::size_t place = passages.text[static_cast<std::size_t>(chunk.value)];
      const std::size_t judged = by_document ? set.texts[place].document : place;
      if (seen.insert(judged).second) places.push_back(judged);
    }
    return places;
  }
};

Evaluation::Evaluation(Config config, std::filesystem::path cache, Compute& compute, OnProgress on_progress)
    : config_(std::move(config)), cache_(std::move(cache)), compute_(compute), on_progress_(std::move(on_progress)) {}

// What was measured before an interruption is kept too.
Evaluation::~Evaluation() {
  for (EvalCache* cache : {embeddings_.get(), logits_.get()}) {
    try {
      if (cache != nullptr) cache->save();
    } catch (const std::exception& failure) {
      log::warning(std::string("The next measurement starts anew: ") + failure.what());
    }
  }
}

void Evaluation::report(std::string_view what, std::size_t done, std::size_t all) const {
  if (on_progress_) on_progress_(what, done, all);
}

Embedder& Evaluation::embedder() {
  if (!embedder_) {
    report("loading the embedder", 0, 0);
    embedder_ = make_embedder(config_);
    embeddings_ = std::make_unique<EvalCache>(cache_, "embeddings", embedder_->name(), embedder_->dimensions());
  }
  return *embedder_;
}

Reranker& Evaluation::reranker() {
  if (!reranker_) {
    report("loading the reranker", 0, 0);
    reranker_ = make_reranker(config_);
    logits_ = std::make_unique<EvalCache>(cache_, "logits", reranker_->name(), 1);
  }
  return *reranker_;
}

asio::awaitable<std::vector<Embedding>> Evaluation::embed(const std::vector<std::string>& texts,
                                                          Cancellation cancellation) {
  Embedder& embedder = this->embedder();
  std::vector<Embedding> embeddings(texts.size());
  std::vector<EvalCache::Key> keys;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view text = texts[i];
    keys.push_back(EvalCache::key_of({&text, 1}));
    const auto known = embeddings_->find(keys.back());
    embeddings[i].assign(known.begin(), known.end());
    if (known.empty()) missing.push_back(i);
  }
  for (std::size_t first = 0; first < missing.size(); first += kEmbeddedBetweenSaves) {
    const auto part = std::span(missing).subspan(first, std::min(kEmbeddedBetweenSaves, missing.size() - first));
    std::vector<std::string> asked;
    for (const std::size_t i : part) asked.push_back(texts[i]);
    ingest::EmbeddingWork work(embedder, compute_, asked, kSlice);
    const auto on_done = [&](std::size_t done) { report("embedding", first + done, missing.size()); };
    auto made = co_await work.run(on_done, cancellation);
    for (std::size_t i = 0; i < part.size(); ++i) {
      embeddings_->put(keys[part[i]], made[i]);
      embeddings[part[i]] = std::move(made[i]);
    }
    embeddings_->save();
  }
  co_return embeddings;
}

asio::awaitable<Embedding> Evaluation::embed_question(const std::string& question, EvalTimes& times,
                                                      Cancellation cancellation) {
  Embedder& embedder = this->embedder();
  const std::string_view text = question;
  const EvalCache::Key key = EvalCache::key_of({&text, 1});
  if (const auto known = embeddings_->find(key); !known.empty()) co_return Embedding(known.begin(), known.end());
  double took_ms = 0;
  Embedding made = co_await compute_.run(Lane::kInteractive, cancellation, [&] {
    const Stopwatch watch;
    Embedding embedding = std::move(embedder.embed({&text, 1}, cancellation).front());
    took_ms = watch.elapsed_ms();
    return embedding;
  });
  times["embed question"].push_back(took_ms);
  embeddings_->put(key, made);
  co_return made;
}

asio::awaitable<void> Evaluation::search(Question& question, EvalTimes& times, Cancellation cancellation) {
  const std::size_t limit = config_.candidates;
  std::optional<Embedding> embedding;
  if (question.by_meaning) embedding = co_await embed_question(question.text, times, cancellation);
  double keyword_ms = 0, vector_ms = 0, fuse_ms = 0;
  co_await compute_.run(Lane::kInteractive, cancellation, [&] {
    const Stopwatch by_words;
    question.keyword = question.snapshot->keyword->search(question.text, limit, {});
    keyword_ms = by_words.elapsed_ms();
    if (!embedding) return;
    const Stopwatch by_meaning;
    question.vector = question.snapshot->vector->search(*embedding, limit, {});
    vector_ms = by_meaning.elapsed_ms();
    const Stopwatch fusing;
    const auto fused = answer::fuse_by(fusion(config_), question.keyword, question.vector);
    for (const auto& chunk : fused) question.fused.push_back(chunk.chunk);
    fuse_ms = fusing.elapsed_ms();
  });
  times["keyword"].push_back(keyword_ms);
  if (!embedding) co_return;
  times["vector"].push_back(vector_ms);
  times["fuse"].push_back(fuse_ms);
}

asio::awaitable<void> Evaluation::rerank(Question& question, const EvalPassages& passages, std::size_t depth,
                                         EvalTimes& times, Cancellation cancellation) {
  Reranker& reranker = this->reranker();
  question.reranked = question.fused;
  const std::size_t count = std::min(depth, question.fused.size());
  std::vector<EvalCache::Key> keys;
  std::vector<std::size_t> missing;
  std::vector<std::string_view> asked;
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<std::string_view, 2> pair{question.text,
                                               passages.read[static_cast<std::size_t>(question.fused[i].value)]};
    keys.push_back(EvalCache::key_of(pair));
    if (!logits_->find(keys.back()).empty()) continue;
    missing.push_back(i);
    asked.push_back(pair[1]);
  }
  if (!missing.empty()) {
    const Stopwatch watch;
    answer::RerankWork work(reranker, compute_, question.text, std::move(asked));
    co_await work.run(cancellation);
    if (missing.size() == count) times["rerank"].push_back(watch.elapsed_ms());
    for (std::size_t i = 0; i < missing.size(); ++i) logits_->put(keys[missing[i]], {&work.logits()[i].value(), 1});
  }
  std::vector<std::pair<float, ChunkId>> order;
  for (std::size_t i = 0; i < count; ++i) order.emplace_back(logits_->find(keys[i]).front(), question.fused[i]);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < count; ++i) question.reranked[i] = order[i].second;
}

asio::awaitable<EvalRun> Evaluation::run(const EvalSet& set, const EvalOptions& options, Cancellation cancellation) {
  EvalRun run;
  EvalPassages passages = cut_passages(set, options.passages, chunker_options(config_), embedded_context(config_));
  run.passages = passages.text.size();
  const bool by_meaning = needs_vectors(options.stages);
  const bool reranks = holds(options.stages, EvalStage::kRerank);
  if (reranks) run.depth = options.depth > 0 ? options.depth : config_.candidates;
  std::vector<Embedding> embeddings(run.passages, Embedding{1.0F});
  if (by_meaning) embeddings = co_await embed(passages.embedded, cancellation);
  const auto index = make_index(config_, embeddings.front().size());
  for (IndexedDocument& document : passages.documents) {
    for (IndexedChunk& chunk : document.chunks) {
      chunk.embedding = std::move(embeddings[static_cast<std::size_t>(chunk.chunk.value)]);
    }
  }
  co_await compute_.run(Lane::kBackground, cancellation, [&] { index->add(passages.documents); });
  passages.documents.clear();
  for (const EvalStage stage : options.stages) run.rows.push_back({stage, {}});
  for (std::size_t i = 0; i < set.queries.size(); ++i) {
    const EvalQuery& query = set.queries[i];
    report("questions", i, set.queries.size());
    Question question{query.text, index->snapshot(), by_meaning};
    co_await search(question, run.times, cancellation);
    if (reranks) co_await rerank(question, passages, run.depth, run.times, cancellation);
    for (EvalRow& row : run.rows) {
      const auto ranking = question.ranking(row.stage, set, passages, query.by_document);
      for (const Metric metric : kMetrics) row.scores[metric].push_back(score(metric, ranking, query.gains));
    }
    if (reranks && i % kQuestionsBetweenSaves == 0) logits_->save();
  }
  if (by_meaning) {
    run.embedder = embedder_->name();
    embeddings_->save();
  }
  if (reranks) {
    run.reranker = reranker_->name();
    logits_->save();
  }
  co_return run;
}

}  // namespace jackdaw::server
