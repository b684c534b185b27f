#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "index/segmented_index.h"
#include "index/snapshot_format.h"
#include "tests/support/exact_search.h"

// Saving the index and loading it again.
namespace jackdaw::index {
namespace {

constexpr std::size_t kDimensions = 16;

std::vector<IndexedDocument> some_documents(std::size_t count, std::size_t chunks_each, std::int64_t first_chunk = 1,
                                            std::uint32_t seed = 3) {
  auto documents = testing::random_word_documents(count, chunks_each, 500, seed);
  std::mt19937 random(seed);
  std::normal_distribution<float> value;
  for (auto& document : documents) {
    document.document.value += "-" + std::to_string(first_chunk);
    for (auto& chunk : document.chunks) {
      chunk.chunk.value += first_chunk - 1;
      chunk.embedding.resize(kDimensions);
      for (float& x : chunk.embedding) x = value(random);
    }
  }
  return documents;
}

void expect_same_rankings(const SegmentedIndex& found, const SegmentedIndex& expected) {
  const auto a = found.snapshot();
  const auto b = expected.snapshot();
  ASSERT_EQ(a->documents, b->documents);
  ASSERT_EQ(a->chunks, b->chunks);
  std::mt19937 random(9);
  for (int query = 0; query < 50; ++query) {
    const std::string words = testing::random_words(random, 4, 500);
    ASSERT_EQ(a->keyword->search(words, 100, {}), b->keyword->search(words, 100, {}));
    const auto embedding = some_documents(1, 1, 1, static_cast<std::uint32_t>(query))[0].chunks[0].embedding;
    const Ranking nearest = b->vector->search(embedding, 1000, {});
    ASSERT_EQ(a->vector->search(embedding, 1000, {}), nearest);
    for (const ScoredChunk& near : nearest) ASSERT_EQ(a->vector->similarity(embedding, near.chunk), near.score);
    const SearchFilter filter{{DocumentId{"d1-1"}, DocumentId{"d3-1"}}};
    ASSERT_EQ(a->keyword->search(words, 5, filter), b->keyword->search(words, 5, filter));
    ASSERT_EQ(a->vector->search(embedding, 5, filter), b->vector->search(embedding, 5, filter));
  }
}

class IndexSnapshotTest : public ::testing::TestWithParam<VectorEngine> {
 protected:
  IndexSnapshotTest() {
    std::filesystem::create_directory(folder_);
    log::set_level(log::Level::kError);  // hundreds of damaged files are met here
  }
  ~IndexSnapshotTest() override {
    log::set_level(log::Level::kInfo);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  SegmentedIndexOptions options() const {
    return {.dimensions = kDimensions, .vectors = GetParam(), .merge = {.fan_in = 3, .smallest_tier_rows = 8}};
  }
  // Several segments, with and without deleted rows.
  void fill(SegmentedIndex& index) const {
    for (std::int64_t batch = 0; batch < 4; ++batch) index.add(some_documents(5, 7, 1 + batch * 100));
    index.remove({"d2-1"});
    index.remove({"d0-201"});
    index.remove({"d4-201"});
  }
  std::filesystem::path file() const { return folder_ / "snapshot"; }
  std::string bytes() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(std::string_view content) const {
    std::ofstream(file(), std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  void expect_refused(const SegmentedIndexOptions& made_with, std::string_view stamp = "stamp") const {
    SegmentedIndex index(made_with);
    expect_refused_by(index, stamp);
  }
  // Floats that stay in the file are checked when a search or a save needs them; a file that is found damaged then is
  // removed.
  void expect_damage_is_found_by(SegmentedIndex& loaded) const {
    const auto snapshot = loaded.snapshot();
    EXPECT_THROW(snapshot->vector->search(std::vector<float>(kDimensions, 1.0F), 1000, {}), Error);
    EXPECT_FALSE(std::filesystem::exists(file()));
    EXPECT_THROW(loaded.save(file(), "stamp", Cancellation()), Error);
    EXPECT_FALSE(std::filesystem::exists(file()));
  }
  bool leaves_floats_in_the_file() const {
    return GetParam() == VectorEngine::kInt8 || GetParam() == VectorEngine::kInt8Approximate;
  }
  void expect_refused_by(SegmentedIndex& index, std::string_view stamp = "stamp") const {
    const auto before = index.snapshot();
    EXPECT_FALSE(index.load(file(), stamp));
    EXPECT_EQ(index.snapshot(), before);
  }

  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("jackdaw-index-" + random_id());
};
INSTANTIATE_TEST_SUITE_P(Faiss, IndexSnapshotTest, ::testing::Values(VectorEngine::kFaiss));
INSTANTIATE_TEST_SUITE_P(Flat, IndexSnapshotTest, ::testing::Values(VectorEngine::kFlat));
INSTANTIATE_TEST_SUITE_P(Int8, IndexSnapshotTest, ::testing::Values(VectorEngine::kInt8));
INSTANTIATE_TEST_SUITE_P(Int8Approximate, IndexSnapshotTest, ::testing::Values(VectorEngine::kInt8Approximate));

TEST_P(IndexSnapshotTest, RanksAsTheIndexThatWasSaved) {
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "stamp", Cancellation());
  SegmentedIndex loaded(options());
  const auto version = loaded.snapshot()->version;
  ASSERT_TRUE(loaded.load(file(), "stamp"));
  EXPECT_GT(loaded.snapshot()->version, version);
  expect_same_rankings(loaded, saved);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "the file alone";
}

TEST_P(IndexSnapshotTest, AnEmptyIndexIsSavedAndLoadedToo) {
  SegmentedIndex(options()).save(file(), "", Cancellation());
  SegmentedIndex loaded(options());
  EXPECT_TRUE(loaded.load(file(), ""));
  EXPECT_EQ(loaded.snapshot()->chunks, 0u);
}

TEST_P(IndexSnapshotTest, GoesOnAfterLoadingAsIfItHadBeenBuilt) {
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "stamp", Cancellation());
  SegmentedIndex loaded(options());
  ASSERT_TRUE(loaded.load(file(), "stamp"));
  for (SegmentedIndex* index : {&saved, &loaded}) {
    index->add(some_documents(3, 4, 1000));
    index->remove({"d1-101"});
    auto changed = some_documents(1, 9, 2000)[0];
    changed.document = {"d3-1"};
    index->replace(changed);
    index->add(some_documents(1, 4, 201));  // removed before it was saved
    index->merge_if_due(Cancellation());
  }
  expect_same_rankings(loaded, saved);
  EXPECT_THROW(loaded.add(some_documents(2, 7, 301)), Error) << "is there already";
}

TEST_P(IndexSnapshotTest, TheNewestSaveStands) {
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "first", Cancellation());
  saved.remove({"d1-1"});
  saved.save(file(), "second", Cancellation());
  expect_refused(options(), "first");
  SegmentedIndex loaded(options());
  ASSERT_TRUE(loaded.load(file(), "second"));
  expect_same_rankings(loaded, saved);
}

TEST_P(IndexSnapshotTest, NothingIsLeftOfWhatWasRemovedBefore) {
  SegmentedIndex saved(options());
  auto documents = some_documents(3, 3);
  documents[1].document = {"verysecretname"};
  documents[1].chunks[0].text = "unmistakableword";
  documents[1].chunks[0].embedding.assign(kDimensions, 0.123456F);
  saved.add(documents);
  const Embedding& secret = documents[1].chunks[0].embedding;
  const std::string traces[] = {"verysecretname", Analyzer().terms("unmistakableword")[0],
                                std::string(reinterpret_cast<const char*>(secret.data()), 2 * sizeof(float))};
  saved.save(file(), "stamp", Cancellation());
  for (const std::string& trace : traces) EXPECT_NE(bytes().find(trace), std::string::npos) << trace;
  saved.remove({"verysecretname"});
  saved.save(file(), "stamp", Cancellation());
  for (const std::string& trace : traces) EXPECT_EQ(bytes().find(trace), std::string::npos) << trace;
}

TEST_P(IndexSnapshotTest, RefusesAFileOfAnotherStateOrConfiguration) {
  expect_refused(options());  // there is none
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "stamp", Cancellation());
  expect_refused(options(), "stamp2");
  expect_refused(options(), "");
  auto other = options();
  other.dimensions = kDimensions * 2;
  expect_refused(other);
  other = options();
  other.analyzer.stem = false;
  expect_refused(other);
  other = options();
  other.analyzer.drop_stop_words = false;
  expect_refused(other);
  other = options();
  other.analyzer.max_term_bytes = 63;
  expect_refused(other);
  other = options();
  other.analyzer.language = AnalyzerLanguage::kUnicode;
  expect_refused(other);
  other = options();
  other.fields.title = 2;
  expect_refused(other);
  other = options();
  other.fields.heading = 0;
  expect_refused(other);
  other = options();
  other.vectors = GetParam() == VectorEngine::kFlat ? VectorEngine::kFaiss : VectorEngine::kFlat;
  expect_refused(other);
  std::string newer = bytes();
  newer[8] = static_cast<char>(kSnapshotVersion + 1);
  write(newer);
  expect_refused(options());
}

TEST_P(IndexSnapshotTest, RefusesAFileThatEndsTooEarlyOrTooLate) {
  SegmentedIndex saved(options());
  saved.add(some_documents(2, 2));
  saved.add(some_documents(1, 2, 50));
  saved.save(file(), "stamp", Cancellation());
  const std::string whole = bytes();
  SegmentedIndex index(options());
  for (std::size_t size = whole.size(); size-- > 0;) {
    std::filesystem::resize_file(file(), size);
    expect_refused_by(index);
    ASSERT_FALSE(HasFailure()) << size << " of " << whole.size() << " bytes";
  }
  write(whole + '\0');
  expect_refused_by(index);
  write(whole);
  EXPECT_TRUE(index.load(file(), "stamp"));
}

TEST_P(IndexSnapshotTest, RefusesAFileOfWhichAnyByteChanged) {
  SegmentedIndex saved(options());
  saved.add(some_documents(2, 2));
  saved.add(some_documents(1, 2, 50));
  saved.save(file(), "stamp", Cancellation());
  const std::string whole = bytes();
  const auto put = [&](std::size_t at, char value) {
    std::fstream damaging(file(), std::ios::in | std::ios::out | std::ios::binary);
    damaging.seekp(static_cast<std::streamoff>(at)).put(value).flush();
  };
  std::mt19937 random(4);
  SegmentedIndex index(options());
  std::size_t found_later = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    put(at, static_cast<char>(whole[at] ^ static_cast<char>(1 + random() % 255)));
    SegmentedIndex fresh(options());
    if (leaves_floats_in_the_file() && fresh.load(file(), "stamp")) {
      ++found_later;
      expect_damage_is_found_by(fresh);
      write(whole);
    } else {
      expect_refused_by(index);
      put(at, whole[at]);
    }
    ASSERT_FALSE(HasFailure()) << "byte " << at;
  }
  EXPECT_EQ(found_later, leaves_floats_in_the_file() ? 6 * kDimensions * sizeof(float) : 0);
  EXPECT_TRUE(index.load(file(), "stamp"));
}

TEST_P(IndexSnapshotTest, RefusesAFolderAndAnUnreadableName) {
  std::filesystem::create_directory(file());
  expect_refused(options());
  std::filesystem::remove(file());
  std::filesystem::create_symlink("snapshot", file());  // a loop
  expect_refused(options());
}

TEST_P(IndexSnapshotTest, LoadsOnlyIntoAnEmptyIndex) {
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "stamp", Cancellation());
  const auto before = saved.snapshot();
  EXPECT_THROW(saved.load(file(), "stamp"), Error);
  EXPECT_EQ(saved.snapshot(), before);
}

TEST_P(IndexSnapshotTest, ACancelledOrFailedSaveLeavesWhatStoodThere) {
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "stamp", Cancellation());
  const std::string before = bytes();
  const Cancellation cancelled;
  cancelled.cancel(CancelReason::kShutdown);
  EXPECT_THROW(saved.save(file(), "other", cancelled), Error);
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  try {
    saved.save(folder_ / "missing" / "snapshot", "stamp", Cancellation());
    ADD_FAILURE() << "was saved in a folder that is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
  }
}

TEST_P(IndexSnapshotTest, SaysWhenThereIsNoRoom) {
  SegmentedIndex saved(options());
  fill(saved);
  saved.save(file(), "stamp", Cancellation());
  const std::string before = bytes();
  struct rlimit old = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit low = old;
  low.rlim_cur = 1000;
  auto* const old_action = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  try {
    saved.save(file(), "stamp", Cancellation());
    ADD_FAILURE() << "was saved";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kStorageFull);
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_action);
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

// What is saved while others write is one moment's state: of each document one whole version.
TEST_P(IndexSnapshotTest, SavesOneStateWhileOthersWrite) {
  SegmentedIndex index(options());
  std::atomic<bool> finished{false};
  const auto version_of = [](int document, int version) {
    auto made = some_documents(1, 1 + static_cast<std::size_t>(version) % 4, 1 + document * 100'000 + version * 10)[0];
    made.document = {"d" + std::to_string(document)};
    for (auto& chunk : made.chunks) chunk.text = "always";
    return made;
  };
  std::thread writer([&] {
    for (int step = 0; !finished; ++step) {
      index.replace(version_of(step % 5, step / 5));
      if (step % 7 == 0) index.remove({"d" + std::to_string(step % 5)});
      if (step % 3 == 0) index.merge_if_due(Cancellation());
    }
  });
  for (int round = 0; round < 30; ++round) {
    index.save(file(), "stamp", Cancellation());
    SegmentedIndex loaded(options());
    EXPECT_TRUE(loaded.load(file(), "stamp"));
    const auto snapshot = loaded.snapshot();
    std::set<std::int64_t> chunks;
    for (const auto& found : snapshot->keyword->search("always", 1000, {})) chunks.insert(found.chunk.value);
    EXPECT_EQ(chunks.size(), snapshot->chunks);
    std::size_t documents = 0;
    for (int document = 0; document < 5; ++document) {
      const SearchFilter filter{{DocumentId{"d" + std::to_string(document)}}};
      const Ranking own = snapshot->vector->search(std::vector<float>(kDimensions, 1.0F), 100, filter);
      if (own.empty()) continue;
      ++documents;
      const std::int64_t version = own[0].chunk.value % 100'000 / 10;
      EXPECT_EQ(own.size(), 1 + static_cast<std::size_t>(version) % 4);
      for (const auto& found : own) EXPECT_EQ(found.chunk.value % 100'000 / 10, version);
    }
    EXPECT_EQ(documents, snapshot->documents);
  }
  finished = true;
  writer.join();
}

}  // namespace
}  // namespace jackdaw::index
