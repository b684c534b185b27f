#include "store/schema.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <string>

#include "core/error.h"
#include "store/box_codec.h"
#include "store/score_codec.h"
#include "store/sqlite_store.h"
#include "store/wall_time_column.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

// What the program of format 1 and 2 wrote for a document.
std::vector<ChunkId> insert_as_format_2(Database& database, const SampleDocument& sample) {
  database
      .prepare(
          "INSERT INTO documents(id, sha256, filename, filename_folded, title, title_folded, media_type, bytes, pages, "
          "chunks, status, created_ns) VALUES(?1, ?2, ?3, ?3, ?4, ?4, ?5, ?6, ?7, ?8, 0, ?9)")
      .run(sample.document.id.value, sample.original.sha256, sample.document.filename, sample.document.title,
           sample.document.media_type, sample.original.bytes, sample.pages.size(), sample.chunks.size(),
           to_column(sample.document.created_at));
  const std::int64_t number = database.last_row();
  for (std::size_t place = 0; place < sample.document.tags.size(); ++place) {
    database.prepare("INSERT INTO tags(document, place, tag) VALUES(?1, ?2, ?3)")
        .run(number, place, sample.document.tags[place]);
  }
  for (const Page& page : sample.pages) {
    database
        .prepare(
            "INSERT INTO pages(document, number, label, width, height, text, words) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .run(number, page.number, page.label, page.width, page.height, page.text, Blob(encode_words(page.words)));
  }
  std::vector<ChunkId> ids;
  for (std::size_t i = 0; i < sample.chunks.size(); ++i) {
    const Chunk& chunk = sample.chunks[i];
    database
        .prepare("INSERT INTO chunks(document, page, begin_byte, end_byte, boxes, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
        .run(number, chunk.span.page, chunk.span.begin, chunk.span.end, Blob(encode_boxes(chunk.span.boxes)),
             chunk.text);
    ids.push_back({database.last_row()});
    database.prepare("INSERT INTO vectors(chunk, components) VALUES(?1, ?2)")
        .run(ids.back().value, std::as_bytes(std::span(sample.embeddings[i])));
  }
  return ids;
}

// What the programs of format 2 and 3 wrote for an answer that says "Hi you" and returned one passage.
StoredAnswer insert_answer_as_format_3(Database& database, const Passage& passage) {
  constexpr std::array<unsigned char, 31> kEvents = {1,                                               //
                                                     0,     1,     'p', 1, 'm',                       //
                                                     1,     5,                                        //
                                                     2,     2,     0,                                 //
                                                     8 + 2, 8 + 4,                                    //
                                                     4,     2,     0,   0, 0,   0, 0, 0, 0xf0, 0x3f,  //
                                                     5,     0,     0,   0, 1,   6, 0, 17};
  AnswerTimings timings;
  timings.resolve_ms = 1;
  RetrievedPassage returned;
  returned.passage = passage;
  returned.score = 0.5F;
  AnswerFinal last;
  last.answer = "Hi you";
  last.passages = {returned};
  last.usage.input_tokens = 3;
  last.index_version = 17;
  StoredAnswer answer{.id = {random_id()}, .question = "Who?", .created_at = {}, .ended_at = {}, .events = {}};
  answer.events = {AnswerMeta{answer.id, "p", "m"},
                   AnswerStatus{AnswerStage::kAnswering},
                   AnswerSources{{returned}, RerankSkipped::kNo},
                   AnswerToken{"Hi"},
                   AnswerToken{" you"},
                   AnswerTiming{timings},
                   last};
  database
      .prepare(
          "INSERT INTO answers(id, question, created_ns, ended_ns, text, events) VALUES(?1, 'Who?', 0, 0, 'Hi "
          "you', ?2)")
      .run(answer.id.value, std::as_bytes(std::span(kEvents)));
  database
      .prepare(
          "INSERT INTO answer_sources(answer, place, chunk, document, scores) VALUES(last_insert_rowid(), 0, ?1, "
          "?2, ?3)")
      .run(passage.chunk.value, passage.document.value, Blob(encode_scores(returned)));
  return answer;
}

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
  constexpr std::array<std::uint64_t, 5> kReleased = {13544557528979907578U, 2083336390655557235U, 1894981748296723338U,
                                                      5752226036278201994U, 11990755777943395774U};
  ASSERT_EQ(migrations().size(), kReleased.size()) << "write the new step's fingerprint here";
  for (std::size_t i = 0; i < kReleased.size(); ++i) EXPECT_EQ(fingerprint(migrations()[i].sql), kReleased[i]) << i + 1;
}

class OlderFormatTest : public SchemaTest, public testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(EachFormat, OlderFormatTest, testing::Values(1U, 2U, 3U, 4U));

TEST_P(OlderFormatTest, IsTakenWithAllThatIsInIt) {
  std::mt19937 random(3);
  std::filesystem::create_directories(folder_.path() / "originals");
  Spool spool = spool_of(folder_.path(), "bytes");
  SampleDocument sample = sample_document(spool, "mark", random);
  for (Chunk& chunk : sample.chunks) chunk.heading.clear();
  sample.document.id = {random_id()};
  std::vector<ChunkId> ids;
  std::vector<StoredAnswer> answers;
  {
    Database database(file_, Database::Access::kReadWrite);
    database.execute("PRAGMA page_size = 4096");
    database.execute("PRAGMA journal_mode = WAL");
    migrate(database, migrations().first(GetParam()));
    ASSERT_EQ(database.integer("PRAGMA user_version"), static_cast<std::int64_t>(GetParam()));
    ids = insert_as_format_2(database, sample);
    database.execute("INSERT INTO meta(name, value) VALUES('embedder', 'e')");
    // A document that could not be read.
    database.execute(
        "INSERT INTO documents(id, sha256, filename, filename_folded, title, title_folded, media_type, bytes, pages, "
        "chunks, status, created_ns) VALUES('failed', printf('%064d', 7), 'f', 'f', '', '', '', 1, 0, 0, 1, 0)");
    if (GetParam() >= 3) {
      database.execute(
          "INSERT INTO jobs(document, sha256, filename, bytes, title, tags, source, keep_partial, state, failure_code, "
          "failure_message, failure_page, attempts, created_ns) VALUES(last_insert_rowid(), printf('%064d', 7), 'f', "
          "1, '', x'0100', '', 0, 1, '', '', 0, 0, 0)");
    }
    if (GetParam() >= 2) {
      const Passage first{.chunk = ids[0],
                          .document = sample.document.id,
                          .filename = sample.document.filename,
                          .page_label = sample.pages[0].label,
                          .text = sample.chunks[0].text,
                          .span = sample.chunks[0].span};
      answers.push_back(insert_answer_as_format_3(database, first));
    }
  }
  for (int opening = 0; opening < 2; ++opening) {
    SqliteStore store({.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}});
    const Document found = store.find(sample.document.id).value();
    EXPECT_EQ(found.filename, sample.document.filename);
    EXPECT_EQ(found.status, DocumentStatus::kReady);
    EXPECT_EQ(found.tags, sample.document.tags);
    EXPECT_EQ(found.source, "");
    EXPECT_TRUE(found.pages_without_text.empty());
    EXPECT_FALSE(found.failure || found.replacement);
    EXPECT_EQ(store.matching({.tags = {"second"}}), std::vector{sample.document.id});
    EXPECT_FALSE(store.index_stamp().empty());
    EXPECT_EQ(store.find({"failed"}).value().status, opening == 0 ? DocumentStatus::kFailed : DocumentStatus::kQueued);
    if (opening == 0) store.retry({"failed"});
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
  SqliteStore store({.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}});
  EXPECT_TRUE(store.list_conversations({}).conversations.empty());
  const ConversationId conversation = store.create_conversation("").id;
  store.begin_turn({.conversation = conversation, .question = "New?", .answer = {random_id()}});
  EXPECT_EQ(store.forget_answers_before(WallTime::max(), 1000), answers.size());
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
    add(store, sample_document(spool, "mark", random));
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
