#include "store/backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "store/backup_manifest.h"
#include "store/data_lock.h"
#include "store/verification.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

SqliteStoreOptions options_for(const std::filesystem::path& data_dir) {
  return {.data_dir = data_dir, .embedder_name = "e", .on_step = {}};
}

// All that a person would miss: documents with their text and vectors, originals, what waits.
std::map<std::string, std::string> contents_of(SqliteStore& store) {
  std::map<std::string, std::string> contents;
  for (const Document& each : store.list({.limit = 200}).documents) {
    std::string& all = contents[each.id.value];
    all = each.filename + "|" + each.title + "|" + std::to_string(static_cast<int>(each.status)) + "|" +
          bytes_of(store.original_of(each.id).value());
    if (each.replacement) all += "|" + each.replacement->sha256;
    for (const Passage& passage : store.chunks_of(each.id, 200, "").passages) all += "|" + passage.text;
  }
  store.for_each_indexed([&](IndexedDocument&& document) {
    for (const IndexedChunk& chunk : document.chunks) {
      contents[document.document.value] += std::to_string(chunk.embedding.at(0));
    }
  });
  return contents;
}

class BackupTest : public testing::Test {
 protected:
  BackupTest() : store_(std::make_unique<SqliteStore>(options_for(data_))) {}

  DocumentId add_document(const std::string& mark) {
    Spool spool = spool_of(data_, "original of " + mark);
    SampleDocument sample = sample_document(spool, mark, random_);
    add(*store_, sample);
    return sample.document.id;
  }
  void fill() {
    for (int i = 0; i < 5; ++i) add_document("doc" + std::to_string(i));
    Spool spool = spool_of(data_, "original of waiting");
    store_->accept(sample_document(spool, "waiting", random_).upload());
    NewUpload replacement;
    Spool other = spool_of(data_, "original of new");
    replacement.file = other.finish("new.pdf");
    replacement.replaces = store_->list({}).documents[0].id;
    store_->accept(replacement);
  }
  static ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kDeadlineExceeded;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path data_ = folder_.path() / "data";
  const std::filesystem::path kept_ = folder_.path() / "kept";
  const std::filesystem::path restored_ = folder_.path() / "restored";
  std::mt19937 random_{61};
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(BackupTest, BringsBackEverything) {
  fill();
  const auto before = contents_of(*store_);
  const std::string stamp = store_->index_stamp();
  std::uint64_t done = 0;
  const Backup backup = make_backup(*store_, {.on_progress = [&](std::uint64_t bytes, std::uint64_t all) {
    EXPECT_LE(bytes, all);
    done = bytes;
  }});
  EXPECT_GT(done, 0U);
  EXPECT_EQ(backup.manifest.documents, 6);
  EXPECT_EQ(backup.manifest.originals, 7);
  EXPECT_EQ(backup.folder.parent_path(), data_ / "backups");
  copy_backup(backup.folder, kept_);
  discard(backup);
  EXPECT_TRUE(std::filesystem::is_empty(data_ / "backups"));
  EXPECT_EQ(read_manifest(kept_).database_sha256, backup.manifest.database_sha256);

  restore(kept_, restored_);
  EXPECT_FALSE(std::filesystem::exists(restored_ / "manifest"));
  EXPECT_TRUE(verify(restored_, {}).empty());
  SqliteStore restored(options_for(restored_));
  EXPECT_EQ(contents_of(restored), before);
  EXPECT_EQ(restored.index_stamp(), stamp);
  EXPECT_EQ(restored.waiting_jobs(), 2U);
  EXPECT_EQ(contents_of(*store_), before);
  restored.remove(restored.list({}).documents[0].id);
  EXPECT_TRUE(copy_backup(kept_, folder_.path() / "again" / "").originals == 7) << "restored files are copies";
}

TEST_F(BackupTest, BringsBackConversations) {
  const ConversationId conversation = store_->create_conversation("").id;
  const StoredAnswer answer = typical_answer("word", {});
  store_->begin_turn({.conversation = conversation, .question = "Why?", .answer = answer.id});
  store_->keep({&answer, 1});
  copy_backup(make_backup(*store_).folder, kept_);
  store_->remove_conversation(conversation);
  restore(kept_, restored_);
  EXPECT_TRUE(verify(restored_, {}).empty());
  SqliteStore restored(options_for(restored_));
  EXPECT_EQ(restored.find_conversation(conversation).value().title, "Why?");
  const auto messages = restored.messages_of(conversation).value();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].question, "Why?");
  EXPECT_EQ(describe(messages[1].ended.value()), describe(answer));
}

TEST_F(BackupTest, OfAnEmptyCollectionIsOneToo) {
  copy_backup(make_backup(*store_).folder, kept_);
  restore(kept_, restored_);
  EXPECT_EQ(SqliteStore(options_for(restored_)).count(), 0);
}

TEST_F(BackupTest, HoldsNothingThatWasDeletedBefore) {
  fill();
  const DocumentId id = add_document("canary");
  store_->remove(id);
  const Backup backup = make_backup(*store_);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(backup.folder)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(bytes_of(entry.path()).find("canary"), std::string::npos) << entry.path();
  }
}

// Documents come, change and go while backups are made: each backup is whole, and shows every document in one of the
// states in which it ever was.
TEST_F(BackupTest, MadeWhileOthersWriteIsTheStateOfOneMoment) {
  fill();
  std::atomic<bool> done = false;
  std::atomic<int> rounds = 0;
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string mark = "r" + std::to_string(i);
      Spool spool = spool_of(data_, "original of " + mark);
      SampleDocument sample = sample_document(spool, mark, random_);
      add(*store_, sample);
      Spool next = spool_of(data_, "second of " + mark);
      SampleDocument second = sample_document(next, "s" + mark, random_);
      NewUpload upload = second.upload();
      upload.replaces = sample.document.id;
      store_->accept(upload);
      store_->complete(store_->waiting_job_of(sample.document.id).value(), second.read());
      if (i % 2 == 0) store_->remove(sample.document.id);
      ++rounds;
    }
  });
  for (int i = 0; i < 4; ++i) {
    for (const int before = rounds; rounds < before + 2;) std::this_thread::yield();
    const Backup backup = make_backup(*store_);
    const auto kept = folder_.path() / ("kept" + std::to_string(i));
    const auto restored = folder_.path() / ("restored" + std::to_string(i));
    copy_backup(backup.folder, kept);
    discard(backup);
    restore(kept, restored);
    EXPECT_TRUE(verify(restored, {}).empty());
    SqliteStore store(options_for(restored));
    EXPECT_EQ(store.count(), backup.manifest.documents);
    // One document after the other came: at most the newest is not in its last state.
    const auto documents = store.list({.limit = 200}).documents;
    for (std::size_t at = 6; at + 1 < documents.size(); ++at) {
      EXPECT_EQ(documents[at].filename.front(), 's') << documents[at].filename;
    }
  }
  done = true;
  writer.join();
}

TEST_F(BackupTest, DeletingWhileABackupIsMadeSucceedsAndLeavesNothing) {
  fill();
  const DocumentId id = add_document("canary");
  std::thread deletion;
  bool begun = false;
  const Backup backup = make_backup(*store_, {.on_progress = [&](std::uint64_t, std::uint64_t) {
    if (std::exchange(begun, true)) return;
    deletion = std::thread([&] { EXPECT_TRUE(store_->remove(id)); });
    while (store_->find(id)) std::this_thread::yield();  // committed meanwhile
  }});
  ASSERT_TRUE(begun);
  deletion.join();
  copy_backup(backup.folder, kept_);
  discard(backup);
  restore(kept_, restored_);
  EXPECT_TRUE(SqliteStore(options_for(restored_)).find(id)) << "it was there at the backup's moment";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(bytes_of(entry.path()).find("canary"), std::string::npos) << entry.path();
  }
}

TEST_F(BackupTest, ThatIsStoppedLeavesNothing) {
  fill();
  BackupOptions options;
  options.on_progress = [&](std::uint64_t, std::uint64_t) { options.cancellation.cancel(CancelReason::kClient); };
  const Backup backup = make_backup(*store_);
  EXPECT_EQ(code_of([&] { copy_backup(backup.folder, kept_, options); }), ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(kept_));
  discard(backup);
  BackupOptions stopped;
  stopped.cancellation.cancel(CancelReason::kClient);
  EXPECT_EQ(code_of([&] { make_backup(*store_, stopped); }), ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(data_ / "backups"));
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) ++entries;
  EXPECT_EQ(entries, 1U) << "the data folder alone";
}

TEST_F(BackupTest, ThatNobodyFetchedGoesAtTheNextOpening) {
  fill();
  const Backup backup = make_backup(*store_);
  store_.reset();
  store_ = std::make_unique<SqliteStore>(options_for(data_));
  EXPECT_FALSE(std::filesystem::exists(backup.folder));
}

TEST_F(BackupTest, IsNotRestoredWhenAnyByteChanged) {
  fill();
  const Backup backup = make_backup(*store_);
  const auto original = store_->find(store_->list({}).documents[1].id).value().sha256;
  const std::filesystem::path in_backup = std::filesystem::path("originals") / original.substr(0, 2) / original;
  const std::map<std::string, std::function<void(const std::filesystem::path&)>> damages = {
      {"database", [](const auto& at) { std::ofstream(at / "jackdaw.db", std::ios::in | std::ios::ate) << "x"; }},
      {"cut", [](const auto& at) { std::filesystem::resize_file(at / "jackdaw.db", 8192); }},
      {"original", [&](const auto& at) { std::ofstream(at / in_backup, std::ios::in) << "O"; }},
      {"missing", [&](const auto& at) { std::filesystem::remove(at / in_backup); }},
      {"added",
       [&](const auto& at) {
         std::ofstream(at / in_backup.parent_path() / (original.substr(0, 2) + std::string(62, 'a'))) << "x";
       }},
      {"manifest", [](const auto& at) { std::ofstream(at / "manifest", std::ios::app) << "more\n"; }},
      {"no manifest", [](const auto& at) { std::filesystem::remove(at / "manifest"); }},
      {"huge manifest", [](const auto& at) { std::ofstream(at / "manifest") << std::string(100'000, 'x'); }},
  };
  for (const auto& [name, damage] : damages) {
    SCOPED_TRACE(name);
    copy_backup(backup.folder, kept_);
    damage(kept_);
    EXPECT_EQ(code_of([&] { restore(kept_, restored_); }), ErrorCode::kInvalidArgument);
    EXPECT_FALSE(std::filesystem::exists(restored_));
    std::filesystem::remove_all(kept_);
  }
}

TEST_F(BackupTest, IsRestoredOnlyToWhereNothingStands) {
  fill();
  copy_backup(make_backup(*store_).folder, kept_);
  EXPECT_EQ(code_of([&] { restore(kept_, data_); }), ErrorCode::kConflict);
  EXPECT_EQ(code_of([&] { copy_backup(kept_, kept_); }), ErrorCode::kConflict);
  std::filesystem::create_directory(restored_);
  std::ofstream(restored_ / "mine") << "kept";
  EXPECT_EQ(code_of([&] { restore(kept_, restored_); }), ErrorCode::kConflict);
  EXPECT_EQ(bytes_of(restored_ / "mine"), "kept");
  std::filesystem::remove(restored_ / "mine");
  {
    const DataLock lock(restored_);
    EXPECT_EQ(code_of([&] { restore(kept_, restored_); }), ErrorCode::kConflict);
  }
  restore(kept_, restored_);
  const DataLock lock(restored_);
  EXPECT_EQ(SqliteStore(options_for(restored_)).count(), 6);
}

TEST(BackupManifestTest, IsReadBackExactlyAndNothingElseIs) {
  const BackupManifest manifest{.format = 3,
                                .made_at = std::chrono::system_clock::now(),
                                .documents = 12,
                                .database_bytes = 4096,
                                .database_sha256 = std::string(64, 'a'),
                                .originals = 13,
                                .originals_bytes = 1'000'000'000'000,
                                .originals_sha256 = std::string(64, '0')};
  const std::string text = format_manifest(manifest);
  EXPECT_EQ(format_manifest(parse_manifest(text)), text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THROW(parse_manifest(text.substr(0, size)), Error) << size;
    std::string changed = text;
    changed[size] = '\x01';
    EXPECT_THROW(parse_manifest(changed), Error) << size;
  }
  std::string padded = text;
  padded.replace(padded.find("documents 12"), 12, "documents 012");
  EXPECT_THROW(parse_manifest(padded), Error);
}

}  // namespace
}  // namespace jackdaw::store
