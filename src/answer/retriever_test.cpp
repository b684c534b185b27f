#include "answer/retriever.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <thread>

#include "core/error.h"
#include "tests/support/await.h"
#include "tests/support/brute_index.h"
#include "tests/support/memory_store.h"
#include "tests/support/reranker_by_words.h"
#include "tests/support/word_embedder.h"

namespace jackdaw::answer {
namespace {

using testing::await;

class RetrieverTest : public ::testing::Test {
 protected:
  DocumentId add(const std::string& name, const std::vector<std::string>& texts) {
    const IndexedDocument added = testing::add(store_, embedder_, name, texts);
    index_.add({&added, 1});
    return added.document;
  }
  Retriever retriever() { return {space_, reranker_, store_, compute_, storage_, options_}; }
  Retrieved retrieve(const std::string& question, std::size_t top_k = 3, bool rerank = true, DocumentFilter filter = {},
                     const Cancellation& cancellation = {}) {
    Retriever made = retriever();
    const auto on_stage = [this](AnswerStage stage) { return note(stage); };
    return await(io_, made.retrieve({question, top_k, rerank, std::move(filter)}, cancellation, on_stage));
  }
  boost::asio::awaitable<void> note(AnswerStage stage) {
    stages_.push_back(stage);
    co_return;
  }
  ErrorCode failure(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
  }

  boost::asio::io_context io_;
  testing::WordEmbedder embedder_;
  testing::WordEmbedder fresh_embedder_;
  testing::RerankerByWords reranker_;
  testing::MemoryStore store_;
  testing::BruteIndex index_;
  SearchSpaceInUse space_{embedder_, index_};
  RetrieverOptions options_{.rerank_deadline = std::chrono::milliseconds(0)};
  std::vector<AnswerStage> stages_;
  Compute compute_{{.name = "compute", .threads = 2}};
  Compute storage_{{.name = "storage", .threads = 1}};
};

TEST_F(RetrieverTest, ReturnsTheBestPassagesByTheReranker) {
  add("a.pdf", {"magpies eat insects", "herons eat fish", "the price of a magpie"});
  const Retrieved found = retrieve("what do herons eat", 2);
  ASSERT_EQ(found.passages.size(), 2U);
  EXPECT_EQ(found.passages[0].passage.text, "herons eat fish");
  EXPECT_EQ(found.passages[0].score_kind, ScoreKind::kRerank);
  EXPECT_EQ(found.passages[0].reasons.rerank, 2.0F);
  EXPECT_NEAR(found.passages[0].score, 1 / (1 + std::exp(-2.0)), 1e-6);
  EXPECT_TRUE(found.passages[0].reasons.keyword && found.passages[0].reasons.vector);
  EXPECT_EQ(found.rerank_skipped, RerankSkipped::kNo);
  EXPECT_EQ(found.index_version, 1U);
  EXPECT_EQ(stages_, (std::vector{AnswerStage::kSearching, AnswerStage::kReranking}));
}

TEST_F(RetrieverTest, ScoresByCosineWhenTheRerankIsOff) {
  add("a.pdf", {"magpies eat insects", "herons eat fish"});
  const Retrieved found = retrieve("herons eat fish", 2, false);
  ASSERT_EQ(found.passages.size(), 2U);
  EXPECT_EQ(found.rerank_skipped, RerankSkipped::kOff);
  EXPECT_NEAR(found.passages[0].score, 1, 1e-4);
  for (const auto& passage : found.passages) EXPECT_EQ(passage.score_kind, ScoreKind::kCosine);
  EXPECT_EQ(reranker_.calls, 0);
  EXPECT_FALSE(found.timings.rerank_ms);
}

TEST_F(RetrieverTest, KnowsTheCosineOfWhatOnlyTheKeywordSearchFound) {
  std::vector<std::string> texts(4, "alpha beta");
  texts.push_back("alpha and eleven other words that make this passage long beyond the rest of them");
  add("a.pdf", texts);
  options_.candidates = 5;
  const Retrieved all = retrieve("alpha", 5, false);
  options_.candidates = 1;
  const Retrieved few = retrieve("alpha", 1, false);
  ASSERT_EQ(all.passages.size(), 5U);
  ASSERT_EQ(few.passages.size(), 1U);
  EXPECT_GT(few.passages[0].score, 0.5);
  EXPECT_LT(all.passages[4].score, all.passages[0].score);
}

TEST_F(RetrieverTest, RerankesInSmallBatchesAsManyAsItMayOrTopK) {
  std::vector<std::string> texts;
  for (int i = 0; i < 60; ++i) texts.push_back("bird number " + std::to_string(i));
  add("a.pdf", texts);
  options_.rerank_candidates = 20;
  retrieve("bird", 3);
  EXPECT_EQ(reranker_.calls, 5);
  EXPECT_EQ(reranker_.largest_batch, 4);
  reranker_.calls = 0;
  EXPECT_EQ(retrieve("bird", 30).passages.size(), 30U);
  EXPECT_EQ(reranker_.calls, 8);
}

TEST_F(RetrieverTest, RerankesWhatFitsIntoTheBudgetButNeverLessThanItReturns) {
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back("bird number " + std::to_string(i));
  add("a.pdf", texts);
  std::atomic<int> scored = 0;
  reranker_.logit = [&](std::string_view, std::string_view) { return static_cast<float>(++scored); };
  options_.rerank_budget = std::chrono::milliseconds(100);
  // Ten passages of three words, on all threads together.
  reranker_.words_per_second = 300.0 / static_cast<double>(compute_.threads());
  const Retrieved found = retrieve("bird", 3);
  EXPECT_EQ(scored, 10);
  for (const RetrievedPassage& passage : found.passages) EXPECT_TRUE(passage.reasons.rerank);
  EXPECT_EQ(found.rerank_skipped, RerankSkipped::kNo);
  scored = 0;
  const Retrieved many = retrieve("bird", 15);
  EXPECT_EQ(scored, 15);
  EXPECT_TRUE(many.passages.back().reasons.rerank);
  scored = 0;
  options_.rerank_budget = std::chrono::milliseconds(0);
  retrieve("bird", 3);
  EXPECT_EQ(scored, 40);
}

TEST_F(RetrieverTest, TheSameQuestionGetsTheSameWorkAndOrderHoweverOftenItIsAsked) {
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back("bird number " + std::to_string(i));
  add("a.pdf", texts);
  // Later ones are better, so that each one more that is scored would come first.
  reranker_.logit = [](std::string_view, std::string_view passage) {
    return static_cast<float>(std::stoi(std::string(passage.substr(passage.rfind(' ')))));
  };
  options_.rerank_budget = std::chrono::milliseconds(100);
  reranker_.words_per_second = 300.0 / static_cast<double>(compute_.threads());
  Retriever made = retriever();
  const auto ask = [&](std::size_t top_k) {
    const Cancellation cancellation;
    std::vector<ChunkId> chunks;
    for (const auto& found : await(io_, made.retrieve({"bird", top_k, true, {}}, cancellation, {})).passages) {
      chunks.push_back(found.passage.chunk);
    }
    return chunks;
  };
  const auto first = ask(3);
  EXPECT_EQ(ask(3), first);
  ask(20);  // scores more
  EXPECT_EQ(ask(3), first);
}

TEST_F(RetrieverTest, WhatWasScoredBeforeTheDeadlineIsNotScoredAgain) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) texts.push_back("bird number " + std::to_string(i));
  add("a.pdf", texts);
  std::atomic<int> batches = 0;
  std::atomic<int> scored = 0;
  reranker_.logit = [&](std::string_view, std::string_view) { return static_cast<float>(++scored); };
  // Of five batches two are on their way at once: when the third begins, one at least is done.
  reranker_.before_batch = [&] {
    if (++batches == 3) throw Error(ErrorCode::kDeadlineExceeded, "It took too long.");
  };
  Retriever made = retriever();
  const auto ask = [&] {
    const Cancellation cancellation;
    return await(io_, made.retrieve({"bird", 3, true, {}}, cancellation, {}));
  };
  EXPECT_EQ(ask().rerank_skipped, RerankSkipped::kDeadline);
  scored = 0;
  EXPECT_EQ(ask().rerank_skipped, RerankSkipped::kNo);
  EXPECT_LE(scored, 16);
}

TEST_F(RetrieverTest, AQuestionIsEmbeddedAnewInAnotherSpace) {
  add("a.pdf", {"bird one", "frog two"});
  Retriever made = retriever();
  const auto ask = [&] {
    const Cancellation cancellation;
    return await(io_, made.retrieve({"bird", 1, true, {}}, cancellation, {}));
  };
  EXPECT_TRUE(ask().timings.embed_ms);
  EXPECT_FALSE(ask().timings.embed_ms);
  testing::WordEmbedder other("others");
  space_.switch_to({.embedder = {std::shared_ptr<void>(), &other}, .index = {std::shared_ptr<void>(), &index_}});
  EXPECT_TRUE(ask().timings.embed_ms);
  EXPECT_EQ(other.texts_embedded, 1);
  EXPECT_EQ(ask().passages.front().passage.text, "bird one");
}

TEST_F(RetrieverTest, GivesThePlacesOfDuplicatesToOthersWhenItIsAskedTo) {
  add("a.pdf", {"the blue bird sings every morning in the old tree", "a bird of another kind sleeps"});
  add("b.pdf", {"The blue bird sings every morning in the old tree."});
  Retriever made = retriever();
  RetrievalRequest request{"the blue bird sings", 2, true, {}};
  const Cancellation cancellation;
  const Retrieved all = await(io_, made.retrieve(request, cancellation, {}));
  EXPECT_EQ(all.passages[1].passage.text, "The blue bird sings every morning in the old tree.");
  request.drop_duplicates = true;
  const Retrieved distinct = await(io_, made.retrieve(request, cancellation, {}));
  ASSERT_EQ(distinct.passages.size(), 2U);
  EXPECT_EQ(distinct.passages[1].passage.text, "a bird of another kind sleeps");
  EXPECT_EQ(distinct.passages[1].score_kind, ScoreKind::kRerank);
}

TEST_F(RetrieverTest, RemembersAQuestionUntilTheIndexChanges) {
  add("a.pdf", {"bird one", "bird two", "bird three"});
  Retriever made = retriever();
  const auto ask = [&](std::size_t top_k) {
    const Cancellation cancellation;
    return await(io_, made.retrieve({"bird", top_k, true, {}}, cancellation, {}));
  };
  const Retrieved first = ask(2);
  EXPECT_TRUE(first.timings.embed_ms);
  reranker_.calls = 0;
  const Retrieved again = ask(2);
  EXPECT_EQ(reranker_.calls, 0);
  EXPECT_FALSE(again.timings.embed_ms);
  ASSERT_EQ(again.passages.size(), 2U);
  EXPECT_EQ(again.passages[0].passage.chunk, first.passages[0].passage.chunk);
  EXPECT_EQ(again.passages[0].score, first.passages[0].score);
  EXPECT_EQ(again.passages[0].score_kind, ScoreKind::kRerank);
  add("b.pdf", {"bird four"});
  ask(4);
  EXPECT_GT(reranker_.calls, 0);
}

TEST_F(RetrieverTest, KeepsTheFusedOrderWhenTheDeadlinePasses) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) texts.push_back("bird number " + std::to_string(i));
  add("a.pdf", texts);
  const Retrieved unranked = retrieve("bird number 7", 5, false);
  options_.rerank_deadline = std::chrono::milliseconds(15);
  reranker_.before_batch = [] { std::this_thread::sleep_for(std::chrono::milliseconds(10)); };
  const Retrieved late = retrieve("bird number 7", 5);
  EXPECT_EQ(late.rerank_skipped, RerankSkipped::kDeadline);
  ASSERT_EQ(late.passages.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(late.passages[i].passage.chunk, unranked.passages[i].passage.chunk);
    EXPECT_EQ(late.passages[i].score, unranked.passages[i].score);
    EXPECT_EQ(late.passages[i].score_kind, ScoreKind::kCosine);
    EXPECT_FALSE(late.passages[i].reasons.rerank);
  }
  EXPECT_LT(reranker_.calls, 5);
  EXPECT_GE(*late.timings.rerank_ms, 10);
}

TEST_F(RetrieverTest, StopsAtTheNextMicroBatchWhenCancelled) {
  std::vector<std::string> texts(20, "bird");
  add("a.pdf", texts);
  const Cancellation cancellation;
  reranker_.before_batch = [&] { cancellation.cancel(CancelReason::kClient); };
  EXPECT_EQ(failure([&] { retrieve("bird", 3, true, {}, cancellation); }), ErrorCode::kCancelled);
  EXPECT_LE(reranker_.calls, 2);
}

TEST_F(RetrieverTest, TellsItsOwnDeadlineFromTheRequests) {
  add("a.pdf", {"bird"});
  options_.rerank_deadline = std::chrono::milliseconds(5000);
  const Cancellation late = Cancellation().child(SteadyClock::now() + std::chrono::milliseconds(20));
  reranker_.before_batch = [] { std::this_thread::sleep_for(std::chrono::milliseconds(40)); };
  EXPECT_EQ(failure([&] { retrieve("bird", 3, true, {}, late); }), ErrorCode::kDeadlineExceeded);
}

TEST_F(RetrieverTest, PassesOnWhatTheRerankerThrows) {
  add("a.pdf", std::vector<std::string>(20, "bird"));
  reranker_.before_batch = [] { throw Error(ErrorCode::kUnavailable, "The model is gone."); };
  EXPECT_EQ(failure([&] { retrieve("bird"); }), ErrorCode::kUnavailable);
}

TEST_F(RetrieverTest, SearchesOnlyWhatTheFilterLetsThrough) {
  const DocumentId blue = add("a.pdf", {"herons eat fish"});
  add("b.pdf", {"herons eat frogs"});
  store_.edit(blue, {.title = {}, .tags = std::vector<std::string>{"blue"}});
  const Retrieved found = retrieve("what do herons eat", 3, true, {.tags = {"blue", "green"}});
  ASSERT_EQ(found.passages.size(), 1U);
  EXPECT_EQ(found.passages[0].passage.document, blue);
  EXPECT_TRUE(retrieve("what do herons eat", 3, true, {.tags = {"red"}}).passages.empty());
  EXPECT_TRUE(retrieve("what do herons eat", 3, true, {.documents = {blue}, .tags = {"red"}}).passages.empty());
}

TEST_F(RetrieverTest, SearchesAgainWhenADocumentWasReplacedMeanwhile) {
  const DocumentId old = add("a.pdf", {"herons eat fish"});
  add("b.pdf", {"magpies eat insects"});
  std::atomic<bool> replaced = false;
  embedder_.before_each = [&](std::string_view) {
    // The store has the new version; the index follows when the first search is over.
    if (replaced) return;
    replaced = true;
    store_.remove(old);
  };
  std::jthread index_follows([&] {
    while (!replaced) std::this_thread::yield();
    const IndexedDocument added = testing::add(store_, fresh_embedder_, "a.pdf, again", {"herons eat frogs"});
    index_.remove(old);
    index_.add({&added, 1});
  });
  const Retrieved found = retrieve("what do herons eat", 1);
  index_follows.join();
  ASSERT_EQ(found.passages.size(), 1U);
  EXPECT_NE(found.passages[0].passage.document, old);
}

TEST_F(RetrieverTest, LeavesOutPassagesThatAreDeletedMeanwhile) {
  add("a.pdf", {"one bird"});
  const DocumentId gone = add("b.pdf", {"two bird", "three bird"});
  store_.remove(gone);  // as between the search and the loading
  const Retrieved found = retrieve("bird");
  ASSERT_EQ(found.passages.size(), 1U);
  EXPECT_EQ(found.passages[0].passage.filename, "a.pdf");
}

TEST_F(RetrieverTest, SearchesOnlyTheDocumentsAskedFor) {
  add("a.pdf", {"one bird"});
  const DocumentId second = add("b.pdf", {"two bird"});
  const Retrieved found = retrieve("bird", 3, true, {{second}});
  ASSERT_EQ(found.passages.size(), 1U);
  EXPECT_EQ(found.passages[0].passage.document, second);
}

TEST_F(RetrieverTest, ReturnsNothingFromAnEmptyIndex) {
  EXPECT_TRUE(retrieve("bird").passages.empty());
  EXPECT_EQ(failure([&] { retriever().require_documents(); }), ErrorCode::kNotReady);
  add("a.pdf", {"one bird"});
  retriever().require_documents();
}

TEST_F(RetrieverTest, SaysHowLongEachStepTook) {
  add("a.pdf", {"one bird"});
  const AnswerTimings timings = retrieve("bird").timings;
  EXPECT_TRUE(timings.embed_ms && timings.keyword_ms && timings.vector_ms && timings.fuse_ms && timings.rerank_ms);
}

TEST_F(RetrieverTest, RefusesQuestionsThatItCannotAsk) {
  EXPECT_EQ(failure([&] { retrieve(""); }), ErrorCode::kEmptyQuestion);
  EXPECT_EQ(failure([&] { retrieve(" \n\u3000"); }), ErrorCode::kEmptyQuestion);
  EXPECT_EQ(failure([&] { retrieve(std::string(8001, 'x')); }), ErrorCode::kTooLarge);
  EXPECT_EQ(failure([&] { retrieve("\xff"); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(failure([&] { retrieve("x", 0); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(failure([&] { retrieve("x", 51); }), ErrorCode::kInvalidArgument);
  check_request({std::string(8000, 'x'), 50, true, {}});
}

}  // namespace
}  // namespace jackdaw::answer
