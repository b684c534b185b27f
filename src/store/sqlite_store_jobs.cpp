#include <chrono>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "store/content_rows.h"
#include "store/document_rows.h"
#include "store/durable_file.h"
#include "store/job_rows.h"
#include "store/meta.h"
#include "store/sqlite_store.h"

namespace jackdaw::store {
namespace {

[[noreturn]] void refuse_unknown(const DocumentId& id) {
  throw Error(ErrorCode::kNotFound, "There is no document '" + id.value + "'. It may have been deleted.");
}

[[noreturn]] void refuse_twin(const Document& twin) {
  throw Error(ErrorCode::kConflict, "The new file has the bytes of another document, '" + twin.filename + "' (" +
                                        twin.id.value + "). Delete that one first, or leave this one as it is.");
}

// Which of its two versions stays is not decided yet, and one of them goes: neither is a promise to keep the bytes.
Accepted known_or_refused(Document twin) {
  if (twin.replacement && twin.replacement->status == DocumentStatus::kQueued) {
    throw Error(ErrorCode::kConflict, "'" + twin.filename + "' (" + twin.id.value +
                                          ") has these bytes and is being replaced just now. Try again when that is "
                                          "done.")
        .with_retryable(true)
        .with_retry_after(std::chrono::seconds(5));
  }
  return {std::move(twin), true};
}

// What the person said about a file is the document's at once, unless a version of it answers until this one is ready.
NewVersion version_of(const NewUpload& upload, bool replaces) {
  NewVersion version{.sha256 = upload.file.sha256,
                     .filename = upload.file.filename,
                     .bytes = upload.file.bytes,
                     .title = {},
                     .tags = {},
                     .source = {}};
  if (replaces) {
    version.title = upload.title;
    version.tags = upload.tags;
    version.source = upload.source;
  }
  return version;
}

}  // namespace

Accepted SqliteStore::accept(const NewUpload& upload) {
  check_title(upload.title, kMaxTitleCharacters);
  if (!upload.replaces) {
    if (auto known = find_by_sha256(upload.file.sha256)) return known_or_refused(std::move(*known));
  }
  reached(StoreStep::kAcceptBegun);
  // Before the lock: a large file takes long to reach the disk, and others may write meanwhile.
  sync_file(upload.file.path);
  reached(StoreStep::kAcceptFileSynced);
  Accepted accepted;
  bool dropped = false;  // a job, with what was read for it
  {
    auto writer = writer_.lock();
    const auto twin = select_by_sha256(writer->database, upload.file.sha256);
    if (!upload.replaces) {
      if (twin) return known_or_refused(twin->document);
      accepted = take_in(*writer, upload, std::nullopt);
    } else {
      const auto target = select_by_id(writer->database, *upload.replaces);
      if (!target) refuse_unknown(*upload.replaces);
      if (twin && twin->number != target->number) refuse_twin(twin->document);
      const bool keeps_own = target->document.sha256 == upload.file.sha256 && target->document.replacement;
      if (twin && !keeps_own) return {twin->document, true};
      dropped = keeps_own || select_job_of(writer->database, target->number);
      accepted = keeps_own ? drop_replacement(*writer, target->number) : take_in(*writer, upload, target->number);
    }
  }
  if (dropped) cut_log_or_leave_it();
  return accepted;
}

Accepted SqliteStore::take_in(Writer& writer, const NewUpload& upload, const std::optional<std::int64_t>& target) {
  Database& database = writer.database;
  const auto before = target ? select_job_of(database, *target) : std::nullopt;
  const auto now = std::chrono::system_clock::now();
  std::int64_t number = 0;
  originals_.move_in(upload.file);
  try {
    reached(StoreStep::kAcceptOriginalMoved);
    originals_.make_durable(upload.file.sha256);
    reached(StoreStep::kAcceptOriginalKept);
    Transaction transaction(database, Transaction::Kind::kWrite);
    number = target ? *target : insert_document(database, {random_id()}, upload, now);
    if (before) delete_job(database, number);
    const bool replaces = target && select_by_number(database, number)->document.status == DocumentStatus::kReady;
    if (target && !replaces) describe_unread(database, number, upload);
    insert_job(database, number, version_of(upload, replaces), upload.keep_partial, now);
    reached(StoreStep::kAcceptRowsWritten);
    transaction.commit();
  } catch (...) {
    originals_.give_back(upload.file);
    throw;
  }
  reached(StoreStep::kAcceptCommitted);
  if (before) {
    writer.log_holds_removed = true;
    remove_old_original(before->version.sha256);
    reached(StoreStep::kAcceptOriginalRemoved);
  }
  return {select_by_number(database, number)->document, false};
}

Accepted SqliteStore::drop_replacement(Writer& writer, std::int64_t document) {
  const auto job = select_job_of(writer.database, document);
  Transaction transaction(writer.database, Transaction::Kind::kWrite);
  delete_job(writer.database, document);
  reached(StoreStep::kAcceptRowsWritten);
  transaction.commit();
  reached(StoreStep::kAcceptCommitted);
  writer.log_holds_removed = true;
  remove_old_original(job->version.sha256);
  reached(StoreStep::kAcceptOriginalRemoved);
  return {select_by_number(writer.database, document)->document, true};
}

void SqliteStore::remove_old_original(const std::string& sha256) noexcept {
  try {
    originals_.remove(sha256);
  } catch (const std::exception& error) {
    log::warning(std::string("An original that was replaced stays until the next start: ") + error.what());
  }
}

void SqliteStore::cut_log_or_leave_it() noexcept {
  try {
    cut_log();
  } catch (const std::exception& error) {
    log::warning(std::string("Text that was replaced stays in the database's log until the next deletion or start: ") +
                 error.what());
  }
}

std::optional<Job> SqliteStore::begin_next(std::int64_t after) {
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const auto next = select_next_waiting(writer->database, after);
  if (!next) return std::nullopt;
  count_attempt(writer->database, next->number, 1);
  reached(StoreStep::kBeginWritten);
  transaction.commit();
  reached(StoreStep::kBeginCommitted);
  return Job{.number = next->number,
             .document = next->document_id,
             .original = originals_.path_of(next->version.sha256),
             .filename = next->version.filename,
             .sha256 = next->version.sha256,
             .bytes = next->version.bytes,
             .keep_partial = next->keep_partial,
             .replaces = next->replaces,
             .attempts = next->attempts + 1};
}

std::size_t SqliteStore::waiting_jobs() {
  return static_cast<std::size_t>(readers_.lease()->integer("SELECT count(*) FROM jobs WHERE state = " +
                                                            std::to_string(to_column(DocumentStatus::kQueued))));
}

std::optional<std::vector<ChunkId>> SqliteStore::complete(std::int64_t job, const ReadDocument& read) {
  check_storable(read);
  std::vector<ChunkId> ids;
  bool had_contents = false;
  {
    auto writer = writer_.lock();
    Database& database = writer->database;
    Transaction transaction(database, Transaction::Kind::kWrite);
    const auto done = select_waiting(database, job);
    if (!done) return std::nullopt;
    reached(StoreStep::kCompleteBegun);
    had_contents = delete_contents(database, done->document);
    reached(StoreStep::kCompleteOldDeleted);
    insert_pages(database, done->document, read.contents);
    reached(StoreStep::kCompletePagesWritten);
    ids = insert_chunks(database, done->document, read);
    reached(StoreStep::kCompleteChunksWritten);
    delete_job(database, done->document);
    make_ready(database, done->document, done->version, read);
    renew_index_stamp(database);
    reached(StoreStep::kCompleteRowsWritten);
    transaction.commit();
    writer->log_holds_removed |= had_contents;
    reached(StoreStep::kCompleteCommitted);
    if (done->replaces && done->document_sha256 != done->version.sha256) {
      remove_old_original(done->document_sha256);
      reached(StoreStep::kCompleteOriginalRemoved);
    }
  }
  if (had_contents) cut_log_or_leave_it();
  return ids;
}

bool SqliteStore::end(std::int64_t job, DocumentStatus state, const DocumentFailure* failure, StoreStep written,
                      StoreStep committed) {
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const auto waiting = select_waiting(writer->database, job);
  if (!waiting) return false;
  end_job(writer->database, *waiting, state, failure);
  reached(written);
  transaction.commit();
  reached(committed);
  return true;
}

bool SqliteStore::fail(std::int64_t job, const DocumentFailure& failure) {
  return end(job, DocumentStatus::kFailed, &failure, StoreStep::kFailWritten, StoreStep::kFailCommitted);
}

bool SqliteStore::cancel(std::int64_t job) {
  return end(job, DocumentStatus::kCancelled, nullptr, StoreStep::kCancelWritten, StoreStep::kCancelCommitted);
}

void SqliteStore::put_back(std::int64_t job) {
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  if (!select_waiting(writer->database, job)) return;
  count_attempt(writer->database, job, -1);
  reached(StoreStep::kPutBackWritten);
  transaction.commit();
  reached(StoreStep::kPutBackCommitted);
}

Document SqliteStore::retry(const DocumentId& document) {
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const auto found = select_by_id(writer->database, document);
  if (!found) refuse_unknown(document);
  const auto job = select_job_of(writer->database, found->number);
  if (!job || job->state == DocumentStatus::kQueued) {
    throw Error(ErrorCode::kConflict, "Nothing of '" + found->document.filename +
                                          "' failed or was cancelled, so there is nothing to try again.");
  }
  requeue_job(writer->database, *job);
  reached(StoreStep::kRetryWritten);
  transaction.commit();
  reached(StoreStep::kRetryCommitted);
  return select_by_number(writer->database, found->number)->document;
}

std::optional<std::int64_t> SqliteStore::waiting_job_of(const DocumentId& document) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  const auto found = select_by_id(*reader, document);
  const auto job = found ? select_job_of(*reader, found->number) : std::nullopt;
  if (!job || job->state != DocumentStatus::kQueued) return std::nullopt;
  return job->number;
}

void SqliteStore::keep_page(std::int64_t job, const Page& page) {
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const auto waiting = select_waiting(writer->database, job);
  if (!waiting) return;
  write_kept_page(writer->database, *waiting, page);
  reached(StoreStep::kKeepPageWritten);
  transaction.commit();
  reached(StoreStep::kKeepPageCommitted);
}

std::optional<Page> SqliteStore::kept_page(std::int64_t job, int number) {
  return select_kept_page(*readers_.lease(), job, number);
}

}  // namespace jackdaw::store
