#include "ingest/ingestor.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "core/error.h"
#include "tests/support/await.h"
#include "tests/support/brute_index.h"
#include "tests/support/laid_down_pages.h"
#include "tests/support/memory_store.h"
#include "tests/support/word_embedder.h"

namespace jackdaw::ingest {
namespace {

using testing::await;

class IngestorTest : public ::testing::Test {
 protected:
  void TearDown() override { finish(); }

  // Merges run behind the caller's back and use the ingestor and its index: they end before those go.
  void finish() {
    io_.restart();
    io_.run();
  }
  NewUpload upload(const std::string& name, const std::string& version = "1") {
    return {
        .file = {.path = "/spool/" + name, .filename = name, .bytes = 123, .sha256 = "sha256 of " + name + version}};
  }
  Ingestor& ingestor() {
    if (!ingestor_) {
      ingestor_.emplace(extractor_, space_, store_, store_, compute_, writing_, merging_, extraction_, options_);
    }
    return *ingestor_;
  }
  Job accept(const NewUpload& wanted) {
    const DocumentId id = store_.accept(wanted).document.id;
    Job job = *store_.begin_next(store_.waiting_job_of(id).value() - 1);
    EXPECT_EQ(job.document, id);
    return job;
  }
  std::optional<Document> run(Job job, OnIngestProgress on_progress = {}, Cancellation cancellation = {}) {
    return await(io_, ingestor().ingest(std::move(job), "", std::move(on_progress), cancellation));
  }
  Document ingest(const std::string& name, OnIngestProgress on_progress = {}, Cancellation cancellation = {}) {
    return run(accept(upload(name)), std::move(on_progress), cancellation).value();
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
  std::size_t found(const std::string& word) { return index_.snapshot()->keyword->search(word, 10, {}).size(); }

  boost::asio::io_context io_;
  testing::LaidDownPages extractor_;
  testing::WordEmbedder embedder_;
  testing::MemoryStore store_;
  testing::BruteIndex index_;
  SearchSpaceInUse space_{embedder_, index_};
  IngestorOptions options_;
  std::optional<Ingestor> ingestor_;
  std::string message_;
  Compute compute_{{.name = "compute", .threads = 2}};
  Compute writing_{{.name = "writing", .threads = 1}};
  Compute merging_{{.name = "merging", .threads = 1}};
  Compute extraction_{{.name = "extract", .threads = 2}};
};

std::string sentences(int count, const std::string& topic) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "Sentence " + std::to_string(i) + " is about " + topic + ". ";
  return text;
}

TEST_F(IngestorTest, MakesAFileSearchable) {
  extractor_.pages["a.pdf"] = {sentences(40, "magpies"), "", sentences(3, "herons")};
  const Document result = ingest("a.pdf");
  EXPECT_EQ(result.pages, 3);
  EXPECT_EQ(result.title, "A title");
  EXPECT_TRUE(is_well_formed_id(result.id.value));
  const auto chunks = store_.chunks_of(result.id, 200, "").passages;
  EXPECT_EQ(static_cast<std::int64_t>(chunks.size()), result.chunks);
  EXPECT_GT(chunks.size(), 3U);
  EXPECT_EQ(chunks.back().span.page, 3);
  const auto found = index_.snapshot()->keyword->search("herons", 10, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].chunk, chunks.back().chunk);
}

TEST_F(IngestorTest, GivesEveryChunkItsOwnEmbedding) {
  extractor_.pages["a.pdf"] = {sentences(200, "magpies"), "short", sentences(17, "herons")};
  const Document result = ingest("a.pdf");
  const auto snapshot = index_.snapshot();
  for (const auto& passage : store_.chunks_of(result.id, 200, "").passages) {
    const std::vector<std::string_view> text{passage.text};
    const Embedding expected = testing::WordEmbedder().embed(text, {}).front();
    EXPECT_NEAR(snapshot->vector->similarity(expected, passage.chunk), 1, 1e-5);
  }
}

TEST_F(IngestorTest, RefusesAFileWithoutTextAndNamesThePages) {
  extractor_.pages["scan.pdf"] = {"", " \n", ""};
  EXPECT_EQ(failure_of("scan.pdf"), ErrorCode::kNoText);
  EXPECT_NE(message_.find("pages 1 to 3"), std::string::npos) << message_;
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
}

TEST_F(IngestorTest, ReportsProgressFromStageToStage) {
  extractor_.pages["a.pdf"] = {sentences(40, "magpies"), sentences(40, "herons")};
  std::vector<IngestProgress> seen;
  const Document result = ingest("a.pdf", [&](const IngestProgress& progress) { seen.push_back(progress); });
  using Stage = IngestProgress::Stage;
  ASSERT_GE(seen.size(), 5U);
  EXPECT_EQ(seen.front().stage, Stage::kExtracting);
  EXPECT_EQ(seen.front().page, 0);
  EXPECT_EQ(seen[1].pages, 2);
  EXPECT_EQ(seen[2].page, 1);
  EXPECT_EQ(seen[3].page, 2);
  EXPECT_GT(seen[3].chunk, seen[2].chunk);
  EXPECT_EQ(seen.back().stage, Stage::kStoring);
  EXPECT_EQ(seen[seen.size() - 2].chunk, static_cast<std::size_t>(result.chunks));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.stage < b.stage; }));
}

TEST_F(IngestorTest, LeavesNothingBehindWhenCancelledWhileEmbedding) {
  extractor_.pages["a.pdf"] = {sentences(500, "magpies")};
  const Cancellation cancellation;
  embedder_.before_each = [&](std::string_view) {
    if (embedder_.texts_embedded >= 3) cancellation.cancel(CancelReason::kClient);
  };
  EXPECT_EQ(failure_of("a.pdf", cancellation), ErrorCode::kCancelled);
  EXPECT_LT(embedder_.texts_embedded, 8);
  EXPECT_EQ(store_.list({}).documents.at(0).status, DocumentStatus::kQueued);
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
}

TEST_F(IngestorTest, PassesOnWhatTheEmbedderThrows) {
  extractor_.pages["a.pdf"] = {sentences(100, "magpies")};
  embedder_.before_each = [&](std::string_view) {
    if (embedder_.texts_embedded >= 2) throw Error(ErrorCode::kUnavailable, "The model is gone.");
  };
  EXPECT_EQ(failure_of("a.pdf"), ErrorCode::kUnavailable);
}

TEST_F(IngestorTest, RemovesFromStoreAndIndex) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const Document result = ingest("a.pdf");
  EXPECT_TRUE(await(io_, ingestor().remove(result.id)));
  EXPECT_FALSE(await(io_, ingestor().remove(result.id)));
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
  SearchSpaceInUse space(embedder_, fresh);
  Ingestor again(extractor_, space, store_, store_, compute_, writing_, merging_, extraction_, options_);
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

TEST_F(IngestorTest, PutsANewVersionInThePlaceOfTheOld) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  const Document first = ingest("a.pdf");
  extractor_.pages["a.pdf"] = {"A text about herons."};
  NewUpload second = upload("a.pdf", "2");
  second.replaces = first.id;
  const Job job = accept(second);
  EXPECT_TRUE(job.replaces);
  EXPECT_EQ(found("magpies"), 1U);
  const Document replaced = run(job).value();
  EXPECT_EQ(replaced.id, first.id);
  EXPECT_EQ(found("magpies"), 0U);
  EXPECT_EQ(found("herons"), 1U);
  EXPECT_EQ(index_.snapshot()->documents, 1U);
}

TEST_F(IngestorTest, DoesNothingForAJobThatIsGone) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const Job job = accept(upload("a.pdf"));
  extractor_.before = [&] { store_.remove(job.document); };
  EXPECT_FALSE(run(job).has_value());
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
  EXPECT_EQ(store_.count(), 0);
}

TEST_F(IngestorTest, FindsAChunkByTheHeadingAboveIt) {
  extractor_.heading = "Warranty";
  extractor_.pages["a.pdf"] = {"Batteries are not included."};
  const Document document = ingest("a.pdf");
  EXPECT_EQ(found("warranty"), 1U);
  const auto passages = store_.chunks_of(document.id, 10, "").passages;
  ASSERT_EQ(passages.size(), 1U);
  EXPECT_EQ(passages[0].heading, "Warranty");
  EXPECT_EQ(passages[0].text, "Batteries are not included.");
}

TEST_F(IngestorTest, RecognisesAPageOnceHoweverOftenItBegins) {
  extractor_.pages["a.pdf"] = {"~", "~", "Printed."};
  const Job job = accept(upload("a.pdf"));
  int pages = 0;
  extractor_.after_page = [&] {
    if (++pages == 1) throw Error(ErrorCode::kShuttingDown, "The power goes.");
  };
  EXPECT_THROW(run(job), Error);
  EXPECT_EQ(extractor_.recognitions, 1);
  const Document document = run(job).value();
  EXPECT_EQ(extractor_.recognitions, 2);
  EXPECT_EQ(store_.page(document.id, 1)->text, "recognised");
}

TEST_F(IngestorTest, SavesTheIndexOnlyWhenItChangedAndLoadsItBack) {
  const auto file = std::filesystem::temp_directory_path() / ("jackdaw-ingestor-" + random_id());
  options_.index_file = file;
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  ingest("a.pdf");
  await(io_, ingestor().save_index({}));
  ASSERT_TRUE(std::filesystem::exists(file));
  std::filesystem::remove(file);
  await(io_, ingestor().save_index({}));
  EXPECT_FALSE(std::filesystem::exists(file));
  extractor_.pages["b.pdf"] = {"A text about herons."};
  ingest("b.pdf");
  await(io_, ingestor().save_index({}));
  ASSERT_TRUE(std::filesystem::exists(file));

  testing::BruteIndex fresh;
  SearchSpaceInUse space(embedder_, fresh);
  Ingestor again(extractor_, space, store_, store_, compute_, writing_, merging_, extraction_, options_);
  EXPECT_EQ(await(io_, again.load_index({})), 2U);
  EXPECT_EQ(fresh.snapshot()->chunks, index_.snapshot()->chunks);
  finish();
  // The file knows the words of what is removed.
  await(io_, ingestor().remove(store_.find_by_sha256("sha256 of b.pdf1")->id));
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace jackdaw::ingest
