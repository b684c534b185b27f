#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "answer/fusion.h"
#include "answer/recent.h"
#include "core/answer_event.h"
#include "core/cancellation.h"
#include "core/compute.h"
#include "core/document_store.h"
#include "core/ranking.h"
#include "core/reranker.h"
#include "core/search_space.h"

namespace jackdaw::answer {

inline constexpr std::size_t kMaxTopK = 50;
inline constexpr std::size_t kMaxQuestionCharacters = 8000;  // code points

struct RetrieverOptions {
  std::size_t candidates = 50;         // of each search, 1..1,000; at least top_k are always asked for
  Fusion fusion = Fusion::kRanks;      // how the two searches become one order
  std::size_t rerank_candidates = 50;  // the best this many of the fused order may be reranked, or top_k
  // What reranking one question may take of an idle machine, turned into tokens by the reranker's measured speed; in
  // fused order as many candidates are reranked as fit, at least top_k. The same question thus gets the same work
  // however busy the machine is. 0: all of them.
  std::chrono::milliseconds rerank_budget{150};
  std::chrono::milliseconds rerank_deadline{3000};  // then the fused order stands; 0: as long as it takes
  std::size_t remembered_questions = 128;           // whose embeddings and logits are kept in memory
};

struct RetrievalRequest {
  std::string question;
  std::size_t top_k = 3;  // 1..kMaxTopK
  bool rerank = true;
  DocumentFilter filter;
  bool drop_duplicates = false;  // passages that say what a better one says give their places to the next
};

struct Retrieved {
  std::vector<RetrievedPassage> passages;  // best first, at most top_k, all of one score kind
  RerankSkipped rerank_skipped = RerankSkipped::kNo;
  AnswerTimings timings;  // embed, keyword, vector, fuse, rerank
  std::uint64_t index_version = 0;
};

// Awaited as each stage begins; may be empty.
using OnStage = std::function<boost::asio::awaitable<void>(AnswerStage)>;

// Throws Error kEmptyQuestion for nothing but white space, kTooLarge, kInvalidArgument for text that is not UTF-8 or a
// top_k out of range.
void check_request(const RetrievalRequest& request);

// Finds the passages that may answer a question: both searches, fused, the best reranked. Its coroutines may run on any
// executor of one thread; the work is done on the pools. It keeps references to what it is given, and in memory the
// embeddings and logits of the questions that were asked last.
class Retriever {
 public:
  Retriever(SearchSpaceInUse& space, Reranker& reranker, DocumentStore& store, Compute& compute, Compute& storage,
            RetrieverOptions options);

  // Throws what check_request throws, what `cancellation` asks for, kOverloaded. Passages of documents that are deleted
  // or replaced meanwhile are left out, and others are searched in their place.
  boost::asio::awaitable<Retrieved> retrieve(RetrievalRequest request, Cancellation cancellation,
                                             OnStage on_stage = {});

  // Throws Error kNotReady when no document can be searched yet.
  void require_documents() const;

 private:
  struct Search;
  using Logits = std::unordered_map<ChunkId, float>;
  // What was computed for a question before.
  struct Remembered {
    Embedding embedding;
    std::string embedder;             // whose it is
    std::uint64_t index_version = 0;  // of the logits
    Logits logits;
  };
  boost::asio::awaitable<void> search_both(Search& search);
  boost::asio::awaitable<void> search_by_meaning(Search& search);
  boost::asio::awaitable<void> search_by_words(Search& search);
  boost::asio::awaitable<void> find_candidates(Search& search);
  // The best of the fused order that still exist; false when some do not.
  boost::asio::awaitable<bool> load_candidates(Search& search);
  // The documents that the filter lets through; false when there are none.
  boost::asio::awaitable<bool> apply_filter(Search& search);
  // False, in fused order, when the deadline passed before all candidates that fit into the budget had a score.
  boost::asio::awaitable<bool> rerank(Search& search);
  // How many of the candidates, from the best on, the budget is for. Remembered ones cost the same: the answer does not
  // depend on what was asked before.
  boost::asio::awaitable<std::size_t> count_affordable(Search& search);
  // Adds the logits that are missing; false when the deadline passed before all were there.
  boost::asio::awaitable<bool> score(Search& search, std::span<const RetrievedPassage> candidates, Logits& logits);
  // The newest; forgets the question's embedding where it is another embedder's.
  void take_snapshot(Search& search);
  static Remembered remember(const Search& search, Logits logits);
  // The logits of this question under this version of the index; empty at first.
  Logits known_logits(const Search& search);
  void score_by_cosine(Search& search) const;

  SearchSpaceInUse& space_;
  Reranker& reranker_;
  DocumentStore& store_;
  Compute& compute_;
  Compute& storage_;
  const RetrieverOptions options_;
  Recent<std::string, Remembered> remembered_;  // by question
};

}  // namespace jackdaw::answer
