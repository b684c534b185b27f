#include "index/segmented_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "core/error.h"
#include "tests/support/exact_search.h"

namespace jackdaw::index {
namespace {

constexpr std::size_t kDimensions = 8;

SegmentedIndexOptions small(VectorEngine engine, std::size_t prune_from = kPruneFrom) {
  return {.dimensions = kDimensions,
          .fields = {.title = 2, .heading = 3},
          .vectors = engine,
          .prune_from = prune_from,
          .merge = {.fan_in = 3, .smallest_tier_rows = 8}};
}

class Collection {
 public:
  explicit Collection(std::uint32_t seed) : random_(seed) {}

  IndexedDocument make_document(const std::string& id) {
    IndexedDocument document{DocumentId{id}, {}};
    for (std::size_t chunks = 1 + random_() % 6; chunks > 0; --chunks) {
      Embedding embedding(kDimensions);
      for (float& x : embedding) x = static_cast<float>(static_cast<int>(random_() % 5) - 2);
      document.chunks.push_back(
          {ChunkId{next_chunk_++}, testing::random_words(random_, random_() % 20, 60), std::move(embedding)});
      if (random_() % 2 == 0) document.chunks.back().heading = testing::random_words(random_, random_() % 4, 60);
    }
    if (random_() % 2 == 0) document.title = testing::random_words(random_, random_() % 5, 60);
    return document;
  }

  std::vector<float> make_query() { return make_document("q").chunks[0].embedding; }
  std::mt19937& random() { return random_; }

 private:
  std::mt19937 random_;
  std::int64_t next_chunk_ = 1;
};

// The twin: a list of documents that is searched by brute force.
void expect_twins(const SegmentedIndex& index, const std::map<std::string, IndexedDocument>& twin,
                  Collection& collection) {
  std::vector<IndexedDocument> documents;
  std::size_t chunks = 0;
  for (const auto& [id, document] : twin) {
    documents.push_back(document);
    chunks += document.chunks.size();
  }
  const auto snapshot = index.snapshot();
  ASSERT_EQ(snapshot->documents, twin.size());
  ASSERT_EQ(snapshot->chunks, chunks);
  SearchFilter filter;
  if (collection.random()() % 2 == 0) {
    for (const auto& [id, document] : twin) {
      if (collection.random()() % 4 == 0) filter.documents.push_back(document.document);
    }
  }
  const std::size_t limit = collection.random()() % 3 == 0 ? 1000 : 1 + collection.random()() % 10;
  const std::vector<float> query = collection.make_query();
  ASSERT_EQ(snapshot->vector->search(query, limit, filter), testing::exact_search(documents, {}, query, limit, filter));
  const Analyzer analyzer;
  const testing::BruteForceKeywordIndex brute([&](std::string_view text) { return analyzer.terms(text); }, documents,
                                              {}, {.title = 2, .heading = 3});
  const std::string words = testing::random_words(collection.random(), 3, 60);
  testing::expect_same_ranking(snapshot->keyword->search(words, limit, filter), brute.search(words, limit, filter),
                               1e-5);
}

class SegmentedIndexOfOptions : public ::testing::TestWithParam<SegmentedIndexOptions> {};
INSTANTIATE_TEST_SUITE_P(Faiss, SegmentedIndexOfOptions, ::testing::Values(small(VectorEngine::kFaiss)));
INSTANTIATE_TEST_SUITE_P(Flat, SegmentedIndexOfOptions, ::testing::Values(small(VectorEngine::kFlat)));
INSTANTIATE_TEST_SUITE_P(Int8, SegmentedIndexOfOptions, ::testing::Values(small(VectorEngine::kInt8)));
INSTANTIATE_TEST_SUITE_P(Int8Approximate, SegmentedIndexOfOptions,
                         ::testing::Values(small(VectorEngine::kInt8Approximate)));
INSTANTIATE_TEST_SUITE_P(Pruned, SegmentedIndexOfOptions, ::testing::Values(small(VectorEngine::kFlat, 0)));

TEST_P(SegmentedIndexOfOptions, IsItsBruteForceTwinThroughThousandsOfRandomSteps) {
  Collection collection(17);
  auto index_now = std::make_unique<SegmentedIndex>(GetParam());
  const auto file = std::filesystem::temp_directory_path() / ("jackdaw-index-" + random_id());
  std::map<std::string, IndexedDocument> twin;
  int documents = 0;
  const int steps = std::getenv("JACKDAW_SOAK") != nullptr ? 10'000 : 3'000;
  for (int step = 0; step < steps; ++step) {
    SegmentedIndex& index = *index_now;
    const auto choice = collection.random()() % 12;
    if (choice < 4 && twin.size() < 60) {
      std::vector<IndexedDocument> batch;
      for (std::size_t n = 1 + collection.random()() % 2; n > 0; --n) {
        // A removed document may come again, with other chunks.
        const std::string id = "d" + std::to_string(collection.random()() % 4 == 0 ? documents / 2 : documents++);
        if (twin.contains(id) || (!batch.empty() && batch[0].document.value == id)) continue;
        batch.push_back(collection.make_document(id));
      }
      index.add(batch);
      for (const IndexedDocument& document : batch) twin[document.document.value] = document;
    } else if (choice < 7 && !twin.empty()) {
      const auto victim = std::next(twin.begin(), static_cast<std::ptrdiff_t>(collection.random()() % twin.size()));
      index.remove(victim->second.document);
      twin.erase(victim);
    } else if (choice == 7) {
      index.merge_if_due(Cancellation());
    } else if (choice < 10) {
      const std::string id = "d" + std::to_string(collection.random()() % static_cast<unsigned>(documents + 1));
      auto changed = collection.make_document(id);
      if (collection.random()() % 8 == 0) changed.chunks.clear();
      index.replace(changed);
      twin.erase(id);
      if (!changed.chunks.empty()) twin[id] = changed;
    } else if (choice == 10) {
      index.save(file, "stamp", Cancellation());
      index_now = std::make_unique<SegmentedIndex>(GetParam());
      ASSERT_TRUE(index_now->load(file, "stamp"));
    }
    if (step % 5 == 0) expect_twins(*index_now, twin, collection);
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
  std::filesystem::remove(file);
}

TEST(SegmentedIndex, BeginsEmptyAndCountsVersionsUp) {
  Collection collection(1);
  SegmentedIndex index(small(VectorEngine::kFlat));
  const auto empty = index.snapshot();
  ASSERT_NE(empty, nullptr);
  EXPECT_EQ(empty->documents, 0u);
  EXPECT_TRUE(empty->keyword->search("w0", 5, {}).empty());
  const auto document = collection.make_document("a");
  index.add({&document, 1});
  const auto one = index.snapshot();
  EXPECT_GT(one->version, empty->version);
  EXPECT_EQ(one->documents, 1u);
  EXPECT_EQ(one->chunks, document.chunks.size());
  index.remove({"a"});
  EXPECT_GT(index.snapshot()->version, one->version);
  EXPECT_EQ(index.snapshot()->chunks, 0u);
  EXPECT_EQ(empty->chunks, 0u);
}

TEST(SegmentedIndex, ASnapshotNeverChanges) {
  Collection collection(2);
  SegmentedIndex index(small(VectorEngine::kFlat));
  const auto a = collection.make_document("a");
  index.add({&a, 1});
  const auto held = index.snapshot();
  const auto query = collection.make_query();
  const auto before = held->vector->search(query, 100, {});
  index.remove({"a"});
  const auto b = collection.make_document("b");
  index.add({&b, 1});
  index.merge_if_due(Cancellation());
  EXPECT_EQ(held->vector->search(query, 100, {}), before);
}

TEST(SegmentedIndex, PublishesNothingWhenNothingChanges) {
  SegmentedIndex index(small(VectorEngine::kFlat));
  const auto before = index.snapshot()->version;
  index.add({});
  const IndexedDocument hollow{DocumentId{"a"}, {}};
  index.add({&hollow, 1});
  index.remove({"unknown"});
  index.replace(hollow);
  index.merge_if_due(Cancellation());
  EXPECT_EQ(index.snapshot()->version, before);
}

TEST(SegmentedIndex, RefusesABatchThatBreaksItsPromisesAndStaysAsItWas) {
  Collection collection(3);
  SegmentedIndex index(small(VectorEngine::kFlat));
  const auto there = collection.make_document("a");
  index.add({&there, 1});
  const auto version = index.snapshot()->version;
  const auto expect_refused = [&](const std::vector<IndexedDocument>& batch) {
    try {
      index.add(batch);
      ADD_FAILURE() << "was taken in";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInternal);
    }
    EXPECT_EQ(index.snapshot()->version, version);
  };
  const auto fresh = collection.make_document("b");
  expect_refused({there});
  auto same_chunks = there;
  same_chunks.document = {"c"};
  expect_refused({fresh, same_chunks});
  EXPECT_THROW(index.replace(same_chunks), Error);
  expect_refused({fresh, fresh});
  auto repeats = fresh;
  repeats.chunks.push_back(repeats.chunks[0]);
  expect_refused({repeats});
  auto short_one = fresh;
  short_one.chunks[0].embedding.pop_back();
  expect_refused({short_one});
  auto broken = fresh;
  broken.chunks[0].embedding[0] = std::numeric_limits<float>::infinity();
  expect_refused({broken});
  broken.document = {"a"};
  EXPECT_THROW(index.replace(broken), Error);
  EXPECT_EQ(index.snapshot()->version, version);
}

TEST(SegmentedIndex, ReplacesInOnePublication) {
  Collection collection(8);
  SegmentedIndex index(small(VectorEngine::kFlat));
  const auto old_one = collection.make_document("a");
  index.add({&old_one, 1});
  const auto version = index.snapshot()->version;
  const auto new_one = collection.make_document("a");
  index.replace(new_one);
  EXPECT_EQ(index.snapshot()->version, version + 1);
  EXPECT_EQ(index.snapshot()->documents, 1u);
  EXPECT_EQ(index.snapshot()->chunks, new_one.chunks.size());
  index.replace(new_one);  // the same ids again
  EXPECT_EQ(index.snapshot()->chunks, new_one.chunks.size());
  index.replace({DocumentId{"a"}, {}});
  EXPECT_EQ(index.snapshot()->version, version + 3);
  EXPECT_EQ(index.snapshot()->documents, 0u);
}

TEST(SegmentedIndex, ACancelledMergeLeavesEverythingAsItWas) {
  Collection collection(4);
  SegmentedIndex index(small(VectorEngine::kFlat));
  for (int n = 0; n < 9; ++n) {
    const auto document = collection.make_document("d" + std::to_string(n));
    index.add({&document, 1});
  }
  const auto before = index.snapshot();
  const Cancellation cancelled;
  cancelled.cancel(CancelReason::kShutdown);
  EXPECT_THROW(index.merge_if_due(cancelled), Error);
  EXPECT_EQ(index.snapshot(), before);
  index.merge_if_due(Cancellation());
  EXPECT_GT(index.snapshot()->version, before->version);
  EXPECT_EQ(index.snapshot()->chunks, before->chunks);
}

// What a reader may see while documents come and go: each snapshot is of one moment, its indexes agree with each other,
// and what was removed before the snapshot was taken is not in it.
TEST(SegmentedIndex, ReadersSeeWholeStatesWhileOthersAddRemoveAndMerge) {
  SegmentedIndex index(small(VectorEngine::kFlat));
  constexpr int kDocuments = 400;
  std::atomic<int> removed_up_to{0};
  std::atomic<bool> finished{false};
  std::thread writer([&] {
    Collection collection(5);
    for (int n = 0; n < kDocuments; ++n) {
      auto document = collection.make_document("d" + std::to_string(n));
      for (auto& chunk : document.chunks) chunk.text = "always";
      index.add({&document, 1});
      if (n >= 20) {
        index.remove({"d" + std::to_string(n - 20)});
        removed_up_to = n - 20 + 1;
      }
    }
    finished = true;
  });
  std::thread merger([&] {
    while (!finished) index.merge_if_due(Cancellation());
  });
  const auto read = [&] {
    std::uint64_t last_version = 0;
    const std::vector<float> query(kDimensions, 1.0F);
    while (!finished) {
      const int removed = removed_up_to;
      const auto snapshot = index.snapshot();
      EXPECT_GE(snapshot->version, last_version);
      last_version = snapshot->version;
      const Ranking by_vector = snapshot->vector->search(query, 10'000, {});
      const Ranking by_word = snapshot->keyword->search("always", 10'000, {});
      EXPECT_EQ(by_vector.size(), snapshot->chunks);
      std::set<ChunkId> ids;
      for (const ScoredChunk& found : by_vector) ids.insert(found.chunk);
      for (const ScoredChunk& found : by_word) EXPECT_TRUE(ids.contains(found.chunk));
      EXPECT_EQ(by_word.size(), by_vector.size());
      if (removed > 0) {
        const SearchFilter gone{{{"d" + std::to_string(removed - 1)}}};
        EXPECT_TRUE(snapshot->vector->search(query, 10, gone).empty());
        EXPECT_TRUE(snapshot->keyword->search("always", 10, gone).empty());
      }
    }
  };
  std::thread first(read);
  std::thread second(read);
  for (std::thread* thread : {&writer, &merger, &first, &second}) thread->join();
  EXPECT_EQ(index.snapshot()->documents, 20u);
}

// Saving moves the floats of segments from memory into the file, under those who read them.
TEST(SegmentedIndex, ReadersFindTheSameWhileTheFloatsMoveIntoTheFile) {
  for (const VectorEngine engine : {VectorEngine::kInt8, VectorEngine::kInt8Approximate}) {
    SegmentedIndex index(small(engine));
    Collection collection(6);
    for (int n = 0; n < 50; ++n) {
      const auto document = collection.make_document("stays" + std::to_string(n));
      index.add({&document, 1});
    }
    const std::vector<float> query(kDimensions, 1.0F);
    const auto best = [&](const IndexSnapshot& snapshot) { return snapshot.vector->search(query, 20, {}); };
    const Ranking expected = best(*index.snapshot());
    const auto file = std::filesystem::temp_directory_path() / ("jackdaw-index-" + random_id());
    std::atomic<bool> finished{false};
    std::thread writer([&] {
      for (std::int64_t n = 0; n < 100; ++n) {
        // Farther than all others.
        const DocumentId id{"goes" + std::to_string(n % 7)};
        IndexedDocument document{id, {}};
        document.chunks.push_back({ChunkId{100'000 + n}, "word", Embedding(kDimensions, -10.0F)});
        index.replace(document);
        if (n % 10 == 0) index.save(file, "stamp", Cancellation());
      }
      finished = true;
    });
    std::thread merger([&] {
      while (!finished) index.merge_if_due(Cancellation());
    });
    const auto read = [&] {
      const auto oldest = index.snapshot();
      while (!finished) {
        EXPECT_EQ(best(*oldest), expected);
        EXPECT_EQ(best(*index.snapshot()), expected);
      }
    };
    std::thread first(read);
    std::thread second(read);
    for (std::thread* thread : {&writer, &merger, &first, &second}) thread->join();
    EXPECT_EQ(best(*index.snapshot()), expected);
    std::filesystem::remove(file);
  }
}

// While documents are replaced and merged, each snapshot holds of each document one version, whole, in both indexes,
// and never an older one than the snapshot before.
TEST(SegmentedIndex, ReadersFindExactlyOneWholeVersionOfADocumentThatIsReplaced) {
  SegmentedIndex index(small(VectorEngine::kFlat));
  constexpr int kDocuments = 4;
  constexpr int kVersions = 150;
  const auto chunks_of_version = [](std::int64_t version) { return 1 + static_cast<std::size_t>(version) % 5; };
  const auto replace_by = [&](int document, std::int64_t version) {
    IndexedDocument made{DocumentId{"d" + std::to_string(document)}, {}};
    for (std::size_t i = 0; i < chunks_of_version(version); ++i) {
      const auto id = static_cast<std::int64_t>(i) + 10 * (version + 1000 * document);
      made.chunks.push_back({ChunkId{id}, "always", Embedding(kDimensions, 1.0F)});
    }
    index.replace(made);
  };
  for (int document = 0; document < kDocuments; ++document) replace_by(document, 0);
  std::atomic<int> writers{2};
  const auto write = [&](int first) {
    for (std::int64_t version = 1; version < kVersions; ++version) {
      for (int document = first; document < kDocuments; document += 2) replace_by(document, version);
    }
    --writers;
  };
  const auto version_in = [&](const Ranking& found) {
    EXPECT_FALSE(found.empty());
    if (found.empty()) return std::int64_t{0};
    const std::int64_t version = found[0].chunk.value / 10 % 1000;
    EXPECT_EQ(found.size(), chunks_of_version(version));
    for (const ScoredChunk& each : found) EXPECT_EQ(each.chunk.value / 10 % 1000, version);
    return version;
  };
  const auto read = [&] {
    std::int64_t newest[kDocuments] = {};
    while (writers > 0) {
      const auto snapshot = index.snapshot();
      EXPECT_EQ(snapshot->documents, static_cast<std::size_t>(kDocuments));
      for (int document = 0; document < kDocuments; ++document) {
        const SearchFilter filter{{DocumentId{"d" + std::to_string(document)}}};
        const auto version = version_in(snapshot->keyword->search("always", 100, filter));
        EXPECT_EQ(version, version_in(snapshot->vector->search(Embedding(kDimensions, 1.0F), 100, filter)));
        EXPECT_GE(version, newest[document]);
        newest[document] = version;
      }
    }
  };
  std::thread threads[] = {std::thread(write, 0), std::thread(write, 1), std::thread(read), std::thread(read),
                           std::thread([&] {
                             while (writers > 0) index.merge_if_due(Cancellation());
                           })};
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(index.snapshot()->chunks, kDocuments * chunks_of_version(kVersions - 1));
}

}  // namespace
}  // namespace jackdaw::index
