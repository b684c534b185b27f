#include "core/job_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

class JobStoreTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(
        SqliteStoreOptions{.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}});
  }

  // A sample whose spool file lives as long as the test.
  SampleDocument sample(const std::string& mark) {
    spools_.push_back(spool_of(folder_.path(), "original of " + mark));
    return sample_document(spools_.back(), mark, random_);
  }
  Accepted accept(const std::string& mark, const std::function<void(NewUpload&)>& change = {}) {
    NewUpload upload = samples_.insert_or_assign(mark, sample(mark)).first->second.upload();
    if (change) change(upload);
    return store_->accept(upload);
  }
  DocumentId accepted(const std::string& mark) { return accept(mark).document.id; }
  Accepted replace(const DocumentId& id, const std::string& mark) {
    return accept(mark, [&](NewUpload& upload) { upload.replaces = id; });
  }
  // Begins the document's job and ends it with what `mark` says.
  std::vector<ChunkId> complete(const DocumentId& id, const std::string& mark) {
    return store_->complete(store_->waiting_job_of(id).value(), samples_.at(mark).read()).value();
  }
  DocumentId ready(const std::string& mark) {
    const DocumentId id = accepted(mark);
    complete(id, mark);
    return id;
  }

  std::vector<std::string> files_with(const std::string& text) const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file() && bytes_of(entry.path()).find(text) != std::string::npos) {
        files.push_back(entry.path().filename());
      }
    }
    return files;
  }
  std::size_t originals() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "originals")) {
      count += entry.is_regular_file() ? 1U : 0U;
    }
    return count;
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
  std::mt19937 random_{29};
  std::vector<Spool> spools_;
  std::map<std::string, SampleDocument> samples_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(JobStoreTest, AnAcceptedFileIsADocumentThatWaitsWithItsOriginal) {
  const Accepted taken = accept("alpha", [](NewUpload& upload) { upload.title = "Given"; });
  EXPECT_FALSE(taken.already_known);
  for (int opening = 0; opening < 2; ++opening) {
    const Document document = store_->find(taken.document.id).value();
    EXPECT_EQ(document.status, DocumentStatus::kQueued);
    EXPECT_EQ(document.filename, "alpha.pdf");
    EXPECT_EQ(document.title, "Given");
    EXPECT_EQ(document.tags, samples_.at("alpha").document.tags);
    EXPECT_EQ(document.source, "/from/alpha.pdf");
    EXPECT_EQ(document.sha256, samples_.at("alpha").original.sha256);
    EXPECT_EQ(document.media_type, "");
    EXPECT_FALSE(document.replacement || document.failure);
    EXPECT_EQ(bytes_of(store_->original_of(document.id).value()), "original of alpha");
    EXPECT_EQ(store_->waiting_jobs(), 1U);
    store_->for_each_indexed([](IndexedDocument&&) { FAIL() << "not ready"; });
    EXPECT_TRUE(store_->matching({}).empty());
    reopen();
  }
}

TEST_F(JobStoreTest, JobsBeginInTheOrderOfTheirComingAndCountAttempts) {
  const DocumentId first = accepted("alpha");
  const DocumentId second = accepted("beta");
  const Job begun = store_->begin_next(0).value();
  EXPECT_EQ(begun.document, first);
  EXPECT_EQ(begun.filename, "alpha.pdf");
  EXPECT_EQ(begun.sha256, samples_.at("alpha").original.sha256);
  EXPECT_EQ(begun.bytes, samples_.at("alpha").original.bytes);
  EXPECT_EQ(bytes_of(begun.original), "original of alpha");
  EXPECT_FALSE(begun.replaces || begun.keep_partial);
  EXPECT_EQ(begun.attempts, 1);
  EXPECT_EQ(store_->begin_next(begun.number).value().document, second);
  EXPECT_FALSE(store_->begin_next(begun.number + 1));
  reopen();  // as after a crash
  const Job again = store_->begin_next(0).value();
  EXPECT_EQ(again.number, begun.number);
  EXPECT_EQ(again.attempts, 2);
  store_->put_back(again.number);
  EXPECT_EQ(store_->begin_next(0).value().attempts, 2);
}

TEST_F(JobStoreTest, ACompletedJobMakesTheDocumentReadyOnce) {
  const DocumentId id = accepted("alpha");
  const std::int64_t job = store_->begin_next(0).value().number;
  const std::string stamp = store_->index_stamp();
  ReadDocument read = samples_.at("alpha").read();
  read.failure = DocumentFailure{ErrorCode::kDamagedDocument, "Page 4 is damaged.", 3};
  const auto chunks = store_->complete(job, read).value();
  EXPECT_NE(store_->index_stamp(), stamp);
  const Document document = store_->find(id).value();
  EXPECT_EQ(document.status, DocumentStatus::kReady);
  EXPECT_EQ(document.title, "On alpha");
  EXPECT_EQ(document.failure, read.failure);
  EXPECT_EQ(document.pages_without_text, read.pages_without_text);
  EXPECT_EQ(store_->passages(chunks).size(), chunks.size());
  EXPECT_FALSE(store_->waiting_job_of(id));
  EXPECT_EQ(store_->waiting_jobs(), 0U);
  EXPECT_FALSE(store_->complete(job, read)) << "there is no such job any more";
  EXPECT_FALSE(store_->cancel(job));
  EXPECT_FALSE(store_->fail(job, {}));
  EXPECT_EQ(store_->passages(chunks).size(), chunks.size());
}

TEST_F(JobStoreTest, FailedAndCancelledJobsWaitForARetryBehindAllOthers) {
  const DocumentId failed = accepted("alpha");
  const DocumentId cancelled = accepted("beta");
  const DocumentId waiting = accepted("gamma");
  const DocumentFailure why{ErrorCode::kEncryptedDocument, "It needs a password.", 2};
  const std::int64_t first = store_->begin_next(0).value().number;
  EXPECT_TRUE(store_->fail(first, why));
  EXPECT_TRUE(store_->cancel(store_->waiting_job_of(cancelled).value()));
  EXPECT_EQ(store_->find(failed).value().status, DocumentStatus::kFailed);
  EXPECT_EQ(store_->find(failed).value().failure, why);
  EXPECT_EQ(store_->find(cancelled).value().status, DocumentStatus::kCancelled);
  EXPECT_EQ(store_->list({.status = DocumentStatus::kCancelled}).documents.size(), 1U);
  EXPECT_EQ(store_->begin_next(0).value().document, waiting);
  EXPECT_EQ(store_->waiting_jobs(), 1U);

  const Document again = store_->retry(failed);
  EXPECT_EQ(again.status, DocumentStatus::kQueued);
  EXPECT_FALSE(again.failure);
  store_->retry(cancelled);
  EXPECT_EQ(store_->begin_next(0).value().document, waiting);
  const Job retried = store_->begin_next(store_->waiting_job_of(waiting).value()).value();
  EXPECT_EQ(retried.document, failed);
  EXPECT_EQ(retried.attempts, 1);
  EXPECT_GT(retried.number, first);
  const DocumentId last = accepted("delta");
  EXPECT_GT(store_->waiting_job_of(last).value(), store_->waiting_job_of(cancelled).value());

  EXPECT_EQ(code_of([&] { store_->retry(waiting); }), ErrorCode::kConflict);
  EXPECT_EQ(code_of([&] { store_->retry({random_id()}); }), ErrorCode::kNotFound);
  complete(failed, "alpha");
  EXPECT_EQ(code_of([&] { store_->retry(failed); }), ErrorCode::kConflict);
}

TEST_F(JobStoreTest, AJobsNumberIsNeverUsedAgain) {
  std::int64_t newest = 0;
  for (int round = 0; round < 4; ++round) {
    const DocumentId id = accepted("alpha");
    store_->cancel(store_->waiting_job_of(id).value());
    store_->retry(id);
    EXPECT_GT(store_->waiting_job_of(id).value(), newest);
    newest = store_->waiting_job_of(id).value();
    store_->remove(id);
    if (round == 1) reopen();
  }
}

TEST_F(JobStoreTest, TheSameBytesAreKnownInWhateverState) {
  const DocumentId id = accepted("alpha");
  const auto again = [&] {
    const SampleDocument twin = sample("alpha");
    const Accepted known = store_->accept(twin.upload());
    EXPECT_TRUE(std::filesystem::exists(twin.original.path)) << "still the caller's";
    return known.already_known && known.document.id == id;
  };
  EXPECT_TRUE(again());
  store_->fail(store_->waiting_job_of(id).value(), {});
  EXPECT_TRUE(again());
  EXPECT_EQ(store_->find(id).value().status, DocumentStatus::kFailed) << "nothing was done";
  store_->retry(id);
  complete(id, "alpha");
  EXPECT_TRUE(again());
  replace(id, "beta");
  store_->fail(store_->waiting_job_of(id).value(), {});
  EXPECT_TRUE(again());
  EXPECT_TRUE(accept("beta").already_known) << "bytes of a replacement";
  EXPECT_EQ(store_->find_by_sha256(samples_.at("beta").original.sha256).value().id, id);
  EXPECT_EQ(store_->count(), 1);
}

TEST_F(JobStoreTest, BytesThatMayBeReplacedAreNotAcknowledged) {
  const DocumentId id = accepted("alpha");
  complete(id, "alpha");
  replace(id, "beta");
  for (const char* name : {"alpha", "beta"}) {
    try {
      store_->accept(sample(name).upload());
      ADD_FAILURE() << name << " was acknowledged";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kConflict);
      EXPECT_TRUE(error.retryable());
    }
  }
}

TEST_F(JobStoreTest, TheOldVersionAnswersUntilTheNewOneIsReadyThenNothingOfItIsLeft) {
  const DocumentId id = accepted("alphaold");
  const auto old_chunks = complete(id, "alphaold");
  const std::string stamp = store_->index_stamp();
  const Accepted taken = replace(id, "betanew");
  EXPECT_FALSE(taken.already_known);
  const Replacement replacement = taken.document.replacement.value();
  EXPECT_EQ(replacement.status, DocumentStatus::kQueued);
  EXPECT_EQ(replacement.filename, "betanew.pdf");
  EXPECT_EQ(replacement.sha256, samples_.at("betanew").original.sha256);
  EXPECT_EQ(taken.document.status, DocumentStatus::kReady);
  EXPECT_EQ(taken.document.filename, "alphaold.pdf");
  EXPECT_EQ(taken.document.tags, samples_.at("alphaold").document.tags);
  EXPECT_EQ(store_->passages(old_chunks).size(), old_chunks.size());
  EXPECT_EQ(bytes_of(store_->original_of(id).value()), "original of alphaold");
  EXPECT_EQ(store_->index_stamp(), stamp);

  const Job job = store_->begin_next(0).value();
  EXPECT_TRUE(job.replaces);
  EXPECT_EQ(bytes_of(job.original), "original of betanew");
  const auto chunks = store_->complete(job.number, samples_.at("betanew").read()).value();
  EXPECT_NE(store_->index_stamp(), stamp);
  EXPECT_TRUE(store_->passages(old_chunks).empty());
  EXPECT_EQ(store_->passages(chunks).size(), chunks.size());
  const Document document = store_->find(id).value();
  EXPECT_EQ(document.filename, "betanew.pdf");
  EXPECT_EQ(document.title, "On betanew");
  EXPECT_EQ(document.tags, samples_.at("betanew").document.tags);
  EXPECT_EQ(document.sha256, samples_.at("betanew").original.sha256);
  EXPECT_FALSE(document.replacement);
  EXPECT_EQ(bytes_of(store_->original_of(id).value()), "original of betanew");
  EXPECT_EQ(originals(), 1U);
  samples_.erase("alphaold");
  EXPECT_EQ(files_with("alphaold"), std::vector<std::string>{});
  EXPECT_TRUE(store_->remove(id));
  EXPECT_EQ(files_with("betanew"), std::vector<std::string>{});
}

TEST_F(JobStoreTest, AReplacementThatFailsLeavesTheDocumentAsItIs) {
  const DocumentId id = ready("alpha");
  replace(id, "beta");
  const DocumentFailure why{ErrorCode::kDamagedDocument, "It ends in the middle.", 0};
  store_->fail(store_->waiting_job_of(id).value(), why);
  Document document = store_->find(id).value();
  EXPECT_EQ(document.status, DocumentStatus::kReady);
  EXPECT_FALSE(document.failure);
  EXPECT_EQ(document.replacement.value().status, DocumentStatus::kFailed);
  EXPECT_EQ(document.replacement.value().failure, why);
  EXPECT_EQ(originals(), 2U) << "a retry needs it";
  reopen();
  EXPECT_EQ(originals(), 2U) << "opening collects no original that a job names";
  EXPECT_EQ(store_->retry(id).replacement.value().status, DocumentStatus::kQueued);
  complete(id, "beta");
  EXPECT_EQ(store_->find(id).value().filename, "beta.pdf");
  EXPECT_EQ(originals(), 1U);
}

TEST_F(JobStoreTest, AReplacementTakesThePlaceOfTheOneBefore) {
  const DocumentId id = ready("alpha");
  replace(id, "beta");
  const std::int64_t first = store_->begin_next(0).value().number;
  Page page{.number = 2, .label = {}, .text = "betatext", .words = {}, .sections = {}};
  store_->keep_page(first, page);
  replace(id, "gamma");
  EXPECT_FALSE(store_->complete(first, samples_.at("beta").read())) << "replaced by another";
  EXPECT_FALSE(store_->find_by_sha256(samples_.at("beta").original.sha256));
  EXPECT_EQ(originals(), 2U);
  EXPECT_EQ(files_with("betatext"), std::vector<std::string>{});
  const std::int64_t second = store_->begin_next(0).value().number;
  EXPECT_FALSE(store_->kept_page(second, 2));
  const Accepted own = replace(id, "alpha");
  EXPECT_TRUE(own.already_known) << "the document's own bytes";
  EXPECT_FALSE(own.document.replacement);
  EXPECT_EQ(originals(), 1U);
  EXPECT_EQ(store_->waiting_jobs(), 0U);
  EXPECT_TRUE(replace(id, "alpha").already_known);
}

TEST_F(JobStoreTest, ADocumentThatWasNeverReadyBecomesThatOfItsReplacement) {
  const DocumentId id = accept("alpha", [](NewUpload& upload) { upload.title = "Given"; }).document.id;
  store_->fail(store_->waiting_job_of(id).value(), {ErrorCode::kDamagedDocument, "Damaged.", 0});
  const Document document = replace(id, "beta").document;
  EXPECT_EQ(document.status, DocumentStatus::kQueued);
  EXPECT_EQ(document.filename, "beta.pdf");
  EXPECT_EQ(document.sha256, samples_.at("beta").original.sha256);
  EXPECT_EQ(document.title, "Given");
  EXPECT_EQ(document.source, "/from/beta.pdf");
  EXPECT_FALSE(document.failure || document.replacement);
  EXPECT_EQ(originals(), 1U);
  EXPECT_EQ(bytes_of(store_->original_of(id).value()), "original of beta");
  complete(id, "beta");
  EXPECT_EQ(store_->find(id).value().title, "Given") << "what the person gave wins";
}

TEST_F(JobStoreTest, RefusesReplacementsOfNothingAndWithBytesOfAnother) {
  const DocumentId id = ready("alpha");
  const DocumentId other = ready("beta");
  EXPECT_EQ(code_of([&] { replace({random_id()}, "gamma"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { replace(id, "beta"); }), ErrorCode::kConflict);
  replace(other, "delta");
  EXPECT_EQ(code_of([&] { replace(id, "delta"); }), ErrorCode::kConflict);
  EXPECT_TRUE(std::filesystem::exists(samples_.at("gamma").original.path));
  EXPECT_EQ(originals(), 3U);
  EXPECT_FALSE(store_->find(id).value().replacement);
}

TEST_F(JobStoreTest, RemovingADocumentTakesItsJobAndItsPagesAlong) {
  const DocumentId id = ready("alpha");
  replace(id, "beta");
  const std::int64_t job = store_->begin_next(0).value().number;
  store_->keep_page(job, {.number = 1, .label = {}, .text = "recognizedbeta", .words = {}, .sections = {}});
  EXPECT_TRUE(store_->remove(id));
  EXPECT_EQ(originals(), 0U);
  EXPECT_FALSE(store_->complete(job, samples_.at("beta").read()));
  EXPECT_EQ(store_->waiting_jobs(), 0U);
  for (const char* text : {"alpha", "beta"}) EXPECT_EQ(files_with(text), std::vector<std::string>{});
}

TEST_F(JobStoreTest, RecognizedPagesAreKeptUntilTheJobIsDone) {
  const DocumentId id = accepted("alpha");
  const std::int64_t job = store_->begin_next(0).value().number;
  Page page = samples_.at("alpha").pages[1];
  store_->keep_page(job, page);
  page.text = "better";
  store_->keep_page(job, page);
  store_->cancel(job);
  store_->keep_page(job, {.number = 3, .label = {}, .text = {}, .words = {}, .sections = {}});
  reopen();
  store_->retry(id);
  const std::int64_t again = store_->waiting_job_of(id).value();
  const Page kept = store_->kept_page(again, 2).value();
  EXPECT_EQ(kept.text, "better");
  EXPECT_EQ(kept.words, page.words);
  EXPECT_TRUE(kept.recognized);
  EXPECT_FALSE(store_->kept_page(again, 3)) << "came when nothing waited for it";
  EXPECT_FALSE(store_->kept_page(again, 1));
  EXPECT_FALSE(store_->kept_page(job, 2));
  complete(id, "alpha");
  EXPECT_FALSE(store_->kept_page(again, 2));
}

TEST_F(JobStoreTest, EditsTitlesAndTags) {
  const DocumentId id = accepted("alpha");
  const Document edited =
      store_->edit(id, {.title = "A better one", .tags = std::vector<std::string>{" x ", "y", "x"}}).value();
  EXPECT_EQ(edited.title, "A better one");
  EXPECT_EQ(edited.tags, (std::vector<std::string>{"x", "y"}));
  complete(id, "alpha");
  EXPECT_EQ(store_->find(id).value().title, "A better one");
  EXPECT_EQ(store_->find(id).value().tags, edited.tags);
  EXPECT_EQ(store_->list({.text = "BETTER"}).documents.size(), 1U);
  EXPECT_EQ(store_->list({.tag = "y"}).documents.size(), 1U);
  EXPECT_EQ(store_->list({.tag = "Y"}).documents.size(), 0U);
  EXPECT_EQ(store_->list({.tag = "second"}).documents.size(), 0U);
  EXPECT_TRUE(store_->edit(id, {.title = {}, .tags = std::vector<std::string>{}}).value().tags.empty());
  EXPECT_FALSE(store_->edit({random_id()}, {}));
  for (const std::string& title : {std::string(501, 'x'), std::string("\xff"), std::string("a\nb")}) {
    EXPECT_EQ(code_of([&] { store_->edit(id, {.title = title, .tags = {}}); }), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(code_of([&] { store_->edit(id, {.title = {}, .tags = std::vector<std::string>{""}}); }),
            ErrorCode::kInvalidArgument);
}

TEST_F(JobStoreTest, FindsReadyDocumentsByWhatAQuestionIsAbout) {
  const auto tagged = [&](const std::string& mark, const std::vector<std::string>& tags, const std::string& type) {
    const DocumentId id = accept(mark, [&](NewUpload& upload) { upload.tags = tags; }).document.id;
    ReadDocument read = samples_.at(mark).read();
    read.media_type = type;
    store_->complete(store_->waiting_job_of(id).value(), read);
    return id;
  };
  const DocumentId a = tagged("alpha", {"red", "old"}, "application/pdf");
  const DocumentId b = tagged("beta", {"red"}, "text/plain");
  const DocumentId c = tagged("gamma", {"blue"}, "text/plain");
  accepted("waiting");
  const auto matching = [&](const DocumentFilter& filter) {
    auto found = store_->matching(filter);
    std::sort(found.begin(), found.end());
    return found;
  };
  const auto sorted = [](std::vector<DocumentId> ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  EXPECT_EQ(matching({}), sorted({a, b, c}));
  EXPECT_EQ(matching({.tags = {"red"}}), sorted({a, b}));
  EXPECT_EQ(matching({.tags = {"red", "old", "blue"}}), sorted({a, b, c}));
  EXPECT_EQ(matching({.tags = {"red"}, .media_types = {"text/plain"}}), sorted({b}));
  EXPECT_EQ(matching({.documents = {a, c, {random_id()}}, .tags = {"blue"}}), sorted({c}));
  EXPECT_EQ(matching({.documents = {a, a}}), sorted({a}));
  EXPECT_TRUE(matching({.documents = {{"' OR 1=1"}}}).empty());
  const WallTime then = store_->find(b).value().created_at;
  EXPECT_EQ(matching({.created_from = then}), sorted({b, c}));
  EXPECT_EQ(matching({.created_before = then}), sorted({a}));
}

TEST_F(JobStoreTest, ListsBySource) {
  const DocumentId id = ready("alpha");
  ready("beta");
  const auto listed = store_->list({.source = "/from/alpha.pdf"}).documents;
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].id, id);
}

TEST_F(JobStoreTest, TheStampChangesExactlyWithWhatIsIndexed) {
  const auto changes = [&](const std::function<void()>& action) {
    const std::string before = store_->index_stamp();
    action();
    return store_->index_stamp() != before;
  };
  DocumentId id;
  EXPECT_FALSE(changes([&] { id = accepted("alpha"); }));
  EXPECT_FALSE(changes([&] { store_->begin_next(0); }));
  EXPECT_TRUE(changes([&] { complete(id, "alpha"); }));
  EXPECT_FALSE(changes([&] { store_->edit(id, {.title = "t", .tags = {}}); }));
  EXPECT_FALSE(changes([&] { reopen(); }));
  EXPECT_FALSE(changes([&] { store_->remove(accepted("beta")); }));
  EXPECT_TRUE(changes([&] { store_->remove(id); }));
}

TEST_F(JobStoreTest, OfPagelessFormatsThePassagesSayNoPage) {
  const DocumentId id = accepted("alpha");
  ReadDocument read = samples_.at("alpha").read();
  read.pages = 0;
  const auto chunks = store_->complete(store_->waiting_job_of(id).value(), read).value();
  EXPECT_FALSE(store_->passages(chunks)[0].paged);
  EXPECT_EQ(store_->find(id).value().pages, 0);
}

TEST_F(JobStoreTest, TwoWhoHandInTheSameBytesAtOnceGetOneDocument) {
  constexpr int kThreads = 6;
  std::vector<SampleDocument> twins;
  for (int i = 0; i < kThreads; ++i) twins.push_back(sample("alpha"));
  std::vector<Accepted> results(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(
        [&, i] { results[static_cast<std::size_t>(i)] = store_->accept(twins[static_cast<std::size_t>(i)].upload()); });
  }
  for (std::thread& thread : threads) thread.join();
  int fresh = 0;
  for (const Accepted& each : results) {
    fresh += each.already_known ? 0 : 1;
    EXPECT_EQ(each.document.id, results[0].document.id);
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(store_->count(), 1);
}

}  // namespace
}  // namespace jackdaw::store
