#include "store/schema.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <string>

#include "core/error.h"
#include "store/document_rows.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

class SchemaTest : public testing::Test {
 protected:
  std::string refusal() {
    try {
      const SqliteStore store({.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kConflict);
      return error.what();
    }
    return "";
  }

  // Everything that stands in the folder, but SQLite's shared memory, which holds no data.
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file() && !entry.path().native().ends_with("-shm")) {
        files[entry.path().native()] = bytes_of(entry.path());
      }
    }
    return files;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "jackdaw.db";
};

TEST_F(SchemaTest, IsAtItsNewestVersionInAFreshFolder) {
  EXPECT_EQ(refusal(), "");
  Database database(file_, Database::Access::kReadOnly);
  EXPECT_EQ(database.integer("PRAGMA user_version"), migrations().back().version);
  EXPECT_EQ(database.integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(database.integer("PRAGMA page_size"), 4096);
}

TEST_F(SchemaTest, NumbersItsMigrationsFromOneWithoutGaps) {
  int expected = 0;
  for (const Migration& step : migrations()) EXPECT_EQ(step.version, ++expected);
}

TEST_F(SchemaTest, RefusesANewerFolderUntouchedNamingBothVersions) {
  EXPECT_EQ(refusal(), "");
  {
    Database newer(file_, Database::Access::kReadWrite);
    newer.execute("CREATE TABLE of_tomorrow(x)");
    newer.execute("PRAGMA user_version = 7");
    newer.checkpoint_truncate();
  }
  std::ofstream(folder_.path() / "spool" / "of_tomorrow") << "kept";
  std::filesystem::remove(file_.string() + "-shm");
  const auto before = everything();
  const std::string sentence = refusal();
  EXPECT_NE(sentence.find("format is version 7"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("up to version " + std::to_string(migrations().back().version)), std::string::npos);
  EXPECT_EQ(everything(), before);
  EXPECT_FALSE(std::filesystem::exists(file_.string() + "-shm"));
}

TEST_F(SchemaTest, RefusesANewerFolderWhoseVersionStandsOnlyInTheLog) {
  EXPECT_EQ(refusal(), "");
  {
    Database(file_, Database::Access::kReadWrite).execute("PRAGMA user_version = 8");
  }
  const auto before = everything();
  ASSERT_FALSE(before.at(file_.string() + "-wal").empty());
  EXPECT_NE(refusal().find("format is version 8"), std::string::npos);
  EXPECT_EQ(everything(), before);
}

TEST_F(SchemaTest, RefusesFilesOfOtherProgramsUntouched) {
  {
    Database foreign(file_, Database::Access::kReadWrite);
    foreign.execute("CREATE TABLE of_another(x)");
  }
  auto before = everything();
  EXPECT_NE(refusal().find("not a Jackdaw collection"), std::string::npos);
  EXPECT_EQ(everything(), before);

  for (const std::string& content : {std::string("short"), std::string(5000, 'x')}) {
    std::ofstream(file_, std::ios::trunc) << content;
    before = everything();
    EXPECT_NE(refusal().find("not a Jackdaw collection"), std::string::npos);
    EXPECT_EQ(everything(), before);
  }
}

TEST_F(SchemaTest, TakesAnEmptyFileForAFreshFolder) {
  std::ofstream(file_).close();
  EXPECT_EQ(refusal(), "");
}

TEST_F(SchemaTest, AMigrationThatFailsLeavesTheVersionBeforeIt) {
  constexpr std::array kSteps = {Migration{1, "CREATE TABLE first(x)"},
                                 Migration{2, "CREATE TABLE second(x); INSERT INTO first VALUES(1); SELECT nonsense"}};
  Database database(folder_.path() / "m.db", Database::Access::kReadWrite);
  EXPECT_THROW(migrate(database, kSteps), Error);
  EXPECT_EQ(database.integer("PRAGMA user_version"), 1);
  EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema"), 1);
  EXPECT_EQ(database.integer("SELECT count(*) FROM first"), 0);

  constexpr std::array kMended = {kSteps[0], Migration{2, "CREATE TABLE second(x)"}};
  migrate(database, kMended);
  EXPECT_EQ(database.integer("PRAGMA user_version"), 2);
  migrate(database, kMended);
  EXPECT_EQ(database.integer("SELECT count(*) FROM second"), 0);
}

// FNV-1a.
std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

TEST_F(SchemaTest, NeverChangesAStepThatWasReleased) {
  constexpr std::array<std::uint64_t, 2> kReleased = {13544557528979907578U, 2083336390655557235U};
  ASSERT_EQ(migrations().size(), kReleased.size()) << "write the new step's fingerprint here";
  for (std::size_t i = 0; i < kReleased.size(); ++i) EXPECT_EQ(fingerprint(migrations()[i].sql), kReleased[i]) << i + 1;
}

TEST_F(SchemaTest, TakesAFolderOfVersionOneWithAllThatIsInIt) {
  std::mt19937 random(3);
  std::filesystem::create_directories(folder_.path() / "originals");
  Spool spool = spool_of(folder_.path(), "bytes");
  const NewDocument sample = sample_document(spool, "mark", random);
  std::vector<ChunkId> ids;
  {
    Database database(file_, Database::Access::kReadWrite);
    database.execute("PRAGMA page_size = 4096");
    database.execute("PRAGMA journal_mode = WAL");
    migrate(database, migrations().first(1));
    ASSERT_EQ(database.integer("PRAGMA user_version"), 1);
    const std::int64_t number = insert_document(database, sample);
    insert_pages(database, number, sample.pages);
    ids = insert_chunks(database, number, sample);
    database.execute("INSERT INTO meta(name, value) VALUES('embedder', 'e')");
  }
  std::vector<StoredAnswer> answers;
  for (int opening = 0; opening < 2; ++opening) {
    SqliteStore store({.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}});
    EXPECT_EQ(store.find(sample.document.id).value().filename, sample.document.filename);
    const std::vector<Passage> passages = store.passages(ids);
    ASSERT_EQ(passages.size(), sample.chunks.size());
    EXPECT_EQ(passages.back().text, sample.chunks.back().text);
    EXPECT_EQ(passages.back().span, sample.chunks.back().span);
    std::size_t vectors = 0;
    store.for_each_indexed([&](IndexedDocument&& document) {
      for (const IndexedChunk& chunk : document.chunks) EXPECT_EQ(chunk.embedding, sample.embeddings[vectors++]);
    });
    EXPECT_EQ(vectors, sample.embeddings.size());
    answers.push_back(typical_answer("word", passages));
    store.keep({&answers.back(), 1});
    for (const StoredAnswer& answer : answers) {
      EXPECT_EQ(describe(store.find_answer(answer.id).value()), describe(answer));
    }
  }
  EXPECT_EQ(Database(file_, Database::Access::kReadOnly).integer("PRAGMA user_version"), migrations().back().version);
}

TEST_F(SchemaTest, RefusesVectorsOfAnotherEmbedder) {
  std::mt19937 random(1);
  {
    SqliteStore store({.data_dir = folder_.path(), .embedder_name = "first", .on_step = {}});
    EXPECT_EQ(store.embedder_name(), "first");
  }
  {
    // Without vectors there is nothing to compare wrongly.
    SqliteStore store({.data_dir = folder_.path(), .embedder_name = "second", .on_step = {}});
    EXPECT_EQ(store.embedder_name(), "second");
    Spool spool = spool_of(folder_.path(), "bytes");
    store.add(sample_document(spool, "mark", random));
  }
  const std::string sentence = refusal();
  EXPECT_NE(sentence.find("'second'"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("'e'"), std::string::npos) << sentence;
  SqliteStore any({.data_dir = folder_.path(), .embedder_name = "", .on_step = {}});
  EXPECT_EQ(any.embedder_name(), "second");
  EXPECT_EQ(any.count(), 1);
}

}  // namespace
}  // namespace jackdaw::store
