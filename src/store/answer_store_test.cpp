#include "core/answer_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

using namespace std::chrono_literals;

class AnswerStoreTest : public testing::Test {
 protected:
  SqliteStoreOptions options() const { return {.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}}; }
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(options());
  }

  // The passages of a new document, every word of which contains `mark`, as does its name.
  std::vector<Passage> add_document(const std::string& mark) {
    Spool spool = spool_of(folder_.path(), "original of " + mark);
    SampleDocument sample = sample_document(spool, mark, random_);
    return store_->passages(add(*store_, sample));
  }

  std::string found(const AnswerId& id) {
    const std::optional<StoredAnswer> answer = store_->find_answer(id);
    return answer ? describe(*answer) : "nothing";
  }

  void keep(const StoredAnswer& answer) { store_->keep({&answer, 1}); }

  static std::optional<ErrorCode> code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return std::nullopt;
  }

  std::optional<ErrorCode> code_of_find(const AnswerId& id) {
    return code_of([&] { store_->find_answer(id); });
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

  // Runs a statement on the closed store's database, as nothing of the program would.
  void change_file(const std::string& sql) {
    store_.reset();
    Database(folder_.path() / "jackdaw.db", Database::Access::kReadWrite).execute(sql);
    reopen();
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{23};
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(AnswerStoreTest, GivesBackEveryAnswerToTheBitAlsoAfterReopening) {
  AnswerMaker maker(5, add_document("alpha"));
  std::vector<StoredAnswer> answers;
  for (int i = 0; i < 240; ++i) answers.push_back(maker.answer());
  store_->keep(std::span(answers).first(200));
  for (std::size_t i = 200; i < answers.size(); ++i) keep(answers[i]);
  for (int opening = 0; opening < 2; ++opening) {
    for (const StoredAnswer& answer : answers) ASSERT_EQ(found(answer.id), describe(answer));
    reopen();
  }
}

TEST_F(AnswerStoreTest, KnowsNothingOfAnswersThatWereNeverKept) {
  EXPECT_FALSE(store_->find_answer({random_id()}));
  EXPECT_FALSE(store_->find_answer({""}));
  EXPECT_FALSE(store_->find_answer({"' OR '1'='1"}));
  EXPECT_EQ(store_->forget_answers_before(WallTime::max(), 1'000'000), 0U);
  store_->keep({});
}

TEST_F(AnswerStoreTest, KeepsAnIdOnce) {
  const StoredAnswer first = typical_answer("first", {});
  const StoredAnswer second = typical_answer("second", {});
  keep(first);
  for (const std::vector<StoredAnswer>& both : {std::vector{second, first}, std::vector{second, second}}) {
    EXPECT_EQ(code_of([&] { store_->keep(both); }), ErrorCode::kConflict);
    EXPECT_EQ(found(second.id), "nothing") << "all of them or none";
  }
  store_->forget_answers_before(WallTime::max(), 1'000'000);
  EXPECT_EQ(code_of([&] { keep(first); }), ErrorCode::kConflict) << "also once it is forgotten";
  keep(second);
  EXPECT_EQ(found(second.id), describe(second));
}

TEST_F(AnswerStoreTest, RefusesAnswersThatDidNotEnd) {
  StoredAnswer answer = typical_answer("word", {});
  answer.events.pop_back();
  EXPECT_EQ(code_of([&] { keep(answer); }), ErrorCode::kInternal);
  EXPECT_EQ(found(answer.id), "nothing");
}

TEST_F(AnswerStoreTest, SaysOfPassagesWhoseDocumentIsGoneOnlyThatTheyWere) {
  const std::vector<Passage> alpha = add_document("alpha");
  std::vector<Passage> both = add_document("beta");
  both.insert(both.end(), alpha.begin(), alpha.end());
  AnswerMaker maker(6, both);
  std::vector<StoredAnswer> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(maker.answer());
  store_->keep(answers);
  ASSERT_TRUE(store_->remove(alpha[0].document));
  for (StoredAnswer& answer : answers) {
    for_each_passage(answer, [&](RetrievedPassage& each) {
      if (each.passage.document == alpha[0].document) delete_passage(each);
    });
    ASSERT_EQ(found(answer.id), describe(answer));
  }
}

TEST_F(AnswerStoreTest, KeepsNoTextAndNoNameOfADocument) {
  const std::vector<Passage> passages = add_document("secretword");
  const StoredAnswer answer = typical_answer("question", passages);
  keep(answer);
  ASSERT_FALSE(files_with("secretword").empty());
  ASSERT_TRUE(store_->remove(passages[0].document));
  EXPECT_EQ(files_with("secretword"), std::vector<std::string>{});
  EXPECT_FALSE(files_with("question").empty()) << "the answer itself is kept";
  const StoredAnswer later = typical_answer("afterwards", passages);
  keep(later);
  EXPECT_EQ(files_with("secretword"), std::vector<std::string>{}) << "an answer that ends after the removal";
  StoredAnswer expected = later;
  for_each_passage(expected, delete_passage);
  EXPECT_EQ(found(later.id), describe(expected));
}

TEST_F(AnswerStoreTest, ForgetsWhatEndedBeforeAndNothingElse) {
  const WallTime border = std::chrono::system_clock::now() - 24h;
  AnswerMaker maker(7, add_document("alpha"));
  std::vector<StoredAnswer> old;
  std::vector<StoredAnswer> young;
  for (int i = 0; i < 450; ++i) {  // more than two transactions
    StoredAnswer answer = i % 50 == 0 ? maker.answer() : typical_answer("canary" + std::to_string(i) + "x", {});
    answer.ended_at = border - std::chrono::nanoseconds(1 + i);
    old.push_back(answer);
  }
  for (int i = 0; i < 10; ++i) {
    young.push_back(typical_answer("young" + std::to_string(i) + "x", {}));
    young.back().ended_at = border + std::chrono::nanoseconds(i);
  }
  store_->keep(young);
  store_->keep(old);
  ASSERT_FALSE(files_with("canary").empty());
  EXPECT_EQ(store_->forget_answers_before(border, 1'000'000), old.size());
  EXPECT_EQ(files_with("canary"), std::vector<std::string>{});
  EXPECT_EQ(store_->forget_answers_before(border, 1'000'000), 0U);
  for (int opening = 0; opening < 2; ++opening) {
    for (const StoredAnswer& answer : old) ASSERT_EQ(code_of_find(answer.id), ErrorCode::kGone);
    for (const StoredAnswer& answer : young) ASSERT_EQ(found(answer.id), describe(answer));
    reopen();
  }
}

TEST_F(AnswerStoreTest, LeavesNoByteOfForgottenAnswersAmongThoseThatStay) {
  // Answers of every size, forgotten in an order in which they were not kept: rows move between pages.
  std::uniform_int_distribution<int> days(1, 400);
  std::uniform_int_distribution<std::size_t> bytes(1, 9000);
  const WallTime now = std::chrono::system_clock::now();
  std::map<int, std::vector<StoredAnswer>> by_day;
  for (int i = 0; i < 200; ++i) {
    const int day = days(random_);
    const std::string mark = "day" + std::to_string(day) + "x";
    StoredAnswer answer{.id = {random_id()}, .question = mark, .created_at = now, .ended_at = now, .events = {}};
    answer.ended_at -= 24h * day;
    std::string text;
    while (text.size() < bytes(random_)) text += mark;
    answer.events = {AnswerToken{text}, AnswerError{ErrorCode::kProviderError, mark, std::nullopt, true}};
    keep(by_day[day].emplace_back(answer));
  }
  for (int day = 400; day > 0; day -= 40) {
    store_->forget_answers_before(now - 24h * (day - 40), 1'000'000);
    std::string files;
    for (const char* name : {"jackdaw.db", "jackdaw.db-wal"}) files += bytes_of(folder_.path() / name);
    for (const auto& [when, answers] : by_day) {
      const bool there = files.find("day" + std::to_string(when) + "x") != std::string::npos;
      ASSERT_EQ(there, when <= day - 40) << when << " of " << day;
      for (const StoredAnswer& answer : answers) {
        if (when > day - 40) continue;
        ASSERT_EQ(found(answer.id), describe(answer));
      }
    }
  }
}

TEST_F(AnswerStoreTest, RemembersForAYearThatAnAnswerWasForgotten) {
  const StoredAnswer first = typical_answer("first", {});
  const StoredAnswer second = typical_answer("second", {});
  store_->keep(std::vector{first, second});
  store_->forget_answers_before(WallTime::max(), 1'000'000);
  const auto age = [&](const AnswerId& id, int days) {
    change_file("UPDATE forgotten_answers SET forgotten_ns = forgotten_ns - " + std::to_string(days) +
                " * 86400000000000 WHERE id = '" + id.value + "'");
  };
  age(first.id, 364);
  age(second.id, 366);
  EXPECT_EQ(code_of_find(second.id), ErrorCode::kGone);
  store_->forget_answers_before(WallTime::min(), 1'000'000);
  EXPECT_EQ(code_of_find(first.id), ErrorCode::kGone);
  EXPECT_FALSE(store_->find_answer(second.id));
}

TEST_F(AnswerStoreTest, RefusesADamagedRowNamingTheAnswer) {
  const StoredAnswer whole = typical_answer("whole", add_document("alpha"));
  const std::vector<std::string> damages = {
      "UPDATE answers SET events = substr(events, 1, length(events) - 1) WHERE id = ?",
      "UPDATE answers SET events = CAST(events || x'00' AS BLOB) WHERE id = ?",
      "UPDATE answers SET events = CAST(x'03' || substr(events, 2) AS BLOB) WHERE id = ?",
      "UPDATE answers SET events = x'' WHERE id = ?",
      "UPDATE answers SET text = text || 'x' WHERE id = ?",
      "UPDATE answers SET text = '' WHERE id = ?",
      "UPDATE answer_sources SET scores = x'01' WHERE place = 3 AND answer = (SELECT number FROM answers WHERE id = ?)",
      "UPDATE answer_sources SET place = 99 WHERE place = 3 AND answer = (SELECT number FROM answers WHERE id = ?)",
      "DELETE FROM answer_sources WHERE place = 7 AND answer = (SELECT number FROM answers WHERE id = ?)",
      "UPDATE answer_sources SET document = 'x' WHERE place = 0 AND answer = (SELECT number FROM answers WHERE id = ?)",
  };
  keep(whole);
  for (std::string sql : damages) {
    StoredAnswer answer =
        typical_answer("word", store_->passages(std::vector<ChunkId>{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}));
    keep(answer);
    change_file(sql.replace(sql.find('?'), 1, "'" + answer.id.value + "'"));
    try {
      store_->find_answer(answer.id);
      ADD_FAILURE() << sql;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInternal) << sql;
      EXPECT_NE(std::string(error.what()).find("'" + answer.id.value + "'"), std::string::npos) << error.what();
    }
    EXPECT_EQ(found(whole.id), describe(whole)) << "its neighbour is not harmed";
  }
  EXPECT_EQ(store_->forget_answers_before(WallTime::max(), 1'000'000), damages.size() + 1)
      << "what is damaged can be forgotten";
}

TEST_F(AnswerStoreTest, KeepsFromManyThreadsWhileOthersReadAndForget) {
  constexpr int kWriters = 3;
  constexpr int kAnswersEach = 40;
  const std::vector<Passage> passages = add_document("alpha");
  const StoredAnswer fixed = typical_answer("fixed", passages);
  keep(fixed);
  const std::string expected = describe(fixed);
  std::atomic<int> writing = kWriters;
  std::atomic<int> torn = 0;
  std::atomic<int> reads = 0;
  std::vector<std::vector<StoredAnswer>> kept(kWriters);
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&, i] {
      AnswerMaker maker(100 + static_cast<unsigned>(i), passages);
      for (int n = 0; n < kAnswersEach; n += 4) {
        std::vector<StoredAnswer> some;
        for (int each = 0; each < 4; ++each) some.push_back(maker.answer());
        // Every other batch is old enough to be forgotten at once.
        if (n % 8 == 4) std::ranges::for_each(some, [](StoredAnswer& answer) { answer.ended_at -= 48h; });
        store_->keep(some);
        for (StoredAnswer& answer : some) {
          try {
            const auto again = store_->find_answer(answer.id);
            if (!again || describe(*again) != describe(answer)) ++torn;
          } catch (const Error& error) {
            if (error.code() != ErrorCode::kGone || n % 8 != 4) ++torn;
          }
          kept[static_cast<std::size_t>(i)].push_back(std::move(answer));
        }
      }
      --writing;
    });
  }
  threads.emplace_back([&] {
    do {
      if (found(fixed.id) != expected) ++torn;
      ++reads;
    } while (writing > 0);
  });
  threads.emplace_back([&] {
    const WallTime border = std::chrono::system_clock::now() - 24h;
    do {
      store_->forget_answers_before(border, 1'000'000);
      std::this_thread::sleep_for(1ms);
    } while (writing > 0);
    store_->forget_answers_before(border, 1'000'000);
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_GT(reads, 0);
  for (const auto& answers : kept) {
    ASSERT_EQ(answers.size(), static_cast<std::size_t>(kAnswersEach));
    for (std::size_t n = 0; n < answers.size(); ++n) {
      if (n % 8 < 4) {
        ASSERT_EQ(found(answers[n].id), describe(answers[n]));
      } else {
        ASSERT_EQ(code_of_find(answers[n].id), ErrorCode::kGone);
      }
    }
  }
}

TEST_F(AnswerStoreTest, FindsAnswersWhileAWriterIsInTheMiddleOfATransaction) {
  const StoredAnswer first = typical_answer("first", {});
  const StoredAnswer second = typical_answer("second", {});
  keep(first);
  SqliteStoreOptions with = options();
  int found_meanwhile = 0;
  with.on_step = [&](StoreStep step) {
    if (step != StoreStep::kAnswersWritten) return;
    std::thread([&] {
      if (found(first.id) == describe(first) && found(second.id) == "nothing") ++found_meanwhile;
    }).join();
  };
  store_.reset();
  store_ = std::make_unique<SqliteStore>(with);
  keep(second);
  EXPECT_EQ(found_meanwhile, 1);
  EXPECT_EQ(found(second.id), describe(second));
}

TEST_F(AnswerStoreTest, AFullCollectionRefusesAnswersReadsOnAndStillForgets) {
  SqliteStoreOptions tight = options();
  tight.max_database_bytes = 400 * 1024;
  store_.reset();
  store_ = std::make_unique<SqliteStore>(tight);
  std::vector<StoredAnswer> kept;
  std::optional<ErrorCode> refused;
  while (!refused && kept.size() < 1000) {
    const StoredAnswer answer = typical_answer("word" + std::to_string(kept.size()), {});
    refused = code_of([&] { keep(answer); });
    if (!refused) kept.push_back(answer);
  }
  EXPECT_EQ(refused, ErrorCode::kStorageFull);
  ASSERT_GT(kept.size(), 20U);
  for (const StoredAnswer& answer : kept) ASSERT_EQ(found(answer.id), describe(answer));
  EXPECT_EQ(store_->forget_answers_before(WallTime::max(), 1'000'000), kept.size());
  keep(typical_answer("again", {}));
}

}  // namespace
}  // namespace jackdaw::store
