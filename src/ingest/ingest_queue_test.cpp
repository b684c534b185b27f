#include "ingest/ingest_queue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "core/error.h"
#include "tests/support/await.h"
#include "tests/support/brute_index.h"
#include "tests/support/laid_down_pages.h"
#include "tests/support/memory_store.h"
#include "tests/support/word_embedder.h"

namespace jackdaw::ingest {
namespace {

using Stage = JobProgress::Stage;
using testing::await;

// Holds an extraction until the test lets it go on.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

class IngestQueueTest : public ::testing::Test {
 protected:
  void TearDown() override {
    gate_.open();
    queue_.reset();
    io_.restart();
    io_.run();
  }

  static NewUpload upload(const std::string& name, const std::string& version = "1") {
    return {
        .file = {.path = "/spool/" + name, .filename = name, .bytes = 123, .sha256 = "sha256 of " + name + version}};
  }
  void begin() {
    ingestor_.emplace(extractor_, space_, store_, store_, compute_, writing_, merging_, extraction_, IngestorOptions{});
    queue_.emplace(io_.get_executor(), store_, store_, *ingestor_, writing_, options_);
    queue_->start();
  }
  IngestQueue& queue() {
    if (!queue_) begin();
    return *queue_;
  }
  Accepted submit(const NewUpload& wanted, const std::string& password = "") {
    return await(io_, queue().submit(wanted, password));
  }
  Document wait(const DocumentId& id) { return await(io_, queue().wait(id, {})); }
  Accepted ingest(const NewUpload& wanted, Cancellation cancellation = {}) {
    return await(io_, queue().ingest(wanted, "", cancellation));
  }
  template <class Call>
  ErrorCode failure_of(Call call) {
    try {
      call();
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
  }
  // Until the extraction of some document waits at the gate.
  void run_until(const std::function<bool()>& condition) {
    const TimePoint deadline = SteadyClock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(SteadyClock::now(), deadline);
      io_.restart();
      io_.run_for(std::chrono::milliseconds(2));
    }
  }
  std::size_t found(const std::string& word) { return index_.snapshot()->keyword->search(word, 10, {}).size(); }

  boost::asio::io_context io_;
  testing::LaidDownPages extractor_;
  testing::WordEmbedder embedder_;
  testing::MemoryStore store_;
  testing::BruteIndex index_;
  SearchSpaceInUse space_{embedder_, index_};
  Gate gate_;
  IngestQueueOptions options_;
  std::string message_;
  std::optional<Ingestor> ingestor_;
  std::optional<IngestQueue> queue_;
  Compute compute_{{.name = "compute", .threads = 2}};
  Compute writing_{{.name = "writing", .threads = 1}};
  Compute merging_{{.name = "merging", .threads = 1}};
  Compute extraction_{{.name = "extract", .threads = 2}};
};

TEST_F(IngestQueueTest, ReadsWhatWasHandedInAfterItWasAccepted) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  const Accepted accepted = submit(upload("a.pdf"));
  EXPECT_EQ(accepted.document.status, DocumentStatus::kQueued);
  const Document ready = wait(accepted.document.id);
  EXPECT_EQ(ready.status, DocumentStatus::kReady);
  EXPECT_EQ(found("magpies"), 1U);
  EXPECT_FALSE(queue().progress(ready.id).has_value());
}

TEST_F(IngestQueueTest, ReadsEveryDocumentOfALongQueueAndNoneTwice) {
  for (int i = 0; i < 40; ++i) {
    const std::string name = "file" + std::to_string(i);
    extractor_.pages[name] = {"Text of " + name + "."};
    submit(upload(name));
  }
  for (const Document& document : store_.list({.limit = 200, .after = {}, .text = {}, .status = {}}).documents) {
    EXPECT_EQ(wait(document.id).status, DocumentStatus::kReady);
  }
  EXPECT_EQ(extractor_.extractions, 40);
  EXPECT_EQ(index_.snapshot()->documents, 40U);
}

TEST_F(IngestQueueTest, GoesOnWithWhatWaitedBeforeTheStart) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const DocumentId id = store_.accept(upload("a.pdf")).document.id;
  EXPECT_EQ(wait(id).status, DocumentStatus::kReady);
}

TEST_F(IngestQueueTest, TellsEachStepAndTheLastOneLast) {
  extractor_.pages["a.pdf"] = {"A text about magpies.", "", "More."};
  extractor_.before = [this] { gate_.pass(); };
  const DocumentId id = submit(upload("a.pdf")).document.id;
  std::vector<JobProgress> seen;
  const auto listen = [](IngestQueue& from, DocumentId document,
                         std::vector<JobProgress>& into) -> boost::asio::awaitable<void> {
    IngestQueue::Follower follower = co_await from.follow(document);
    while (into.empty() || !into.back().is_last()) {
      const auto news = co_await follower.next(std::chrono::seconds(60), {});
      if (news) into.push_back(*news);
    }
  };
  boost::asio::co_spawn(io_, listen(queue(), id, seen), boost::asio::detached);
  run_until([&] { return !seen.empty(); });
  gate_.open();
  run_until([&] { return seen.back().is_last(); });
  EXPECT_EQ(seen.back().stage, Stage::kReady);
  EXPECT_EQ(seen.back().pages, 3);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.stage < b.stage; }));
}

TEST_F(IngestQueueTest, SaysWhyAFileFailedAndAtWhichPageAndGoesOnWithTheNext) {
  extractor_.pages["b.pdf"] = {"Some text."};
  const DocumentId bad = submit(upload("damaged.pdf")).document.id;
  const DocumentId good = submit(upload("b.pdf")).document.id;
  const Document failed = wait(bad);
  EXPECT_EQ(failed.status, DocumentStatus::kFailed);
  ASSERT_TRUE(failed.failure.has_value());
  EXPECT_EQ(failed.failure->code, ErrorCode::kDamagedDocument);
  EXPECT_EQ(failed.failure->page, 2);
  EXPECT_EQ(wait(good).status, DocumentStatus::kReady);
}

TEST_F(IngestQueueTest, TriesAFailedFileAgainWhenAsked) {
  const DocumentId id = submit(upload("a.pdf")).document.id;
  EXPECT_EQ(wait(id).status, DocumentStatus::kFailed);
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  EXPECT_EQ(await(io_, queue().retry(id, "")).status, DocumentStatus::kQueued);
  EXPECT_EQ(wait(id).status, DocumentStatus::kReady);
  EXPECT_EQ(failure_of([&] { await(io_, queue().retry(id, "")); }), ErrorCode::kConflict);
}

TEST_F(IngestQueueTest, OpensAProtectedFileWithThePasswordThatCameWithIt) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  extractor_.passwords["a.pdf"] = "sesame";
  const DocumentId id = submit(upload("a.pdf")).document.id;
  EXPECT_EQ(wait(id).failure->code, ErrorCode::kEncryptedDocument);
  await(io_, queue().retry(id, "sesame"));
  EXPECT_EQ(wait(id).status, DocumentStatus::kReady);
  extractor_.pages["b.pdf"] = {"Some text."};
  extractor_.passwords["b.pdf"] = "sesame";
  EXPECT_EQ(wait(submit(upload("b.pdf"), "sesame").document.id).status, DocumentStatus::kReady);
}

TEST_F(IngestQueueTest, CancelsWhatWaitsAndWhatRuns) {
  options_.max_concurrent = 1;
  extractor_.pages["a.pdf"] = {"Some text."};
  extractor_.pages["b.pdf"] = {"Some text."};
  extractor_.before = [this] { gate_.pass(); };
  const DocumentId runs = submit(upload("a.pdf")).document.id;
  const DocumentId waits = submit(upload("b.pdf")).document.id;
  run_until([&] { return extractor_.extractions == 1; });
  EXPECT_EQ(await(io_, queue().cancel(waits)).status, DocumentStatus::kCancelled);
  EXPECT_EQ(await(io_, queue().cancel(runs)).status, DocumentStatus::kCancelled);
  gate_.open();
  EXPECT_EQ(wait(runs).status, DocumentStatus::kCancelled);
  run_until([&] { return !queue().progress(runs); });
  EXPECT_EQ(extractor_.extractions, 1);
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
  EXPECT_EQ(failure_of([&] { await(io_, queue().cancel(runs)); }), ErrorCode::kConflict);
}

TEST_F(IngestQueueTest, TheOldVersionAnswersUntilTheNewOneIsReady) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  const DocumentId id = ingest(upload("a.pdf")).document.id;
  extractor_.pages["a.pdf"] = {"A text about herons."};
  extractor_.before = [this] { gate_.pass(); };
  NewUpload second = upload("a.pdf", "2");
  second.replaces = id;
  const Accepted accepted = submit(second);
  EXPECT_EQ(accepted.document.status, DocumentStatus::kReady);
  ASSERT_TRUE(accepted.document.replacement.has_value());
  run_until([&] { return extractor_.extractions == 2; });
  EXPECT_EQ(found("magpies"), 1U);
  gate_.open();
  EXPECT_FALSE(wait(id).replacement.has_value());
  EXPECT_EQ(found("magpies"), 0U);
  EXPECT_EQ(found("herons"), 1U);
}

TEST_F(IngestQueueTest, ASecondReplacementTakesThePlaceOfTheFirst) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  const DocumentId id = ingest(upload("a.pdf")).document.id;
  extractor_.before = [this] { gate_.pass(); };
  NewUpload second = upload("a.pdf", "2");
  second.replaces = id;
  submit(second);
  run_until([&] { return extractor_.extractions == 2; });
  NewUpload third = upload("c.pdf", "3");
  third.replaces = id;
  extractor_.pages["c.pdf"] = {"A text about herons."};
  submit(third);
  gate_.open();
  const Document now = wait(id);
  EXPECT_EQ(now.filename, "c.pdf");
  EXPECT_EQ(found("magpies"), 0U);
  EXPECT_EQ(found("herons"), 1U);
}

TEST_F(IngestQueueTest, AFailedReplacementLeavesTheOldVersionAnswering) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  const DocumentId id = ingest(upload("a.pdf")).document.id;
  NewUpload second = upload("damaged.pdf", "2");
  second.replaces = id;
  submit(second);
  const Document now = wait(id);
  EXPECT_EQ(now.status, DocumentStatus::kReady);
  ASSERT_TRUE(now.replacement && now.replacement->failure);
  EXPECT_EQ(now.replacement->failure->code, ErrorCode::kDamagedDocument);
  EXPECT_EQ(found("magpies"), 1U);
}

TEST_F(IngestQueueTest, ARemovedDocumentNeverComesBack) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  extractor_.before = [this] { gate_.pass(); };
  const DocumentId id = submit(upload("a.pdf")).document.id;
  run_until([&] { return extractor_.extractions == 1; });
  EXPECT_TRUE(await(io_, queue().remove(id)));
  gate_.open();
  run_until([&] { return !queue().progress(id); });
  EXPECT_EQ(store_.count(), 0);
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
  EXPECT_EQ(failure_of([&] { wait(id); }), ErrorCode::kNotFound);
}

TEST_F(IngestQueueTest, IngestReturnsTheReadyDocumentAndKnowsTheSameBytes) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  const Accepted first = ingest(upload("a.pdf"));
  EXPECT_FALSE(first.already_known);
  EXPECT_EQ(first.document.status, DocumentStatus::kReady);
  const Accepted second = ingest(upload("a.pdf"));
  EXPECT_TRUE(second.already_known);
  EXPECT_EQ(second.document.id, first.document.id);
  EXPECT_EQ(extractor_.extractions, 1);
}

TEST_F(IngestQueueTest, IngestReadsTheSameBytesOnceWhenTheyComeTwiceAtOnce) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  std::set<DocumentId> ids;
  int ended = 0;
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(io_, queue().ingest(upload("a.pdf"), "", {}),
                          [&](std::exception_ptr failure, const Accepted& accepted) {
                            ++ended;
                            ASSERT_FALSE(failure);
                            EXPECT_EQ(accepted.document.status, DocumentStatus::kReady);
                            ids.insert(accepted.document.id);
                          });
  }
  run_until([&] { return ended == 2; });
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(extractor_.extractions, 1);
}

TEST_F(IngestQueueTest, IngestThrowsTheReasonAndLeavesNoTraceOfAFileThatFailed) {
  EXPECT_EQ(failure_of([&] { ingest(upload("damaged.pdf")); }), ErrorCode::kDamagedDocument);
  EXPECT_EQ(store_.count(), 0);
}

// Who comes while the last of the others takes the failed document away must not hear that somebody deleted his.
TEST_F(IngestQueueTest, EveryoneWhoHandsInTheSameBadBytesHearsTheSameReason) {
  const auto hand_in = [](IngestQueue& into, NewUpload wanted,
                          std::optional<ErrorCode>& reason) -> boost::asio::awaitable<void> {
    try {
      co_await into.ingest(std::move(wanted), "", {});
    } catch (const Error& error) {
      reason = error.code();
    }
  };
  for (int round = 0; round < 100; ++round) {
    std::vector<std::optional<ErrorCode>> reasons(8);
    for (auto& reason : reasons) {
      boost::asio::co_spawn(io_, hand_in(queue(), upload("damaged.pdf"), reason), boost::asio::detached);
      io_.restart();
      io_.run_for(std::chrono::microseconds(round * 20));
    }
    run_until([&] { return std::ranges::all_of(reasons, [](const auto& reason) { return reason.has_value(); }); });
    for (const auto& reason : reasons) EXPECT_EQ(reason, ErrorCode::kDamagedDocument) << "round " << round;
  }
  run_until([&] { return store_.list({.limit = 200, .after = {}, .text = {}, .status = {}}).documents.empty(); });
}

TEST_F(IngestQueueTest, IngestTriesAgainWhatHadFailedBefore) {
  const DocumentId id = submit(upload("a.pdf")).document.id;
  EXPECT_EQ(wait(id).status, DocumentStatus::kFailed);
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  EXPECT_EQ(ingest(upload("a.pdf")).document.id, id);
  EXPECT_EQ(found("magpies"), 1U);
}

TEST_F(IngestQueueTest, IngestLeavesNothingWhenNobodyWaitsForItAnyMore) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const Cancellation cancellation;
  extractor_.before = [&] {
    cancellation.cancel(CancelReason::kDisconnect);
    gate_.pass();
  };
  EXPECT_EQ(failure_of([&] { ingest(upload("a.pdf"), cancellation); }), ErrorCode::kCancelled);
  EXPECT_EQ(store_.count(), 0);
  gate_.open();
  run_until([&] { return extractor_.extractions == 1; });
  EXPECT_EQ(index_.snapshot()->chunks, 0U);
}

TEST_F(IngestQueueTest, WhatOthersWereToldOfStaysWhenTheFirstOneGoes) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  extractor_.before = [this] { gate_.pass(); };
  const Cancellation leaves;
  bool left = false;
  boost::asio::co_spawn(io_, queue().ingest(upload("a.pdf"), "", leaves),
                        [&](std::exception_ptr failure, const Accepted&) { left = failure != nullptr; });
  run_until([&] { return extractor_.extractions == 1; });
  const Accepted told = submit(upload("a.pdf"));
  EXPECT_TRUE(told.already_known);
  leaves.cancel(CancelReason::kDisconnect);
  run_until([&] { return left; });
  gate_.open();
  EXPECT_EQ(wait(told.document.id).status, DocumentStatus::kReady);
}

TEST_F(IngestQueueTest, ReadsAloneAFileAtWhichTheProgramMayHaveDied) {
  extractor_.pages["a.pdf"] = {"Some text."};
  extractor_.pages["b.pdf"] = {"Some text."};
  const DocumentId first = store_.accept(upload("a.pdf")).document.id;
  const DocumentId second = store_.accept(upload("b.pdf")).document.id;
  store_.begin_next(0);
  store_.begin_next(1);  // both ran when it died
  extractor_.before = [this] { gate_.pass(); };
  begin();
  run_until([&] { return extractor_.extractions == 1; });
  extractor_.pages["c.pdf"] = {"Some text."};
  const DocumentId third = submit(upload("c.pdf")).document.id;  // asks for whatever may begin
  EXPECT_EQ(await(io_, queue().cancel(third)).status, DocumentStatus::kCancelled);
  EXPECT_FALSE(queue().progress(second).has_value());
  EXPECT_EQ(extractor_.extractions, 1);
  gate_.open();
  EXPECT_EQ(wait(first).status, DocumentStatus::kReady);
  EXPECT_EQ(wait(second).status, DocumentStatus::kReady);
}

TEST_F(IngestQueueTest, TellsAtOnceThatAnEndCannotBeWrittenAndWritesItsReasonLater) {
  int refused = 0;
  store_.before_fail = [&] {
    if (++refused == 1) throw Error(ErrorCode::kStorageFull, "The disk is full.");
  };
  const DocumentId id = submit(upload("damaged.pdf")).document.id;
  EXPECT_EQ(failure_of([&] { wait(id); }), ErrorCode::kStorageFull);
  run_until([&] { return store_.find(id)->status == DocumentStatus::kFailed; });
  EXPECT_EQ(store_.find(id)->failure->code, ErrorCode::kDamagedDocument);
}

TEST_F(IngestQueueTest, RefusesMoreThanMayWait) {
  options_.max_concurrent = 1;
  options_.max_waiting = 2;
  extractor_.before = [this] { gate_.pass(); };
  submit(upload("a.pdf"));
  submit(upload("b.pdf"));
  EXPECT_EQ(failure_of([&] { submit(upload("c.pdf")); }), ErrorCode::kOverloaded);
  EXPECT_EQ(store_.count(), 2);
}

TEST_F(IngestQueueTest, LeavesOutAFileAtWhichTheProgramKeepsDying) {
  extractor_.pages["a.pdf"] = {"Some text."};
  const DocumentId id = store_.accept(upload("a.pdf")).document.id;
  for (int i = 0; i < 3; ++i) store_.begin_next(0);
  EXPECT_EQ(wait(id).failure->code, ErrorCode::kDamagedDocument);
  EXPECT_EQ(extractor_.extractions, 0);
  await(io_, queue().retry(id, ""));
  EXPECT_EQ(wait(id).status, DocumentStatus::kReady);
}

TEST_F(IngestQueueTest, AnEndingProgramPutsWhatRunsBackInTheQueue) {
  extractor_.pages["a.pdf"] = {"A text about magpies."};
  extractor_.before = [this] { gate_.pass(); };
  const DocumentId id = submit(upload("a.pdf")).document.id;
  run_until([&] { return extractor_.extractions == 1; });
  std::jthread opens([this] { gate_.open(); });
  await(io_, queue().shut_down());
  EXPECT_EQ(store_.find(id)->status, DocumentStatus::kQueued);
  EXPECT_EQ(store_.begin_next(0)->attempts, 1);
  EXPECT_EQ(failure_of([&] { submit(upload("b.pdf")); }), ErrorCode::kShuttingDown);
  queue_.reset();
  extractor_.before = nullptr;
  EXPECT_EQ(wait(id).status, DocumentStatus::kReady);
}

}  // namespace
}  // namespace jackdaw::ingest
