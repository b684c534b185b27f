#include "store/sqlite_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreOptions options() const {
    return {.data_dir = folder_.path(), .embedder_name = "test embedder", .on_step = {}};
  }
  void reopen(SqliteStoreOptions with) {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(std::move(with));
  }
  void SetUp() override { reopen(options()); }

  SampleDocument add(const std::string& mark, const SampleShape& shape = {}) {
    Spool spool = spool_of(folder_.path(), "original of " + mark);
    SampleDocument sample = sample_document(spool, mark, random_, shape);
    ids_[mark] = jackdaw::store::add(*store_, sample);
    return sample;
  }

  // The files below the data folder that contain `text`.
  std::vector<std::string> files_with(const std::string& text) const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file() && bytes_of(entry.path()).find(text) != std::string::npos) {
        files.push_back(entry.path().filename());
      }
    }
    return files;
  }

  ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kCancelled;
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{17};
  std::map<std::string, std::vector<ChunkId>> ids_;
  std::unique_ptr<SqliteStore> store_;
};

void expect_same(const Document& found, const SampleDocument& sample) {
  const Document& document = sample.document;
  EXPECT_EQ(found.id, document.id);
  EXPECT_EQ(found.filename, document.filename);
  EXPECT_EQ(found.title, document.title);
  EXPECT_EQ(found.media_type, document.media_type);
  EXPECT_EQ(found.sha256, sample.original.sha256);
  EXPECT_EQ(found.bytes, sample.original.bytes);
  EXPECT_EQ(found.pages, document.pages);
  EXPECT_EQ(found.chunks, static_cast<std::int64_t>(sample.chunks.size()));
  EXPECT_EQ(found.status, document.status);
  EXPECT_EQ(found.created_at, document.created_at);
  EXPECT_EQ(found.tags, document.tags);
  EXPECT_EQ(found.source, document.source);
  EXPECT_EQ(found.pages_without_text, document.pages_without_text);
  EXPECT_EQ(found.failure, document.failure);
  EXPECT_FALSE(found.replacement);
}

void expect_same(const Page& found, const Page& page) {
  EXPECT_EQ(found.number, page.number);
  EXPECT_EQ(found.label, page.label);
  EXPECT_EQ(found.width, page.width);
  EXPECT_EQ(found.height, page.height);
  EXPECT_EQ(found.text, page.text);
  EXPECT_EQ(found.words, page.words);
}

TEST_F(SqliteStoreTest, GivesBackEverythingThatWasAdded) {
  const SampleDocument sample = add("alpha");
  for (int opening = 0; opening < 2; ++opening) {
    expect_same(store_->find(sample.document.id).value(), sample);
    expect_same(store_->find_by_sha256(sample.original.sha256).value(), sample);
    EXPECT_EQ(store_->count(), 1);
    for (const Page& page : sample.pages) expect_same(store_->page(sample.document.id, page.number).value(), page);
    const auto passages = store_->passages(ids_["alpha"]);
    ASSERT_EQ(passages.size(), sample.chunks.size());
    for (std::size_t i = 0; i < passages.size(); ++i) {
      EXPECT_EQ(passages[i].chunk, ids_["alpha"][i]);
      EXPECT_EQ(passages[i].document, sample.document.id);
      EXPECT_EQ(passages[i].filename, "alpha.pdf");
      EXPECT_EQ(passages[i].page_label, "p" + std::to_string(sample.chunks[i].span.page));
      EXPECT_EQ(passages[i].text, sample.chunks[i].text);
      EXPECT_EQ(passages[i].span, sample.chunks[i].span);
      EXPECT_EQ(passages[i].heading, sample.chunks[i].heading);
      EXPECT_TRUE(passages[i].paged);
    }
    EXPECT_EQ(bytes_of(store_->original_of(sample.document.id).value()), "original of alpha");
    reopen(options());
  }
}

TEST_F(SqliteStoreTest, VisitsEveryReadyDocumentWithItsExactVectors) {
  std::vector<SampleDocument> samples;
  for (const char* mark : {"alpha", "beta", "gamma"}) samples.push_back(add(mark));
  Spool spool = spool_of(folder_.path(), "broken");
  const Accepted failed = store_->accept(sample_document(spool, "failed", random_).upload());
  ASSERT_TRUE(store_->fail(store_->waiting_job_of(failed.document.id).value(), {}));
  Spool waiting = spool_of(folder_.path(), "waiting");
  store_->accept(sample_document(waiting, "waiting", random_).upload());
  std::size_t visited = 0;
  store_->for_each_indexed([&](IndexedDocument&& document) {
    ASSERT_LT(visited, samples.size());
    const SampleDocument& sample = samples[visited++];
    EXPECT_EQ(document.document, sample.document.id);
    EXPECT_EQ(document.title, store_->find(document.document).value().title);
    ASSERT_EQ(document.chunks.size(), sample.chunks.size());
    for (std::size_t i = 0; i < document.chunks.size(); ++i) {
      EXPECT_EQ(document.chunks[i].chunk,
                ids_[sample.document.filename.substr(0, sample.document.filename.find('.'))][i]);
      EXPECT_EQ(document.chunks[i].text, sample.chunks[i].text);
      EXPECT_EQ(document.chunks[i].heading, sample.chunks[i].heading);
      EXPECT_EQ(document.chunks[i].embedding, sample.embeddings[i]);
    }
    EXPECT_TRUE(store_->find(document.document).has_value()) << "the visitor may use the store";
  });
  EXPECT_EQ(visited, samples.size());
}

TEST_F(SqliteStoreTest, KnowsNothingOfWhatIsNotThere) {
  EXPECT_FALSE(store_->find({random_id()}));
  EXPECT_FALSE(store_->find({""}));
  EXPECT_FALSE(store_->find_by_sha256("' OR 1=1 --"));
  EXPECT_FALSE(store_->remove({random_id()}));
  EXPECT_FALSE(store_->page({random_id()}, 1));
  EXPECT_FALSE(store_->original_of({random_id()}));
  EXPECT_TRUE(store_->chunks_of({random_id()}, 10, "").passages.empty());
  EXPECT_EQ(store_->count(), 0);
  const SampleDocument sample = add("alpha");
  EXPECT_FALSE(store_->page(sample.document.id, 99));
}

TEST_F(SqliteStoreTest, PassagesKeepTheOrderAskedForAndLeaveOutWhatIsGone) {
  add("alpha");
  const SampleDocument beta = add("beta");
  const std::vector<ChunkId> ids = {ids_["beta"][1], ids_["alpha"][2], {999999}, ids_["beta"][0]};
  auto passages = store_->passages(ids);
  ASSERT_EQ(passages.size(), 3U);
  EXPECT_EQ(passages[0].chunk, ids[0]);
  EXPECT_EQ(passages[1].chunk, ids[1]);
  EXPECT_EQ(passages[2].chunk, ids[3]);
  store_->remove(beta.document.id);
  passages = store_->passages(ids);
  ASSERT_EQ(passages.size(), 1U);
  EXPECT_EQ(passages[0].chunk, ids[1]);
}

TEST_F(SqliteStoreTest, RefusesTheSameBytesAgainAndKeepsTheFirst) {
  const SampleDocument first = add("alpha");
  Spool spool = spool_of(folder_.path(), "original of alpha");
  SampleDocument twin = sample_document(spool, "other", random_);
  EXPECT_EQ(code_of([&] { jackdaw::store::add(*store_, twin); }), ErrorCode::kConflict);
  EXPECT_EQ(store_->count(), 1);
  EXPECT_EQ(bytes_of(store_->original_of(first.document.id).value()), "original of alpha");
  EXPECT_TRUE(std::filesystem::exists(twin.original.path)) << "still the caller's";
}

TEST_F(SqliteStoreTest, RefusesWhatBreaksThePromisesOfADocument) {
  Spool spool = spool_of(folder_.path(), "odd octets");
  const SampleDocument whole = sample_document(spool, "alpha", random_);
  const DocumentId id = store_->accept(whole.upload()).document.id;
  const std::int64_t job = store_->begin_next(0).value().number;
  const auto refused = [&](const std::function<void(ReadDocument&)>& spoil) {
    ReadDocument read = whole.read();
    spoil(read);
    return code_of([&] { store_->complete(job, read); }) == ErrorCode::kInternal;
  };
  EXPECT_TRUE(refused([](ReadDocument& d) { d.embeddings.pop_back(); }));
  EXPECT_TRUE(refused([](ReadDocument& d) { d.embeddings[1][0] += 0.5F; }));
  EXPECT_TRUE(refused([](ReadDocument& d) { d.embeddings[1][0] = std::nanf(""); }));
  EXPECT_TRUE(refused([](ReadDocument& d) { d.embeddings[1] = {1.0F}; }));
  EXPECT_TRUE(refused([](ReadDocument& d) { d.chunks[0].text += "x"; }));
  EXPECT_TRUE(refused([](ReadDocument& d) { d.chunks[0].span.end = 1U << 30; }));
  EXPECT_TRUE(refused([](ReadDocument& d) { d.chunks[0].span.page = 4; }));
  EXPECT_EQ(store_->find(id).value().status, DocumentStatus::kQueued);
  EXPECT_TRUE(store_->complete(job, whole.read()));
}

TEST_F(SqliteStoreTest, NeverReusesAnId) {
  std::set<ChunkId> seen;
  ChunkId newest{0};
  for (int round = 0; round < 5; ++round) {
    const SampleDocument sample = add("alpha");
    for (const ChunkId id : ids_["alpha"]) {
      EXPECT_GT(id, newest);
      newest = id;
    }
    store_->remove(sample.document.id);
    if (round == 2) reopen(options());
  }
}

TEST_F(SqliteStoreTest, LeavesNothingOfARemovedDocumentAndEverythingOfTheOthers) {
  std::map<std::string, SampleDocument> live;
  std::uniform_int_distribution<int> words(1, 400);
  int number = 0;
  for (int step = 0; step < 120; ++step) {
    if (live.size() < 4 || random_() % 100 < 45) {
      const std::string mark = "q" + std::to_string(1000 + number++) + "z";
      live[mark] = add(mark, {.pages = 1 + static_cast<int>(random_() % 5), .words_per_page = words(random_)});
      continue;
    }
    const auto victim = std::next(live.begin(), static_cast<std::ptrdiff_t>(random_() % live.size()));
    const auto [mark, sample] = *victim;
    live.erase(victim);
    ASSERT_FALSE(files_with(mark).empty());
    ASSERT_TRUE(store_->remove(sample.document.id));
    ASSERT_EQ(files_with(mark), std::vector<std::string>{}) << mark;
    ASSERT_EQ(files_with(sample.document.id.value), std::vector<std::string>{});
    ASSERT_EQ(files_with(sample.original.sha256), std::vector<std::string>{});
    const std::span<const float> some = std::span(sample.embeddings[0]).first(16);
    ASSERT_EQ(files_with({reinterpret_cast<const char*>(some.data()), some.size_bytes()}), std::vector<std::string>{});
    ASSERT_FALSE(store_->remove(sample.document.id));
  }
  EXPECT_EQ(store_->count(), static_cast<std::int64_t>(live.size()));
  for (const auto& [mark, sample] : live) {
    expect_same(store_->find(sample.document.id).value(), sample);
    EXPECT_EQ(store_->passages(ids_[mark]).size(), sample.chunks.size());
    EXPECT_EQ(bytes_of(store_->original_of(sample.document.id).value()), "original of " + mark);
  }
}

TEST_F(SqliteStoreTest, ListsEveryDocumentOnceHoweverItIsPaged) {
  std::vector<DocumentId> expected;
  for (int i = 0; i < 23; ++i) expected.push_back(add("doc" + std::to_string(i), {.pages = 1}).document.id);
  for (const std::size_t limit : {1U, 7U, 22U, 23U, 24U, 200U}) {
    std::vector<DocumentId> listed;
    DocumentQuery query{.limit = limit, .after = "", .text = "", .status = std::nullopt};
    do {
      const DocumentPage page = store_->list(query);
      EXPECT_LE(page.documents.size(), limit);
      EXPECT_FALSE(page.documents.empty());
      for (const Document& document : page.documents) listed.push_back(document.id);
      query.after = page.next;
    } while (!query.after.empty());
    EXPECT_EQ(listed, expected) << limit;
  }
}

TEST_F(SqliteStoreTest, PagingIsNotDisturbedByWhatIsAddedAndRemovedMeanwhile) {
  std::vector<SampleDocument> samples;
  for (int i = 0; i < 12; ++i) samples.push_back(add("doc" + std::to_string(i), {.pages = 1}));
  std::vector<DocumentId> listed;
  DocumentQuery query{.limit = 3, .after = "", .text = "", .status = std::nullopt};
  int later = 0;
  do {
    const DocumentPage page = store_->list(query);
    for (const Document& document : page.documents) listed.push_back(document.id);
    query.after = page.next;
    if (later < 2) add("later" + std::to_string(later++), {.pages = 1});
    store_->remove(page.documents.back().id);  // the cursor points at it
  } while (!query.after.empty());
  ASSERT_GE(listed.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) EXPECT_EQ(listed[i], samples[i].document.id);
  EXPECT_EQ(std::set(listed.begin(), listed.end()).size(), listed.size());
}

TEST_F(SqliteStoreTest, PagesThroughTheChunksOfADocument) {
  add("before");
  const SampleDocument sample = add("alpha", {.pages = 4});
  add("behind");
  for (const std::size_t limit : {1U, 5U, 200U}) {
    std::vector<ChunkId> listed;
    std::string after;
    do {
      const ChunkPage page = store_->chunks_of(sample.document.id, limit, after);
      for (const Passage& passage : page.passages) listed.push_back(passage.chunk);
      after = page.next;
    } while (!after.empty());
    EXPECT_EQ(listed, ids_["alpha"]);
  }
}

TEST_F(SqliteStoreTest, FindsPartsOfNamesAndTitlesInAnyCaseAndForm) {
  const auto named = [&](const std::string& filename, const std::string& title) {
    Spool spool = spool_of(folder_.path(), filename);
    SampleDocument sample = sample_document(spool, "x", random_, {.pages = 1});
    sample.document.filename = filename;
    sample.document.title = title;
    jackdaw::store::add(*store_, sample);
  };
  named("STRASSE.pdf", "Über Vögel");
  named("Résumé 100%_a.pdf", "");
  named("Σίσυφος.pdf", "Éte\u0301");
  const auto count = [&](const std::string& text) {
    return store_->list({.limit = 50, .after = "", .text = text, .status = std::nullopt}).documents.size();
  };
  EXPECT_EQ(count(""), 3U);
  EXPECT_EQ(count(".PDF"), 3U);
  EXPECT_EQ(count("straße"), 1U);
  EXPECT_EQ(count("ÜBER VÖ"), 1U);
  EXPECT_EQ(count("re\u0301sume\u0301"), 1U) << "decomposed, as some systems write names";
  EXPECT_EQ(count("été"), 1U);
  EXPECT_EQ(count("ΣΊΣΥΦΟΣ"), 1U);
  EXPECT_EQ(count("%"), 1U);
  EXPECT_EQ(count("0%_"), 1U);
  EXPECT_EQ(count("_b"), 0U);
  EXPECT_EQ(count("' OR '1'='1"), 0U);
  EXPECT_EQ(count("pdf\nüber"), 0U) << "a match does not run from the name into the title";
}

TEST_F(SqliteStoreTest, ListsByStatus) {
  const SampleDocument ready = add("ready");
  Spool spool = spool_of(folder_.path(), "broken");
  const Accepted failed = store_->accept(sample_document(spool, "failed", random_).upload());
  ASSERT_TRUE(store_->fail(store_->waiting_job_of(failed.document.id).value(), {}));
  const auto only = [&](DocumentStatus status) {
    const auto page = store_->list({.limit = 50, .after = "", .text = "", .status = status});
    return page.documents.size() == 1 ? page.documents[0].id : DocumentId{};
  };
  EXPECT_EQ(only(DocumentStatus::kReady), ready.document.id);
  EXPECT_EQ(only(DocumentStatus::kFailed), failed.document.id);
}

TEST_F(SqliteStoreTest, RefusesLimitsAndCursorsThatItDidNotGive) {
  const auto list = [&](std::size_t limit, const std::string& after) {
    return code_of([&] { store_->list({.limit = limit, .after = after, .text = "", .status = std::nullopt}); });
  };
  const SampleDocument sample = add("alpha");
  const auto chunks = [&](std::size_t limit, const std::string& after) {
    return code_of([&] { store_->chunks_of(sample.document.id, limit, after); });
  };
  for (const std::size_t limit : {std::size_t{0}, std::size_t{201}, std::numeric_limits<std::size_t>::max()}) {
    EXPECT_EQ(list(limit, ""), ErrorCode::kInvalidArgument);
    EXPECT_EQ(chunks(limit, ""), ErrorCode::kInvalidArgument);
  }
  for (const char* cursor :
       {"x", "d", "d0", "d-1", "d1x", "d 1", "17", "d99999999999999999999", "d1;DROP TABLE pages"}) {
    EXPECT_EQ(list(10, cursor), ErrorCode::kInvalidArgument) << cursor;
    EXPECT_EQ(chunks(10, cursor), ErrorCode::kInvalidArgument) << cursor;
  }
  EXPECT_EQ(list(10, "c1"), ErrorCode::kInvalidArgument) << "a cursor of another list";
  EXPECT_EQ(chunks(10, "d1"), ErrorCode::kInvalidArgument);
}

TEST_F(SqliteStoreTest, ReadsWholeDocumentsWhileOthersAreAddedAndRemoved) {
  constexpr int kReaders = 3;
  const SampleDocument fixed = add("fixed");
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        store_->for_each_indexed([&](IndexedDocument&& document) {
          if (document.chunks.size() != fixed.chunks.size()) ++torn;
        });
        if (store_->passages(ids_.at("fixed")).size() != fixed.chunks.size()) ++torn;
        const auto listed = store_->list({.limit = 50, .after = "", .text = "", .status = std::nullopt});
        for (const Document& each : listed.documents) {
          if (each.tags.size() != 2) ++torn;
        }
        ++reads;
      }
    });
  }
  for (int round = 0; round < 15; ++round) {
    Spool spool = spool_of(folder_.path(), "round " + std::to_string(round));
    SampleDocument sample = sample_document(spool, "fixed", random_);
    jackdaw::store::add(*store_, sample);
    if (round % 3 != 0) store_->remove(sample.document.id);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_GT(reads, kReaders);
}

TEST_F(SqliteStoreTest, AFullCollectionRefusesMoreAndGoesOnReading) {
  const SampleDocument first = add("alpha");
  SqliteStoreOptions tight = options();
  tight.max_database_bytes = 400 * 1024;
  reopen(tight);
  Spool spool = spool_of(folder_.path(), "too much");
  SampleDocument large = sample_document(spool, "large", random_, {.pages = 60, .words_per_page = 300});
  EXPECT_EQ(code_of([&] { jackdaw::store::add(*store_, large); }), ErrorCode::kStorageFull);
  EXPECT_EQ(store_->passages(ids_["alpha"]).size(), first.chunks.size());
  const Job waiting = store_->begin_next(0).value();
  EXPECT_EQ(bytes_of(waiting.original), "too much") << "what was accepted is there, as it was";
  EXPECT_TRUE(store_->fail(waiting.number, {ErrorCode::kStorageFull, "No room.", 0}));
  EXPECT_EQ(store_->find(waiting.document).value().status, DocumentStatus::kFailed);
  add("small", {.pages = 1});
  EXPECT_TRUE(store_->remove(first.document.id));
}

}  // namespace
}  // namespace jackdaw::store
