#include "answer/retriever.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "answer/fusion.h"
#include "answer/prompt_passages.h"
#include "answer/rerank_work.h"
#include "answer/run_all.h"
#include "core/error.h"
#include "core/text.h"

namespace jackdaw::answer {

namespace asio = boost::asio;

// What one retrieval has found so far.
struct Retriever::Search {
  RetrievalRequest request;
  Cancellation cancellation;
  SearchSpace space;
  std::shared_ptr<const IndexSnapshot> snapshot;  // of its index
  SearchFilter filter;                            // request.filter, as the indexes know it
  Embedding question;                             // by its embedder; empty: not made yet
  Ranking keyword;
  Ranking vector;
  Retrieved found;  // first every candidate in fused order, in the end what is returned
};

namespace {

constexpr int kMaxSearchesAgain = 3;
constexpr std::size_t kMostRememberedLogits = 1'000;  // of one question
constexpr std::chrono::milliseconds kPublicationTime{2};

bool is_blank(std::string_view utf8) {
  const auto decoded = text::decode(utf8);
  return std::all_of(decoded.begin(), decoded.end(), [](const auto& c) { return text::is_white_space(c.value); });
}

float sigmoid(float logit) {
  return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logit))));
}

asio::awaitable<void> begin(const OnStage& on_stage, AnswerStage stage) {
  if (on_stage) co_await on_stage(stage);
}

// Best logit first; equal ones stay in fused order, and so do those without one, behind the others.
void order_by_logit(std::vector<RetrievedPassage>& passages, const std::unordered_map<ChunkId, float>& logits) {
  for (RetrievedPassage& found : passages) {
    const auto logit = logits.find(found.passage.chunk);
    if (logit == logits.end()) continue;
    found.reasons.rerank = logit->second;
    found.score = sigmoid(logit->second);
    found.score_kind = ScoreKind::kRerank;
  }
  std::stable_sort(passages.begin(), passages.end(), [](const auto& a, const auto& b) {
    if (!a.reasons.rerank || !b.reasons.rerank) return a.reasons.rerank.has_value() && !b.reasons.rerank.has_value();
    return *a.reasons.rerank > *b.reasons.rerank;
  });
}

// The places of duplicates go to the next ones of the same score kind.
std::vector<RetrievedPassage> without_duplicates(std::vector<RetrievedPassage> passages, std::size_t top_k) {
  const bool reranked = !passages.empty() && passages.front().reasons.rerank.has_value();
  if (reranked) std::erase_if(passages, [](const RetrievedPassage& found) { return !found.reasons.rerank; });
  const PromptPassagesOptions options{.top_k = top_k, .merge_neighbours = false};
  std::vector<RetrievedPassage> out;
  for (PromptPassage& chosen : choose_passages(std::move(passages), options)) out.push_back(std::move(chosen.passage));
  return out;
}

}  // namespace

void check_request(const RetrievalRequest& request) {
  if (!text::is_valid_utf8(request.question)) {
    throw Error(ErrorCode::kInvalidArgument, "The question is not valid UTF-8.").with_field("question");
  }
  const std::size_t length = text::count_code_points(request.question);
  if (length > kMaxQuestionCharacters) {
    throw Error(ErrorCode::kTooLarge, "The question has " + std::to_string(length) + " characters. Ask with at most " +
                                          std::to_string(kMaxQuestionCharacters) + ".")
        .with_field("question");
  }
  if (is_blank(request.question)) {
    throw Error(ErrorCode::kEmptyQuestion, "The question is empty. Write one.").with_field("question");
  }
  if (request.top_k < 1 || request.top_k > kMaxTopK) {
    throw Error(ErrorCode::kInvalidArgument,
                "top_k is " + std::to_string(request.top_k) + ". Use 1 to " + std::to_string(kMaxTopK) + ".")
        .with_field("top_k");
  }
}

Retriever::Retriever(SearchSpaceInUse& space, Reranker& reranker, DocumentStore& store, Compute& compute,
                     Compute& storage, RetrieverOptions options)
    : space_(space),
      reranker_(reranker),
      store_(store),
      compute_(compute),
      storage_(storage),
      options_(options),
      remembered_(options.remembered_questions) {}

void Retriever::require_documents() const {
  if (space_.get().index->snapshot()->documents > 0) return;
  throw Error(ErrorCode::kNotReady, "There is no document to answer from yet. Upload one first, then ask again.");
}

asio::awaitable<Retrieved> Retriever::retrieve(RetrievalRequest request, Cancellation cancellation, OnStage on_stage) {
  check_request(request);
  Search search;
  search.request = std::move(request);
  search.cancellation = cancellation;
  search.found.index_version = space_.get().index->snapshot()->version;

  co_await begin(on_stage, AnswerStage::kSearching);
  const bool anything_to_search = co_await apply_filter(search);
  if (anything_to_search) co_await find_candidates(search);
  if (!search.request.rerank) {
    search.found.rerank_skipped = RerankSkipped::kOff;
  } else if (!search.found.passages.empty()) {
    co_await begin(on_stage, AnswerStage::kReranking);
    const bool reranked = co_await rerank(search);
    if (!reranked) search.found.rerank_skipped = RerankSkipped::kDeadline;
  }
  auto& passages = search.found.passages;
  if (search.request.drop_duplicates) passages = without_duplicates(std::move(passages), search.request.top_k);
  passages.resize(std::min(passages.size(), search.request.top_k));
  passages.shrink_to_fit();  // they are kept for as long as the answer is written
  // On the pool: a vector may have to come from the disk.
  if (!passages.empty() && search.found.rerank_skipped != RerankSkipped::kNo) {
    co_await compute_.run(Lane::kInteractive, search.cancellation, [&] { score_by_cosine(search); });
  }
  co_return std::move(search.found);
}

asio::awaitable<bool> Retriever::apply_filter(Search& search) {
  const DocumentFilter& wanted = search.request.filter;
  if (wanted.is_empty()) co_return true;
  search.filter.documents =
      co_await storage_.run(Lane::kInteractive, search.cancellation, [&] { return store_.matching(wanted); });
  co_return !search.filter.documents.empty();
}

// A document that is replaced or deleted between the search and the reading of its passages takes their places with
// it: then the newest snapshot is searched. It may come a moment after the store's change.
asio::awaitable<void> Retriever::find_candidates(Search& search) {
  for (int attempt = 0;; ++attempt) {
    take_snapshot(search);
    search.found.index_version = search.snapshot->version;
    search.found.passages.clear();
    co_await search_both(search);
    const bool all_exist = co_await load_candidates(search);
    if (all_exist || attempt == kMaxSearchesAgain) co_return;
    if (search.space.index->snapshot()->version != search.snapshot->version) continue;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer moment(executor, kPublicationTime);
    co_await moment.async_wait(asio::use_awaitable);
  }
}

void Retriever::take_snapshot(Search& search) {
  SearchSpace space = space_.get();
  if (space.embedder != search.space.embedder) search.question.clear();
  search.space = std::move(space);
  search.snapshot = search.space.index->snapshot();
}

asio::awaitable<void> Retriever::search_both(Search& search) {
  std::vector<asio::awaitable<void>> searches;
  searches.push_back(search_by_meaning(search));
  searches.push_back(search_by_words(search));
  co_await run_all(std::move(searches));
}

asio::awaitable<void> Retriever::search_by_meaning(Search& search) {
  const std::size_t limit = std::max(options_.candidates, search.request.top_k);
  AnswerTimings& timings = search.found.timings;
  if (search.question.empty()) {
    const Remembered* const before = remembered_.find(search.request.question);
    if (before != nullptr && before->embedder == search.space.embedder->name()) search.question = before->embedding;
  }
  const bool is_new = search.question.empty();
  co_await compute_.run(Lane::kInteractive, search.cancellation, [&] {
    const Stopwatch watch;
    const std::string_view question = search.request.question;
    if (search.question.empty()) {
      search.question = std::move(search.space.embedder->embed({&question, 1}, search.cancellation).front());
      timings.embed_ms = watch.elapsed_ms();
    }
    const Stopwatch searching;
    search.vector = search.snapshot->vector->search(search.question, limit, search.filter);
    timings.vector_ms = searching.elapsed_ms();
  });
  if (is_new) remembered_.keep(search.request.question, remember(search, {}));
}

asio::awaitable<void> Retriever::search_by_words(Search& search) {
  const std::size_t limit = std::max(options_.candidates, search.request.top_k);
  co_await compute_.run(Lane::kInteractive, search.cancellation, [&] {
    const Stopwatch watch;
    search.keyword = search.snapshot->keyword->search(search.request.question, limit, search.filter);
    search.found.timings.keyword_ms = watch.elapsed_ms();
  });
}

asio::awaitable<bool> Retriever::load_candidates(Search& search) {
  const Stopwatch watch;
  auto fused = fuse_by(options_.fusion, search.keyword, search.vector);
  const std::size_t most =
      search.request.rerank ? std::max(options_.rerank_candidates, search.request.top_k) : search.request.top_k;
  fused.resize(std::min(fused.size(), most));
  std::vector<ChunkId> ids;
  std::unordered_map<ChunkId, const Reasons*> reasons;
  for (const FusedChunk& chunk : fused) {
    ids.push_back(chunk.chunk);
    reasons.emplace(chunk.chunk, &chunk.reasons);
  }
  auto passages = co_await storage_.run(Lane::kInteractive, search.cancellation, [&] { return store_.passages(ids); });
  search.found.passages.reserve(passages.size());
  for (Passage& passage : passages) {
    RetrievedPassage retrieved;
    retrieved.reasons = *reasons.at(passage.chunk);
    retrieved.passage = std::move(passage);
    search.found.passages.push_back(std::move(retrieved));
  }
  search.found.timings.fuse_ms = watch.elapsed_ms();
  co_return search.found.passages.size() == ids.size();
}

Retriever::Remembered Retriever::remember(const Search& search, Logits logits) {
  return {.embedding = search.question,
          .embedder = search.space.embedder->name(),
          .index_version = search.snapshot->version,
          .logits = std::move(logits)};
}

Retriever::Logits Retriever::known_logits(const Search& search) {
  const Remembered* const before = remembered_.find(search.request.question);
  if (before == nullptr || before->index_version != search.snapshot->version) return {};
  return before->logits;
}

asio::awaitable<std::size_t> Retriever::count_affordable(Search& search) {
  const auto& candidates = search.found.passages;
  const double seconds = std::chrono::duration<double>(options_.rerank_budget).count();
  const double budget = seconds * reranker_.tokens_per_second() * static_cast<double>(compute_.threads());
  if (budget <= 0) co_return candidates.size();
  co_return co_await compute_.run(Lane::kInteractive, search.cancellation, [&] {
    double spent = 0;
    std::size_t count = 0;
    for (; count < candidates.size(); ++count) {
      spent += static_cast<double>(reranker_.tokens(search.request.question, candidates[count].passage.text));
      if (spent > budget && count >= search.request.top_k) break;
    }
    return count;
  });
}

asio::awaitable<bool> Retriever::score(Search& search, std::span<const RetrievedPassage> candidates, Logits& logits) {
  const bool hurry = options_.rerank_deadline.count() > 0;
  const Cancellation in_time =
      hurry ? search.cancellation.child(SteadyClock::now() + options_.rerank_deadline) : search.cancellation;
  std::vector<const Passage*> unscored;
  std::vector<std::string_view> texts;
  for (const RetrievedPassage& candidate : candidates) {
    if (logits.contains(candidate.passage.chunk)) continue;
    unscored.push_back(&candidate.passage);
    texts.emplace_back(candidate.passage.text);
  }
  RerankWork work(reranker_, compute_, search.request.question, std::move(texts));
  bool all_scored = true;
  try {
    co_await work.run(in_time);
  } catch (const Error& error) {
    search.cancellation.throw_if_requested();
    if (error.code() != ErrorCode::kDeadlineExceeded) throw;
    all_scored = false;
  }
  for (std::size_t i = 0; i < unscored.size(); ++i) {
    if (work.logits()[i]) logits.emplace(unscored[i]->chunk, *work.logits()[i]);
  }
  co_return all_scored;
}

// What the deadline leaves unfinished is remembered too: asked again, the question gets further.
asio::awaitable<bool> Retriever::rerank(Search& search) {
  const Stopwatch watch;
  const std::size_t count = co_await count_affordable(search);
  const auto candidates = std::span<const RetrievedPassage>(search.found.passages).first(count);
  Logits known = known_logits(search);
  const bool all_scored = co_await score(search, candidates, known);
  search.found.timings.rerank_ms = watch.elapsed_ms();
  Logits logits;
  for (const RetrievedPassage& candidate : candidates) {
    const auto logit = known.find(candidate.passage.chunk);
    if (logit != known.end()) logits.insert(*logit);
  }
  if (all_scored) order_by_logit(search.found.passages, logits);
  if (known.size() > kMostRememberedLogits) known = std::move(logits);
  remembered_.keep(search.request.question, remember(search, std::move(known)));
  co_return all_scored;
}

void Retriever::score_by_cosine(Search& search) const {
  for (RetrievedPassage& found : search.found.passages) {
    found.score_kind = ScoreKind::kCosine;
    found.score = found.reasons.vector ? found.reasons.vector->score
                                       : search.snapshot->vector->similarity(search.question, found.passage.chunk);
  }
}

}  // namespace jackdaw::answer
