#include "store/verification.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

using Kind = Finding::Kind;

std::string sentences_of(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& each : findings) all += each.sentence + '\n';
  return all;
}

// A folder with two ready documents, a waiting one, a failed one, a replacement that waits, an answer, and a
// conversation of three turns, the last of which was lost.
class VerificationTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto store = open();
    ready_ = sample("ready");
    const auto chunks = add(*store, ready_);
    replaced_ = sample("replaced");
    add(*store, replaced_);
    NewUpload replacement = sample("replacement").upload();
    replacement.replaces = replaced_.document.id;
    store->accept(replacement);
    waiting_ = store->accept(sample("waiting").upload()).document;
    failed_ = store->accept(sample("failed").upload()).document;
    store->fail(store->waiting_job_of(failed_.id).value(), {ErrorCode::kDamagedDocument, "Damaged.", 1});
    answer_ = typical_answer("word", store->passages(chunks));
    store->keep({&answer_, 1});
    conversation_ = store->create_conversation("").id;
    for (const char* question : {"First?", "Second?"}) {
      const StoredAnswer said = typical_answer("said", store->passages(chunks));
      store->begin_turn({.conversation = conversation_, .question = question, .answer = said.id});
      store->keep({&said, 1});
    }
    store->begin_turn({.conversation = conversation_, .question = "Lost?", .answer = {random_id()}});
  }

  std::unique_ptr<SqliteStore> open() const {
    return std::make_unique<SqliteStore>(
        SqliteStoreOptions{.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}});
  }
  SampleDocument sample(const std::string& mark) {
    spools_.push_back(spool_of(folder_.path(), "original of " + mark));
    return sample_document(spools_.back(), mark, random_);
  }
  // Runs a statement as nothing of the program would.
  void damage(const std::string& sql) const {
    Database(folder_.path() / "jackdaw.db", Database::Access::kReadWrite).execute(sql);
  }
  std::filesystem::path original(const std::string& sha256) const {
    return folder_.path() / "originals" / sha256.substr(0, 2) / sha256;
  }
  std::vector<Finding> findings(bool repair = false) {
    spools_.clear();
    VerifyOptions options;
    options.repair = repair;
    return verify(folder_.path(), options);
  }

  // Exactly one finding, of that kind; a repair does what it says, and leaves nothing to find.
  void expect(Kind kind, bool repairable) {
    for (const bool repair : {false, true}) {
      const auto found = findings(repair);
      ASSERT_EQ(found.size(), 1U) << sentences_of(found);
      EXPECT_EQ(found[0].kind, kind) << found[0].sentence;
      EXPECT_EQ(found[0].repairable, repairable);
      EXPECT_EQ(found[0].repaired, repairable && repair);
      EXPECT_TRUE(found[0].sentence.ends_with('.')) << found[0].sentence;
    }
    EXPECT_EQ(findings().size(), repairable ? 0U : 1U);
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{53};
  std::vector<Spool> spools_;
  SampleDocument ready_;
  SampleDocument replaced_;
  Document waiting_;
  Document failed_;
  StoredAnswer answer_;
  ConversationId conversation_;
};

TEST_F(VerificationTest, FindsNothingInAFolderThatIsWhole) {
  EXPECT_TRUE(findings().empty()) << sentences_of(findings());
  EXPECT_TRUE(findings(true).empty());
  const auto store = open();
  EXPECT_EQ(store->waiting_jobs(), 2U);
  EXPECT_EQ(store->find(ready_.document.id).value().chunks, static_cast<std::int64_t>(ready_.chunks.size()));
}

TEST_F(VerificationTest, TellsOfItsProgressAndStopsWhenAsked) {
  VerifyOptions options;
  std::set<std::string_view> stages;
  options.on_progress = [&](const VerifyProgress& progress) {
    stages.insert(progress.stage);
    EXPECT_LE(progress.done, progress.all);
  };
  verify(folder_.path(), options);
  EXPECT_EQ(stages,
            (std::set<std::string_view>{"answers", "conversations", "database", "documents", "index", "originals"}));
  options.cancellation.cancel(CancelReason::kClient);
  EXPECT_THROW(verify(folder_.path(), options), Error);
}

TEST_F(VerificationTest, NeedsACollection) {
  const TemporaryFolder empty;
  EXPECT_THROW(verify(empty.path(), {}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

TEST_F(VerificationTest, AMissingOriginalIsReported) {
  std::filesystem::remove(original(ready_.original.sha256));
  expect(Kind::kOriginalMissing, false);
}

TEST_F(VerificationTest, AnOriginalOfAJobThatIsMissingIsReported) {
  std::filesystem::remove(original(waiting_.sha256));
  expect(Kind::kOriginalMissing, false);
}

TEST_F(VerificationTest, AnOriginalWithOtherBytesIsReported) {
  std::ofstream(original(ready_.original.sha256), std::ios::in) << "O";
  expect(Kind::kOriginalDamaged, false);
}

TEST_F(VerificationTest, AnOriginalThatWasCutIsReported) {
  std::filesystem::resize_file(original(failed_.sha256), 3);
  expect(Kind::kOriginalDamaged, false);
}

TEST_F(VerificationTest, AnOriginalThatNothingNamesIsDeleted) {
  const std::string name = ready_.original.sha256.substr(0, 2) + std::string(62, '0');
  std::ofstream(original(name)) << "left";
  expect(Kind::kOriginalUnreferenced, true);
  EXPECT_FALSE(std::filesystem::exists(original(name)));
  EXPECT_TRUE(std::filesystem::exists(original(ready_.original.sha256)));
}

TEST_F(VerificationTest, LeftSpoolFilesAndBackupsAreDeleted) {
  std::ofstream(folder_.path() / "spool" / "left") << "half a file";
  expect(Kind::kLeftover, true);
  std::filesystem::create_directories(folder_.path() / "backups" / "left");
  expect(Kind::kLeftover, true);
}

TEST_F(VerificationTest, AChunkThatIsNotWhatItsPageSaysIsReadAgain) {
  const std::string stamp = open()->index_stamp();
  damage("UPDATE chunks SET text = 'nothing' WHERE id = 2");
  expect(Kind::kContentsInconsistent, true);
  const auto store = open();
  EXPECT_NE(store->index_stamp(), stamp);
  const Document again = store->find(ready_.document.id).value();
  EXPECT_EQ(again.status, DocumentStatus::kQueued);
  EXPECT_EQ(again.tags, ready_.document.tags);
  EXPECT_TRUE(store->chunks_of(again.id, 10, "").passages.empty());
  ASSERT_TRUE(store->complete(store->waiting_job_of(again.id).value(), ready_.read()));
  EXPECT_EQ(bytes_of(store->original_of(again.id).value()), "original of ready");
}

TEST_F(VerificationTest, EveryFaultOfContentsIsFound) {
  const std::string first = "(SELECT min(id) FROM chunks WHERE document = 1)";
  for (const std::string& sql : {
           "DELETE FROM vectors WHERE chunk = " + first,
           "UPDATE vectors SET components = zeroblob(1536) WHERE chunk = " + first,
           "UPDATE vectors SET components = substr(components, 1, 3) WHERE chunk = " + first,
           "UPDATE vectors SET components = x'0000803f' WHERE chunk = 1 + " + first,
           "UPDATE chunks SET end_byte = end_byte + 100000 WHERE id = " + first,
           "UPDATE chunks SET page = 99 WHERE id = " + first,
           "UPDATE chunks SET begin_byte = -1 WHERE id = " + first,
           "UPDATE chunks SET boxes = x'07' WHERE id = " + first,
           std::string("UPDATE pages SET words = x'' WHERE number = 3 AND document = 1"),
           std::string("UPDATE pages SET text = 'other' WHERE number = 1 AND document = 1"),
       }) {
    SCOPED_TRACE(sql);
    damage(sql);
    expect(Kind::kContentsInconsistent, true);
    const auto store = open();
    store->complete(store->waiting_job_of(ready_.document.id).value(), ready_.read());
  }
}

TEST_F(VerificationTest, DamagedTextOfADocumentWithoutAnOriginalIsReportedOnly) {
  std::filesystem::remove(original(ready_.original.sha256));
  damage("DELETE FROM vectors WHERE chunk = 1");
  const auto found = findings(true);
  ASSERT_EQ(found.size(), 2U);
  for (const Finding& each : found) EXPECT_FALSE(each.repairable) << each.sentence;
}

TEST_F(VerificationTest, WrongCountsAreCountedAgain) {
  damage("UPDATE documents SET chunks = 99 WHERE number = 1");
  expect(Kind::kCountWrong, true);
  EXPECT_EQ(open()->find(ready_.document.id).value().chunks, static_cast<std::int64_t>(ready_.chunks.size()));
}

TEST_F(VerificationTest, AQueuedDocumentWithoutAJobFailsAndCanBeTriedAgain) {
  damage("PRAGMA foreign_keys = OFF; DELETE FROM jobs WHERE state = 2 AND document > 2");
  expect(Kind::kJobMissing, true);
  const auto store = open();
  EXPECT_EQ(store->find(waiting_.id).value().status, DocumentStatus::kFailed);
  EXPECT_TRUE(store->find(waiting_.id).value().failure);
  EXPECT_EQ(store->retry(waiting_.id).status, DocumentStatus::kQueued);
  EXPECT_EQ(bytes_of(store->original_of(waiting_.id).value()), "original of waiting");
}

TEST_F(VerificationTest, AStatusThatIsNotTheJobsFollowsTheJob) {
  damage("UPDATE documents SET status = 3 WHERE id = '" + waiting_.id.value + "'");
  expect(Kind::kJobInconsistent, true);
  EXPECT_EQ(open()->find(waiting_.id).value().status, DocumentStatus::kQueued);
}

TEST_F(VerificationTest, ADamagedAnswerIsReported) {
  damage("UPDATE answers SET events = x'01' WHERE message IS NULL");
  expect(Kind::kAnswerDamaged, false);
}

TEST_F(VerificationTest, TheMessagesOfAConversationAreCountedAgain) {
  damage("UPDATE conversations SET messages = 1");
  expect(Kind::kCountWrong, true);
  EXPECT_EQ(open()->find_conversation(conversation_).value().messages, 6);
}

TEST_F(VerificationTest, MessagesThatDoNotFollowOneAnotherAreReported) {
  damage("UPDATE messages SET parent = 1 WHERE number = 3");  // a question behind a question
  expect(Kind::kConversationDamaged, false);
  EXPECT_THROW(open()->messages_of(conversation_), Error);
}

TEST_F(VerificationTest, AnAnswerWithoutAParentIsReported) {
  damage("UPDATE messages SET parent = NULL WHERE number = 4");
  expect(Kind::kConversationDamaged, false);
}

TEST_F(VerificationTest, AnAnswerStandsInTheMessageThatNamesItAgain) {
  const auto before = open()->messages_of(conversation_).value();
  for (const char* sql :
       {"UPDATE answers SET message = NULL WHERE message = 2", "UPDATE answers SET message = 1 WHERE message = 2",
        "UPDATE answers SET message = 6 WHERE message IS NULL"}) {
    SCOPED_TRACE(sql);
    damage(sql);
    expect(Kind::kConversationInconsistent, true);
  }
  const auto store = open();
  EXPECT_EQ(describe(store->messages_of(conversation_).value().at(1).ended.value()),
            describe(before.at(1).ended.value()));
  EXPECT_EQ(store->forget_answers_before(WallTime::max(), 1000), 1U) << "that of no conversation";
}

TEST_F(VerificationTest, AnswersThatStandInEachOthersMessageChangeTheirPlaces) {
  damage(
      "UPDATE answers SET message = NULL WHERE message = 2; "
      "UPDATE answers SET message = 2 WHERE message = 4; "
      "UPDATE answers SET message = 4 WHERE id = (SELECT answer FROM messages WHERE number = 2)");
  EXPECT_EQ(findings(true).size(), 2U);
  EXPECT_TRUE(findings().empty());
}

TEST_F(VerificationTest, MessagesOfNoConversationAreDamage) {
  damage("PRAGMA foreign_keys = OFF; UPDATE messages SET conversation = 99 WHERE number = 6");
  for (const Finding& each : findings(true)) EXPECT_EQ(each.kind, Kind::kDatabaseDamaged);
  EXPECT_FALSE(findings().empty());
}

TEST_F(VerificationTest, RowsThatBelongToNothingAreDamage) {
  damage("PRAGMA foreign_keys = OFF; DELETE FROM documents WHERE number = 1");
  const auto found = findings(true);
  ASSERT_FALSE(found.empty());
  for (const Finding& each : found) {
    EXPECT_EQ(each.kind, Kind::kDatabaseDamaged);
    EXPECT_FALSE(each.repairable);
    EXPECT_NE(each.sentence.find("backup"), std::string::npos) << each.sentence;
  }
}

TEST_F(VerificationTest, ADamagedDatabaseFileIsReportedWhereverItIsDamaged) {
  open()->count();  // the log is in the file
  const std::filesystem::path file = folder_.path() / "jackdaw.db";
  const std::string whole = bytes_of(file);
  for (std::size_t page = 1; page < whole.size() / 4096; page += 3) {
    std::string spoiled = whole;
    spoiled.replace(page * 4096, 512, std::string(512, '\xee'));
    std::ofstream(file, std::ios::binary) << spoiled;
    const auto found = findings(true);
    if (found.empty()) {  // a page that is free, or the end of a long text
      std::ofstream(file, std::ios::binary) << whole;
      continue;
    }
    for (const Finding& each : found) EXPECT_FALSE(each.sentence.empty());
    std::ofstream(file, std::ios::binary) << whole;
    for (const char* name : {"jackdaw.db-wal", "jackdaw.db-shm"}) std::filesystem::remove(folder_.path() / name);
  }
}

TEST_F(VerificationTest, AStaleIndexSnapshotIsDeleted) {
  const std::string stamp = open()->index_stamp();
  bool there = true;
  VerifyOptions options;
  options.check_index = [&](const std::string& of) -> std::optional<std::string> {
    EXPECT_EQ(of, stamp);
    return there ? std::optional<std::string>("The snapshot of the index is of another collection.") : std::nullopt;
  };
  options.delete_index = [&] { there = false; };
  spools_.clear();
  EXPECT_EQ(verify(folder_.path(), options).at(0).kind, Kind::kIndexStale);
  EXPECT_TRUE(there);
  options.repair = true;
  EXPECT_TRUE(verify(folder_.path(), options).at(0).repaired);
  EXPECT_FALSE(there);
  EXPECT_TRUE(verify(folder_.path(), options).empty());
}

}  // namespace
}  // namespace jackdaw::store
