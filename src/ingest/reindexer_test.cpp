#include "ingest/reindexer.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "ingest/ingestor.h"
#include "tests/support/await.h"
#include "tests/support/brute_index.h"
#include "tests/support/laid_down_pages.h"
#include "tests/support/memory_vector_store.h"
#include "tests/support/word_embedder.h"

namespace jackdaw::ingest {
namespace {

using testing::await;

// The documents' vectors are those of "words-64"; they are made anew by "others".
class ReindexerTest : public ::testing::Test {
 protected:
  void TearDown() override {
    io_.restart();
    io_.run();  // merges that run behind the caller's back
  }

  void lay_down(const std::string& name, const std::string& text) { extractor_.pages[name] = {text}; }
  void add(const std::string& name, const std::string& text) {
    lay_down(name, text);
    ASSERT_TRUE(await(io_, ingestor_.ingest(begin(name), "", {}, {})).has_value());
  }
  Job begin(const std::string& name) {
    NewUpload upload;
    upload.file = {.path = "/spool/" + name, .filename = name, .bytes = 1, .sha256 = "sha256 of " + name};
    const DocumentId id = store_.accept(upload).document.id;
    return *store_.begin_next(store_.waiting_job_of(id).value() - 1);
  }
  void run(Cancellation cancellation = {}) {
    const auto note = [this](const ReindexProgress& progress) { progress_.push_back(progress); };
    const auto in_use = [this] { ingestor_.switch_to(next_); };
    Reindexer reindexer(vectors_, compute_, writing_, options_);
    await(io_, reindexer.run(next_, note, in_use, cancellation));
  }
  std::size_t found(const std::string& word) {
    return space_.get().index->snapshot()->keyword->search(word, 10, {}).size();
  }

  boost::asio::io_context io_;
  testing::LaidDownPages extractor_;
  testing::WordEmbedder embedder_;
  testing::BruteIndex index_;
  SearchSpaceInUse space_{embedder_, index_};
  testing::MemoryStore store_;
  testing::MemoryVectorStore vectors_{store_, "words-64"};
  const std::shared_ptr<testing::WordEmbedder> other_ = std::make_shared<testing::WordEmbedder>("others");
  SearchSpace next_{.embedder = other_, .index = std::make_shared<testing::BruteIndex>()};
  ReindexerOptions options_{.batch_chunks = 2};
  std::vector<ReindexProgress> progress_;
  Compute compute_{{.name = "compute", .threads = 2}};
  Compute writing_{{.name = "writing", .threads = 1}};
  Compute merging_{{.name = "merging", .threads = 1}};
  Compute extraction_{{.name = "extract", .threads = 1}};
  Ingestor ingestor_{extractor_, space_, store_, store_, compute_, writing_, merging_, extraction_, {}};
};

TEST_F(ReindexerTest, MakesAllVectorsAnewAndPutsThemIntoUse) {
  for (const char* name : {"herons", "frogs", "otters"}) add(name, std::string(name) + " live here");
  run();
  EXPECT_EQ(vectors_.embedder_name(), "others");
  EXPECT_EQ(other_->texts_embedded, 3);
  EXPECT_EQ(space_.get().embedder, other_);
  EXPECT_EQ(space_.get().index, next_.index);
  EXPECT_EQ(found("otters"), 1U);
  ASSERT_EQ(progress_.size(), 3U);
  EXPECT_EQ(progress_.front().made, 0);
  EXPECT_EQ(progress_.back().made, 3);
  EXPECT_EQ(progress_.back().chunks, 3);
}

TEST_F(ReindexerTest, AnEmptyCollectionIsDoneAtOnce) {
  run();
  EXPECT_EQ(vectors_.embedder_name(), "others");
  EXPECT_EQ(space_.get().index->snapshot()->documents, 0U);
}

TEST_F(ReindexerTest, GoesOnWhereItWasStopped) {
  for (int i = 0; i < 9; ++i) add("number " + std::to_string(i), "text " + std::to_string(i));
  const Cancellation cancellation;
  other_->before_each = [&](std::string_view) {
    if (other_->texts_embedded == 6) cancellation.cancel(CancelReason::kClient);
  };
  EXPECT_THROW(run(cancellation), Error);
  EXPECT_EQ(vectors_.embedder_name(), "words-64");
  EXPECT_EQ(space_.get().embedder->name(), "words-64");
  const std::int64_t made = vectors_.new_vectors().made;
  EXPECT_GE(made, 2);
  other_->before_each = {};
  other_->texts_embedded = 0;
  run();
  EXPECT_EQ(other_->texts_embedded, 9 - made);
  EXPECT_EQ(vectors_.embedder_name(), "others");
  EXPECT_EQ(found("text"), 9U);
}

TEST_F(ReindexerTest, VectorsOfOtherTextAreMadeFromTheBeginning) {
  add("herons", "herons live here");
  vectors_.begin_new_vectors("others", "title");
  vectors_.keep_new_vectors(
      std::vector{std::pair(ChunkId{1}, other_->embed(std::vector<std::string_view>{"x"}, {})[0])});
  other_->texts_embedded = 0;
  run();
  EXPECT_EQ(other_->texts_embedded, 1);
}

TEST_F(ReindexerTest, QuestionsAreAnsweredInTheOldSpaceMeanwhile) {
  add("herons", "herons live here");
  std::string searched_in;
  other_->before_each = [&](std::string_view) {
    if (searched_in.empty()) searched_in = space_.get().embedder->name();
    EXPECT_EQ(found("herons"), 1U);
  };
  run();
  EXPECT_EQ(searched_in, "words-64");
}

TEST_F(ReindexerTest, ADocumentThatComesMeanwhileHasItsNewVectorsInTheEnd) {
  add("herons", "herons live here");
  lay_down("otters", "otters live there");
  const Job job = begin("otters");
  bool added = false;
  // While the first batch is embedded; on a thread of the pool, where nothing waits for this one.
  const auto note = [&](const ReindexProgress&) {
    if (std::exchange(added, true)) return;
    ReadDocument read;
    read.contents.push_back({.number = 1, .text = "otters live there"});
    read.chunks.push_back({.text = "otters live there", .span = {.page = 1, .begin = 0, .end = 17}});
    read.embeddings = embedder_.embed(std::vector<std::string_view>{"otters live there"}, {});
    store_.complete(job.number, read);
  };
  Reindexer reindexer(vectors_, compute_, writing_, options_);
  await(io_, reindexer.run(next_, note, [this] { ingestor_.switch_to(next_); }, {}));
  EXPECT_EQ(other_->texts_embedded, 2);
  EXPECT_EQ(found("otters"), 1U);
}

TEST_F(ReindexerTest, ADocumentEmbeddedInTheOldSpaceIsEmbeddedAgainWhenItIsStoredInTheNew) {
  lay_down("otters", "otters live there");
  // The switch happens between the embedding of the document and its storing.
  embedder_.before_each = [&](std::string_view) { ingestor_.switch_to(next_); };
  ASSERT_TRUE(await(io_, ingestor_.ingest(begin("otters"), "", {}, {})).has_value());
  EXPECT_EQ(embedder_.texts_embedded, 1);
  EXPECT_EQ(other_->texts_embedded, 1);
  EXPECT_EQ(found("otters"), 1U);
}

TEST_F(ReindexerTest, AFailureLeavesTheOldVectorsInUse) {
  add("herons", "herons live here");
  other_->before_each = [](std::string_view) { throw Error(ErrorCode::kUnavailable, "The model is gone."); };
  EXPECT_THROW(run(), Error);
  EXPECT_EQ(vectors_.embedder_name(), "words-64");
  EXPECT_EQ(space_.get().embedder->name(), "words-64");
  EXPECT_EQ(found("herons"), 1U);
}

}  // namespace
}  // namespace jackdaw::ingest
