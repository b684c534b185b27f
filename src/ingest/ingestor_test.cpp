#include "ingest/ingestor.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "core/error.h"
#include "tests/support/await.h"
#include "tests/support/brute_index.h"
#include "tests/support/memory_store.h"
#include "tests/support/word_embedder.h"

namespace jackdaw::ingest {
namespace {

using testing::await;

// Reads the pages that a test has laid down under a file's name.
class LaidDownPages : public TextExtractor {
 public:
  ExtractionSummary extract(const IncomingFile& file, const std::function<void(Page&&)>& on_page,
                            const Cancellation& cancellation) override {
    ++extractions;
    if (before) before();
    int number = 0;
    for (const std::string& text : pages.at(file.filename)) {
      cancellation.throw_if_requested();
      Page page;
      page.number = ++number;
      page.text = text;
      on_page(std::move(page));
    }
    return {"application/pdf", "A title", number};
  }
  std::map<std::string, std::vector<std::string>> pages;
  std::function<void()> before;
  std::atomic<int> extractions{0};
};

class IngestorTest : public ::testing::Test {
 protected:
  void TearDown() override { finish(); }

  // Merges run behind the caller's back and use the ingestor and its index: they end before those go.
  void finish() {
    io_.restart();
    io_.run();
  }
  static IncomingFile file(const std::string& name) { return {"/spool/" + name, name, 123, "sha256 of " + name}; }

  Ingestor& ingestor() {
    if (!ingestor_) {
      ingestor_.emplace(extractor_, embedder_, store_, index_, compute_, storage_, extraction_, options_);
    }
    return *ingestor_;
  }
  IngestResult ingest(const std::string& name, OnIngestProgress on_progress = {}, Cancellation cancellation = {}) {
    return await(io_, ingestor().ingest(file(name), std::move(on_progress), cancellation));
  }
  ErrorCode failure_of(const std::string& name, Cancellation cancellation = {}) {
    try {
      ingest(name, {}, cancellation);
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
  }

  boost::asio::io_context io_;
  LaidDownPages extractor_;
  testing::WordEmbedder embedder_;
  testing::MemoryStore store_;
  testing::BruteIndex index_;
  IngestorOptions options_;
  std::optional<Ingestor> ingestor_;
  std::string message_;
  Compute compute_{{.name = "compute", .threads = 2}};
  Compute storage_{{.name = "storage", .threads = 1}};
  Compute extraction_{{.name = "extract", .threads = 2}};
};

std::string sentences(int count, const std::string& topic) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "Sentence " + std::to_string(i) + " is about " + topic + ". ";
  return text;
}

TEST_F(IngestorTest, MakesAFileSearchable) {
  extractor_.pages["a.pdf"] = {sentences(40, "magpies"), "", sentences(3, "herons")};
  const IngestResult result = ingest("a.pdf");
  EXPECT_FALSE(result.already_known);
  EXPECT_EQ(result.document.pages, 3);
  EXPECT_EQ(result.document.title, "A title");
  EXPECT_TRUE(is_well_formed_id(result.document.id.value));
  const auto chunks = store_.chunks_of(result.document.id, 1000, "").passages;
  EXPECT_EQ(static_cast<std::int64_t>(chunks.size()), result.document.chunks);
  EXPECT_GT(chunks.size(), 3U);
  EXPECT_EQ(chunks.back().span.page, 3);
  const auto found = index_.snapshot()->keyword->search("herons", 10, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].chunk, chunks.back().chunk);
}

TEST_F(IngestorTest, GivesEveryChunkItsOwnEmbedding) {
  extractor_.pages["a.pdf"] = {sentences(200, "magpies"), "short", sentences(17, "herons")};
  const IngestResult result = ingest("a.pdf");
  const auto snapshot = index_.snapshot();
  for (const auto& passage : store_.chunks_of(result.document.id, 1000, "").passages) {
    const std::vector<std::string_view> text{passage.text};
    const Embedding expected = testing::WordEmbedder().embed(text, {}).front();
    EXPECT_NEAR(snapshot->vector->similarity(expected, passage.chunk), 1, 1e-5);
  }
}

TEST_F(IngestorTest, KnowsTheSameBytesAgain) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const IngestResult first = ingest("a.pdf");
  const IngestResult second = ingest("a.pdf");
  EXPECT_TRUE(second.already_known);
  EXPECT_EQ(second.document.id, first.document.id);
  EXPECT_EQ(extractor_.extractions, 1);
}

TEST_F(IngestorTest, ReadsTheSameBytesOnceWhenTheyComeTwiceAtOnce) {
  extractor_.pages["a.pdf"] = {"Some text."};
  std::atomic<int> extractions{0};
  extractor_.before = [&] { ++extractions; };
  auto& shared = ingestor();
  std::vector<IngestResult> results;
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(io_, shared.ingest(file("a.pdf"), {}, {}),
                          [&](std::exception_ptr failure, IngestResult result) {
                            ASSERT_FALSE(failure);
                            results.push_back(std::move(result));
                          });
  }
  io_.run();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].document.id, results[1].document.id);
  EXPECT_NE(results[0].already_known, results[1].already_known);
  EXPECT_EQ(extractions, 1);
  EXPECT_EQ(index_.snapshot()->documents, 1U);
}

TEST_F(IngestorTest, RefusesAFileWithoutTextAndNamesThePages) {
  extractor_.pages["scan.pdf"] = {"", " \n", ""};
  EXPECT_EQ(failure_of("scan.pdf"), ErrorCode::kNoText);
  EXPECT_NE(message_.find("pages 1 to 3"), std::string::npos) << message_;
  EXPECT_EQ(store_.count(), 0);
}

TEST_F(IngestorTest, ReportsProgressFromStageToStage) {
  extractor_.pages["a.pdf"] = {sentences(40, "magpies"), sentences(40, "herons")};
  std::vector<IngestProgress> seen;
  const IngestResult result = ingest("a.pdf", [&](const IngestProgress& progress) { seen.push_back(progress); });
  using Stage = IngestProgress::Stage;
  ASSERT_GE(seen.size(), 5U);
  EXPECT_EQ(seen.front().stage, Stage::kWaiting);
  EXPECT_EQ(seen[1].stage, Stage::kExtracting);
  EXPECT_EQ(seen[1].page, 1);
  EXPECT_EQ(seen[2].page, 2);
  EXPECT_EQ(seen.back().stage, Stage::kStoring);
  EXPECT_EQ(seen[seen.size() - 2].chunk, static_cast<std::size_t>(result.document.chunks));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.stage < b.stage; }));
}

TEST_F(IngestorTest, LeavesNothingBehindWhenCancelledWhileEmbedding) {
  extractor_.pages["a.pdf"] = {sentences(500, "magpies")};
  const Cancellation cancellation;
  embedder_.before_each = [&](std::string_view) {
    if (embedder_.texts_embedded == 3) cancellation.cancel(CancelReason::kClient);
  };
  EXPECT_EQ(failure_of("a.pdf", cancellation), ErrorCode::kCancelled);
  EXPECT_LT(embedder_.texts_embedded, 8);
  EXPECT_EQ(store_.count(), 0);
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
}

TEST_F(IngestorTest, PassesOnWhatTheEmbedderThrows) {
  extractor_.pages["a.pdf"] = {sentences(100, "magpies")};
  embedder_.before_each = [&](std::string_view) {
    if (embedder_.texts_embedded == 2) throw Error(ErrorCode::kUnavailable, "The model is gone.");
  };
  EXPECT_EQ(failure_of("a.pdf"), ErrorCode::kUnavailable);
}

TEST_F(IngestorTest, StoresNothingThatItCannotIndex) {
  extractor_.pages["a.pdf"] = {"Some text."};
  index_.on_add = [] { throw Error(ErrorCode::kInternal, "The index is broken."); };
  EXPECT_EQ(failure_of("a.pdf"), ErrorCode::kInternal);
  EXPECT_EQ(store_.count(), 0);
}

TEST_F(IngestorTest, DoesNotResurrectADocumentThatIsRemovedWhileItIsIndexed) {
  extractor_.pages["a.pdf"] = {"Some text."};
  index_.on_add = [&] { store_.remove(store_.list({}).documents.at(0).id); };
  ingest("a.pdf");
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
}

TEST_F(IngestorTest, RefusesAtOnceWhenTooManyWait) {
  options_.max_concurrent = 1;
  options_.max_waiting = 1;
  for (const char* name : {"a.pdf", "b.pdf", "c.pdf"}) extractor_.pages[name] = {"Some text."};
  std::promise<void> go;
  extractor_.before = [gate = go.get_future().share()] { gate.wait(); };
  auto& shared = ingestor();
  int ready = 0;
  int overloaded = 0;
  for (const char* name : {"a.pdf", "b.pdf", "c.pdf"}) {
    boost::asio::co_spawn(io_, shared.ingest(file(name), {}, {}), [&](std::exception_ptr failure, IngestResult) {
      if (!failure) {
        ++ready;
        return;
      }
      try {
        std::rethrow_exception(failure);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kOverloaded);
        EXPECT_TRUE(error.retry_after().has_value());
        ++overloaded;
        go.set_value();
      }
    });
  }
  io_.run();
  EXPECT_EQ(ready, 2);
  EXPECT_EQ(overloaded, 1);
}

TEST_F(IngestorTest, StopsWaitingWhenCancelledOrLate) {
  options_.max_concurrent = 1;
  for (const char* name : {"a.pdf", "b.pdf", "c.pdf"}) extractor_.pages[name] = {"Some text."};
  std::promise<void> go;
  extractor_.before = [gate = go.get_future().share()] { gate.wait(); };
  auto& shared = ingestor();
  const Cancellation cancelled;
  const Cancellation late = Cancellation().child(SteadyClock::now() + std::chrono::milliseconds(30));
  std::vector<std::string> failures;
  const auto note = [&](std::exception_ptr failure, IngestResult) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      failures.emplace_back(to_string(error.code()));
      if (failures.size() == 2) go.set_value();
    }
  };
  boost::asio::co_spawn(io_, shared.ingest(file("a.pdf"), {}, {}), note);
  boost::asio::co_spawn(io_, shared.ingest(file("b.pdf"), {}, cancelled), note);
  boost::asio::co_spawn(io_, shared.ingest(file("c.pdf"), {}, late), note);
  std::jthread elsewhere([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    cancelled.cancel(CancelReason::kClient);
  });
  io_.run();
  EXPECT_EQ(failures, (std::vector<std::string>{"cancelled", "deadline_exceeded"}));
  EXPECT_EQ(store_.count(), 1);
}

TEST_F(IngestorTest, RemovesFromStoreAndIndex) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const IngestResult result = ingest("a.pdf");
  EXPECT_TRUE(await(io_, ingestor().remove(result.document.id)));
  EXPECT_FALSE(await(io_, ingestor().remove(result.document.id)));
  EXPECT_EQ(store_.count(), 0);
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
}

TEST_F(IngestorTest, LoadsTheIndexFromTheStoreInBatches) {
  for (const char* name : {"a.pdf", "b.pdf", "c.pdf"}) {
    extractor_.pages[name] = {sentences(30, name)};
    ingest(name);
  }
  testing::BruteIndex fresh;
  options_.load_batch_chunks = 5;
  Ingestor again(extractor_, embedder_, store_, fresh, compute_, storage_, extraction_, options_);
  EXPECT_EQ(await(io_, again.load_index({})), 3U);
  EXPECT_EQ(fresh.snapshot()->chunks, index_.snapshot()->chunks);
  EXPECT_EQ(fresh.snapshot()->documents, 3U);
  finish();
}

TEST_F(IngestorTest, AsksForAMergeInTheBackgroundAfterEachFile) {
  extractor_.pages["a.pdf"] = {"Some text."};
  ingest("a.pdf");
  finish();
  EXPECT_EQ(index_.merges(), 1);
}

}  // namespace
}  // namespace jackdaw::ingest
