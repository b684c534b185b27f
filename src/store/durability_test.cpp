#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

constexpr int kStorageFullExit = 7;

class DurabilityTest : public testing::Test {
 protected:
  SqliteStoreOptions options() const { return {.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}}; }

  // Runs `work` in a process of its own that dies by SIGKILL, or ends with the number that `work` returns. No database
  // is open in this process meanwhile: connections must not cross a fork.
  static int in_another_process(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  [[noreturn]] static void die() {
    ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }

  SampleDocument sample(Spool& spool, const std::string& mark) const {
    std::mt19937 random(static_cast<unsigned>(std::hash<std::string>{}(mark)));
    return sample_document(spool, mark, random);
  }

  // Adds a document and tells who waits, in a process that is killed at `point`.
  int add_and_die_at(const std::string& mark, std::optional<StoreStep> point) {
    return in_another_process([&]() -> int {
      SqliteStoreOptions with = options();
      with.on_step = [&](StoreStep reached) {
        if (point == reached) die();
      };
      SqliteStore store(with);
      Spool spool = spool_of(folder_.path(), "original of " + mark);
      SampleDocument document = sample(spool, mark);
      if (!point) die();
      add(store, document);
      die();
    });
  }

  // Whole, with its original; or not there at all, in no file.
  void expect_whole(SqliteStore& store, const std::string& mark, bool there) {
    const std::string original = "original of " + mark;
    const auto listed = store.list({.limit = 200, .after = "", .text = mark, .status = std::nullopt}).documents;
    ASSERT_EQ(listed.size(), there ? 1U : 0U) << mark;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file() && bytes_of(entry.path()) == original) ++files;
    }
    EXPECT_EQ(files, there ? 1U : 0U) << mark;
    if (!there) return;
    EXPECT_EQ(bytes_of(store.original_of(listed[0].id).value()), original);
    const auto chunks = store.chunks_of(listed[0].id, 200, "").passages;
    EXPECT_EQ(static_cast<std::int64_t>(chunks.size()), listed[0].chunks);
    for (const Passage& passage : chunks) {
      const Page page = store.page(listed[0].id, passage.span.page).value();
      EXPECT_EQ(page.text.substr(passage.span.begin, passage.span.end - passage.span.begin), passage.text);
    }
  }

  const TemporaryFolder folder_;
};

TEST_F(DurabilityTest, KilledWhileSpoolingLeavesNothing) {
  EXPECT_EQ(add_and_die_at("alpha", std::nullopt), -SIGKILL);
  EXPECT_FALSE(std::filesystem::is_empty(folder_.path() / "spool"));
  SqliteStore store(options());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "spool"));
  expect_whole(store, "alpha", false);
}

TEST_F(DurabilityTest, KilledBetweenTheOriginalAndTheTransactionLeavesNothing) {
  EXPECT_EQ(add_and_die_at("alpha", StoreStep::kAcceptOriginalKept), -SIGKILL);
  SqliteStore store(options());
  expect_whole(store, "alpha", false);
}

TEST_F(DurabilityTest, KilledAfterTheTransactionKeepsAllOfIt) {
  EXPECT_EQ(add_and_die_at("alpha", StoreStep::kCompleteCommitted), -SIGKILL);
  SqliteStore store(options());
  expect_whole(store, "alpha", true);
}

TEST_F(DurabilityTest, KilledWhileRemovingRemovesAllOfIt) {
  for (const StoreStep point : {StoreStep::kRemoveCommitted, StoreStep::kOriginalRemoved}) {
    EXPECT_EQ(add_and_die_at("alpha", StoreStep::kCompleteCommitted), -SIGKILL);
    const int status = in_another_process([&] {
      SqliteStoreOptions with = options();
      with.on_step = [&](StoreStep reached) {
        if (point == reached) die();
      };
      SqliteStore store(with);
      store.remove(store.list({}).documents.at(0).id);
      return 1;
    });
    EXPECT_EQ(status, -SIGKILL);
    SqliteStore store(options());
    expect_whole(store, "alpha", false);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_regular_file()) continue;
      EXPECT_EQ(bytes_of(entry.path()).find("alpha"), std::string::npos) << entry.path();
    }
  }
}

TEST_F(DurabilityTest, KilledAtAnyMomentEveryAcknowledgedDocumentIsWholeAndNoHalfDocumentIsThere) {
  std::mt19937 random(11);
  int acknowledged = 0;
  for (int round = 0; round < 6; ++round) {
    int receipts[2];
    ASSERT_EQ(::pipe(receipts), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      SqliteStore store(options());
      for (int i = 0;; ++i) {
        const std::string mark = "r" + std::to_string(round) + "d" + std::to_string(i) + "e";
        Spool spool = spool_of(folder_.path(), "original of " + mark);
        add(store, sample(spool, mark));
        if (::write(receipts[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(receipts[1]);
    char byte = 0;
    int known = 0;
    for (const int until = 1 + static_cast<int>(random() % 4); known < until; ++known) {
      ASSERT_EQ(::read(receipts[0], &byte, 1), 1);
    }
    ::usleep(static_cast<useconds_t>(random() % 20000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(receipts[0], &byte, 1) == 1) ++known;
    ::close(receipts[0]);
    acknowledged += known;

    SqliteStore store(options());
    EXPECT_GE(store.count(), acknowledged);
    EXPECT_LE(store.count(), acknowledged + 1) << "at most the one whose receipt was not sent";
    if (const auto accepted = store.begin_next(0)) {
      EXPECT_EQ(bytes_of(accepted->original),
                "original of " + accepted->filename.substr(0, accepted->filename.find('.')));
      EXPECT_TRUE(store.remove(accepted->document));
    }
    acknowledged = static_cast<int>(store.count());
    for (const Document& document : store.list({.limit = 200, .after = "", .text = "", .status = {}}).documents) {
      expect_whole(store, document.filename.substr(0, document.filename.find('.')), true);
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "spool"));
  }
}

TEST_F(DurabilityTest, KilledWhileKeepingKeepsAllOfTheAnswersOrNone) {
  AnswerMaker maker(8, {});
  for (const StoreStep point : {StoreStep::kAnswersWritten, StoreStep::kAnswersKept}) {
    std::vector<StoredAnswer> answers;
    for (int i = 0; i < 20; ++i) answers.push_back(maker.answer());
    EXPECT_EQ(in_another_process([&] {
                SqliteStoreOptions with = options();
                with.on_step = [&](StoreStep reached) {
                  if (point == reached) die();
                };
                SqliteStore(with).keep(answers);
                return 1;
              }),
              -SIGKILL);
    SqliteStore store(options());
    for (const StoredAnswer& answer : answers) {
      const auto found = store.find_answer(answer.id);
      ASSERT_EQ(found.has_value(), point == StoreStep::kAnswersKept);
      if (!found) continue;
      ASSERT_EQ(describe(*found), describe(answer));
    }
  }
}

TEST_F(DurabilityTest, KilledWhileForgettingEachAnswerIsWholeOrForgottenWithoutATrace) {
  std::vector<StoredAnswer> answers;
  for (int i = 0; i < 250; ++i) {  // two transactions; the process dies behind the first
    answers.push_back(typical_answer("canary" + std::to_string(i) + "x", {}));
    answers.back().ended_at += std::chrono::seconds(i);
  }
  SqliteStore(options()).keep(answers);
  EXPECT_EQ(in_another_process([&] {
              SqliteStoreOptions with = options();
              with.on_step = [](StoreStep reached) {
                if (reached == StoreStep::kAnswersForgotten) die();
              };
              SqliteStore(with).forget_answers_before(WallTime::max(), 1'000'000);
              return 1;
            }),
            -SIGKILL);
  SqliteStore store(options());
  std::string files;
  for (const char* name : {"jackdaw.db", "jackdaw.db-wal"}) files += bytes_of(folder_.path() / name);
  std::size_t forgotten = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const bool traces = files.find("canary" + std::to_string(i) + "x") != std::string::npos;
    try {
      ASSERT_EQ(describe(store.find_answer(answers[i].id).value()), describe(answers[i]));
      EXPECT_TRUE(traces);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kGone);
      EXPECT_FALSE(traces) << i;
      EXPECT_EQ(i, forgotten++) << "the oldest first";
    }
  }
  EXPECT_GT(forgotten, 0U);
  EXPECT_LT(forgotten, answers.size());
  EXPECT_EQ(store.forget_answers_before(WallTime::max(), 1'000'000), answers.size() - forgotten);
}

TEST_F(DurabilityTest, KilledAtAnyMomentEveryAcknowledgedAnswerIsWhole) {
  constexpr std::size_t kAtOnce = 5;
  std::mt19937 random(12);
  for (unsigned round = 0; round < 6; ++round) {
    // Both processes make the same answers, but for their random ids.
    const auto batch = [&](AnswerMaker& maker, int number) {
      std::vector<StoredAnswer> answers;
      while (answers.size() < kAtOnce) {
        StoredAnswer& answer = answers.emplace_back(maker.answer());
        answer.id = {"r" + std::to_string(round) + "n" + std::to_string(number) + "a" + std::to_string(answers.size())};
        if (auto* meta = std::get_if<AnswerMeta>(&answer.events.front())) meta->answer = answer.id;
        answer.created_at = answer.ended_at = WallTime{};
      }
      return answers;
    };
    int receipts[2];
    ASSERT_EQ(::pipe(receipts), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      SqliteStore store(options());
      AnswerMaker maker(round, {});
      for (int i = 0;; ++i) {
        store.keep(batch(maker, i));
        if (::write(receipts[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(receipts[1]);
    char byte = 0;
    int known = 0;
    for (const int until = 1 + static_cast<int>(random() % 8); known < until; ++known) {
      ASSERT_EQ(::read(receipts[0], &byte, 1), 1);
    }
    ::usleep(static_cast<useconds_t>(random() % 20000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(receipts[0], &byte, 1) == 1) ++known;
    ::close(receipts[0]);

    SqliteStore store(options());
    AnswerMaker maker(round, {});
    for (int i = 0; i < known + 3; ++i) {
      const std::vector<StoredAnswer> answers = batch(maker, i);
      std::size_t there = 0;
      for (const StoredAnswer& answer : answers) {
        const auto found = store.find_answer(answer.id);
        if (!found) continue;
        ++there;
        ASSERT_EQ(describe(*found), describe(answer));
      }
      const bool unacknowledged = i == known;  // at most this one is there without a receipt, whole
      EXPECT_TRUE(there == (i < known ? kAtOnce : 0) || (unacknowledged && there == kAtOnce)) << i << " of " << known;
    }
  }
}

TEST_F(DurabilityTest, KilledWhileATurnBeginsItIsThereWithThePlaceOfItsAnswerOrNotAtAll) {
  const ConversationId conversation = SqliteStore(options()).create_conversation("").id;
  std::int64_t expected = 0;
  for (const StoreStep point : {StoreStep::kTurnWritten, StoreStep::kTurnCommitted}) {
    EXPECT_EQ(in_another_process([&] {
                SqliteStoreOptions with = options();
                with.on_step = [&](StoreStep reached) {
                  if (point == reached) die();
                };
                SqliteStore(with).begin_turn({.conversation = conversation, .question = "Why?", .answer = {"a"}});
                return 1;
              }),
              -SIGKILL);
    if (point == StoreStep::kTurnCommitted) expected = 2;
    SqliteStore store(options());
    EXPECT_EQ(store.find_conversation(conversation).value().messages, expected);
    EXPECT_EQ(store.find_conversation(conversation).value().title, expected == 0 ? "" : "Why?");
    const auto messages = store.messages_of(conversation).value();
    ASSERT_EQ(messages.size(), static_cast<std::size_t>(expected));
    if (expected != 0) {
      EXPECT_FALSE(messages[1].ended) << "lost with the program";
    }
  }
}

TEST_F(DurabilityTest, KilledWhileAConversationIsRemovedItIsWholeOrGoneWithoutATrace) {
  for (const StoreStep point : {StoreStep::kConversationRemoveWritten, StoreStep::kConversationRemoveCommitted,
                                StoreStep::kLogCutting, StoreStep::kLogCut}) {
    ConversationId conversation;
    StoredAnswer answer = typical_answer("canary", {});
    {
      SqliteStore store(options());
      conversation = store.create_conversation("canary").id;
      store.begin_turn({.conversation = conversation, .question = "canary?", .answer = answer.id});
      store.keep({&answer, 1});
    }
    EXPECT_EQ(in_another_process([&] {
                SqliteStoreOptions with = options();
                with.on_step = [&](StoreStep reached) {
                  if (point == reached) die();
                };
                SqliteStore(with).remove_conversation(conversation);
                return 1;
              }),
              -SIGKILL);
    SqliteStore store(options());
    if (point == StoreStep::kConversationRemoveWritten) {
      EXPECT_EQ(describe(store.messages_of(conversation).value().at(1).ended.value()), describe(answer));
      EXPECT_TRUE(store.remove_conversation(conversation));
    }
    EXPECT_FALSE(store.messages_of(conversation));
    for (const char* name : {"jackdaw.db", "jackdaw.db-wal"}) {
      EXPECT_EQ(bytes_of(folder_.path() / name).find("canary"), std::string::npos) << to_string(point);
    }
  }
}

TEST_F(DurabilityTest, AFullDiskWhileKeepingIsStorageFullAndReadsGoOn) {
  const StoredAnswer before = typical_answer("before", {});
  SqliteStore(options()).keep({&before, 1});
  std::vector<StoredAnswer> many;
  for (int i = 0; i < 64; ++i) many.push_back(typical_answer("many", {}));
  const int status = in_another_process([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    SqliteStore store(options());
    const rlimit limit{60000, 60000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      store.keep(many);
    } catch (const Error& error) {
      const bool reads =
          describe(store.find_answer(before.id).value()) == describe(before) && !store.find_answer(many[0].id);
      return error.code() == ErrorCode::kStorageFull && reads ? kStorageFullExit : 2;
    }
    return 3;
  });
  EXPECT_EQ(status, kStorageFullExit);
  SqliteStore store(options());
  EXPECT_EQ(describe(store.find_answer(before.id).value()), describe(before));
  store.keep(many);
}

TEST_F(DurabilityTest, AFullDiskIsAnErrorAndReadsGoOn) {
  {
    SqliteStore(options()).count();
  }
  EXPECT_EQ(add_and_die_at("alpha", StoreStep::kCompleteCommitted), -SIGKILL);
  const int status = in_another_process([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    SqliteStore store(options());
    Spool spool = spool_of(folder_.path(), "original of beta");
    SampleDocument document = sample(spool, "beta");
    const rlimit limit{20000, 20000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      add(store, document);
    } catch (const Error& error) {
      const bool reads = store.list({.status = DocumentStatus::kReady}).documents.size() == 1 &&
                         !store.chunks_of(store.list({}).documents.at(0).id, 9, "").passages.empty();
      return error.code() == ErrorCode::kStorageFull && reads ? kStorageFullExit : 2;
    }
    return 3;
  });
  EXPECT_EQ(status, kStorageFullExit);
  SqliteStore store(options());
  expect_whole(store, "alpha", true);
  const auto waiting = store.begin_next(0);
  EXPECT_TRUE(!waiting || store.remove(waiting->document)) << "accepted, but there was no room for more";
  expect_whole(store, "beta", false);
}

TEST_F(DurabilityTest, AFullDiskWhileReceivingIsStorageFull) {
  const int status = in_another_process([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      spool_of(folder_.path(), std::string(5000, 'x'));
    } catch (const Error& error) {
      return error.code() == ErrorCode::kStorageFull ? kStorageFullExit : 2;
    }
    return 3;
  });
  EXPECT_EQ(status, kStorageFullExit);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "spool"));
}

}  // namespace
}  // namespace jackdaw::store
