// What the store does when the machine lets it down: reads go on, writes say why, nothing is lost afterwards.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

class TroubleTest : public testing::Test {
 protected:
  SqliteStoreOptions options() const { return {.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}}; }

  SampleDocument sample(SqliteStore& store, const std::string& mark, const SampleShape& shape = {}) {
    Spool spool = spool_of(folder_.path(), "original of " + mark);
    SampleDocument made = sample_document(spool, mark, random_, shape);
    chunks_ = add(store, made);
    return made;
  }

  static std::string sentence_of(ErrorCode code, const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  // True when `work`, in a process of its own, says so. No database is open in this process meanwhile.
  static bool in_another_process(const std::function<bool()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      const bool good = work() && !testing::Test::HasFailure();
      std::cout.flush();
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{41};
  std::vector<ChunkId> chunks_;
};

TEST_F(TroubleTest, ADamagedPageOfTheDatabaseIsNamedAndTheRestIsReadOn) {
  DocumentId damaged;
  DocumentId whole;
  {
    SqliteStore store(options());
    damaged = sample(store, "alpha", {.pages = 40}).document.id;
    whole = sample(store, "beta", {.pages = 40}).document.id;
  }
  SqliteStore(options()).count();  // the log is in the file
  const std::filesystem::path file = folder_.path() / "jackdaw.db";
  const std::size_t at = bytes_of(file).find("alpha40x5 ") / 4096 * 4096;
  {
    std::fstream database(file, std::ios::in | std::ios::out | std::ios::binary);
    database.seekp(static_cast<std::streamoff>(at));
    database << std::string(4096, '\xee');
  }
  SqliteStore store(options());
  const std::string sentence = sentence_of(ErrorCode::kInternal, [&] {
    for (int page = 1; page <= 40; ++page) store.page(damaged, page);
    store.for_each_indexed([](IndexedDocument&&) {});
    for (std::string after; !(after = store.chunks_of(damaged, 200, after).next).empty();) {
    }
  });
  EXPECT_NE(sentence.find("damaged"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("'jackdaw verify'"), std::string::npos) << sentence;
  EXPECT_EQ(store.find(whole).value().filename, "beta.pdf");
  EXPECT_EQ(store.page(whole, 3).value().number, 3);
}

TEST_F(TroubleTest, AFolderThatBecomesReadOnlyRefusesWritesAndGoesOnReading) {
  const uid_t nobody = 65534;
  ASSERT_TRUE(::geteuid() != 0 || ::chown(folder_.path().c_str(), nobody, nobody) == 0);
  EXPECT_TRUE(in_another_process([&] {
    if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) return false;  // root may write anywhere
    SqliteStore store(options());
    const SampleDocument before = sample(store, "before");
    Spool spool = spool_of(folder_.path(), "more");
    const SampleDocument more = sample_document(spool, "more", random_);
    for (const char* name : {"originals", "spool"}) ::chmod((folder_.path() / name).c_str(), 0500);
    EXPECT_NE(sentence_of(ErrorCode::kUnavailable, [&] { store.accept(more.upload()); }).find("writable"),
              std::string::npos);
    sentence_of(ErrorCode::kUnavailable, [&] { spool_of(folder_.path(), "yet more"); });
    EXPECT_EQ(store.passages(chunks_).size(), before.chunks.size());
    EXPECT_EQ(store.count(), 1);
    for (const char* name : {"originals", "spool"}) ::chmod((folder_.path() / name).c_str(), 0700);
    EXPECT_FALSE(store.accept(more.upload()).already_known);
    return true;
  }));
  EXPECT_TRUE(in_another_process([&] {
    if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) return false;
    for (const char* name : {"jackdaw.db", "jackdaw.db-wal", "jackdaw.db-shm"}) {
      ::chmod((folder_.path() / name).c_str(), 0400);
    }
    ::chmod(folder_.path().c_str(), 0500);
    sentence_of(ErrorCode::kUnavailable, [&] { SqliteStore store(options()); });
    ::chmod(folder_.path().c_str(), 0700);
    for (const char* name : {"jackdaw.db", "jackdaw.db-wal", "jackdaw.db-shm"}) {
      ::chmod((folder_.path() / name).c_str(), 0600);
    }
    SqliteStore store(options());
    EXPECT_EQ(store.count(), 2);
    EXPECT_EQ(store.waiting_jobs(), 1U);
    return true;
  }));
}

// Every function that writes, with no room for another byte of log; then with room again.
TEST_F(TroubleTest, AFullDiskRefusesEveryWriteAndNothingIsLost) {
  EXPECT_TRUE(in_another_process([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    SqliteStore store(options());
    const SampleDocument ready = sample(store, "ready");
    Spool spool = spool_of(folder_.path(), "waiting");
    const SampleDocument waiting = sample_document(spool, "waiting", random_);
    const DocumentId id = store.accept(waiting.upload()).document.id;
    const std::int64_t job = store.begin_next(0).value().number;
    Spool next_spool = spool_of(folder_.path(), "next");
    const SampleDocument next = sample_document(next_spool, "next", random_);

    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit none{1, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
    const auto full = [](const std::function<void()>& call) { sentence_of(ErrorCode::kStorageFull, call); };
    full([&] { store.accept(next.upload()); });
    full([&] { store.begin_next(0); });
    full([&] { store.complete(job, waiting.read()); });
    full([&] { store.fail(job, {}); });
    full([&] { store.cancel(job); });
    full([&] { store.put_back(job); });
    full([&] { store.keep_page(job, waiting.pages[0]); });
    full([&] { store.edit(id, {.title = "t", .tags = {}}); });
    full([&] { store.remove(id); });
    EXPECT_EQ(store.passages(chunks_).size(), ready.chunks.size());
    EXPECT_EQ(store.find(id).value().status, DocumentStatus::kQueued);
    ::setrlimit(RLIMIT_FSIZE, &before);

    EXPECT_TRUE(std::filesystem::exists(next.original.path)) << "given back to the caller";
    EXPECT_EQ(bytes_of(store.original_of(id).value()), "waiting");
    EXPECT_TRUE(store.complete(job, waiting.read()));
    EXPECT_FALSE(store.accept(next.upload()).already_known);
    return true;
  }));
  SqliteStore store(options());
  EXPECT_EQ(store.count(), 3);
  EXPECT_EQ(store.list({.status = DocumentStatus::kReady}).documents.size(), 2U);
  EXPECT_EQ(store.waiting_jobs(), 1U);
}

TEST_F(TroubleTest, AClockThatJumpsChangesNoOrder) {
  std::vector<DocumentId> ids;
  {
    SqliteStore store(options());
    for (int i = 0; i < 4; ++i) {
      Spool spool = spool_of(folder_.path(), std::to_string(i));
      ids.push_back(store.accept(sample_document(spool, "m" + std::to_string(i), random_).upload()).document.id);
    }
  }
  {
    Database database(folder_.path() / "jackdaw.db", Database::Access::kReadWrite);
    // Far ahead, at the beginning of time, and before it.
    database.execute("UPDATE documents SET created_ns = 9000000000000000000 WHERE number = 1");
    database.execute("UPDATE documents SET created_ns = 0 WHERE number = 2");
    database.execute("UPDATE documents SET created_ns = -5000000000 WHERE number = 3");
    database.execute("UPDATE jobs SET created_ns = -number");
  }
  SqliteStore store(options());
  const auto listed = store.list({}).documents;
  ASSERT_EQ(listed.size(), ids.size());
  std::int64_t after = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(listed[i].id, ids[i]);
    const Job job = store.begin_next(after).value();
    EXPECT_EQ(job.document, ids[i]);
    after = job.number;
  }
}

}  // namespace
}  // namespace jackdaw::store
