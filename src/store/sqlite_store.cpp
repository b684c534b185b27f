#include "store/sqlite_store.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "store/content_rows.h"
#include "store/document_rows.h"
#include "store/durable_file.h"
#include "store/job_rows.h"
#include "store/meta.h"
#include "store/open_collection.h"
#include "store/page_cursor.h"
#include "store/spool.h"

namespace jackdaw::store {
namespace {

Database open_with(const SqliteStoreOptions& options) {
  return open_writer(options.data_dir, options.max_database_bytes, options.embedder_name);
}

}  // namespace

SqliteStore::SqliteStore(SqliteStoreOptions options)
    : options_(std::move(options)),
      writer_(open_with(options_)),
      originals_(options_.data_dir),
      readers_(database_path(options_.data_dir), static_cast<std::size_t>(std::max(options_.readers, 1))) {
  reached(StoreStep::kOpenMigrated);
  auto writer = writer_.lock();
  // What a process that died had removed may still stand in the log.
  writer->database.checkpoint_truncate();
  sync_folder(options_.data_dir);
  reached(StoreStep::kOpenLogCut);
  empty_spool(options_.data_dir);
  std::filesystem::remove_all(options_.data_dir / "backups");
  reached(StoreStep::kOpenSpoolEmptied);
  const std::size_t collected = collect_leftovers(writer->database, originals_);
  if (collected > 0) log::info("Deleted originals that no document names: " + std::to_string(collected) + ".");
  reached(StoreStep::kOpenLeftoversCollected);
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::reached(StoreStep step) const {
  if (options_.on_step) options_.on_step(step);
}

std::optional<Document> SqliteStore::find(const DocumentId& id) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  auto found = select_by_id(*reader, id);
  return found ? std::optional(std::move(found->document)) : std::nullopt;
}

std::optional<Document> SqliteStore::find_by_sha256(const std::string& sha256) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  auto found = select_by_sha256(*reader, sha256);
  return found ? std::optional(std::move(found->document)) : std::nullopt;
}

DocumentPage SqliteStore::list(const DocumentQuery& query) {
  check_limit(query.limit);
  const std::int64_t after = read_cursor(kDocumentCursor, query.after);
  std::vector<NumberedDocument> found;
  {
    const auto reader = readers_.lease();
    const Transaction snapshot(*reader, Transaction::Kind::kRead);
    found = select_documents(*reader, query, after, query.limit + 1);
  }
  DocumentPage page;
  if (found.size() > query.limit) {
    found.pop_back();
    page.next = make_cursor(kDocumentCursor, found.back().number);
  }
  for (NumberedDocument& each : found) page.documents.push_back(std::move(each.document));
  return page;
}

std::int64_t SqliteStore::count() {
  return readers_.lease()->integer("SELECT count(*) FROM documents");
}

std::vector<DocumentId> SqliteStore::matching(const DocumentFilter& filter) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  return select_matching(*reader, filter);
}

std::optional<Document> SqliteStore::edit(const DocumentId& id, const DocumentEdit& edit) {
  DocumentEdit clean = edit;
  if (clean.title) check_title(*clean.title, kMaxTitleCharacters);
  if (clean.tags) clean.tags = clean_tags(*clean.tags);
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const auto found = select_by_id(writer->database, id);
  if (!found) return std::nullopt;
  apply_edit(writer->database, found->number, clean);
  std::optional<NumberedDocument> edited = select_by_number(writer->database, found->number);
  reached(StoreStep::kEditWritten);
  transaction.commit();
  reached(StoreStep::kEditCommitted);
  return std::move(edited->document);
}

bool SqliteStore::remove(const DocumentId& id) {
  std::optional<NumberedDocument> found;
  std::exception_ptr failure;
  {
    auto writer = writer_.lock();
    Transaction transaction(writer->database, Transaction::Kind::kWrite);
    found = select_by_id(writer->database, id);
    if (found) {
      if (found->document.status == DocumentStatus::kReady) renew_index_stamp(writer->database);
      writer->database.prepare("DELETE FROM documents WHERE number = ?1").run(found->number);
      reached(StoreStep::kRemoveWritten);
      transaction.commit();
      writer->log_holds_removed = true;
      reached(StoreStep::kRemoveCommitted);
      if (found->document.replacement) remove_old_original(found->document.replacement->sha256);
      try {
        originals_.remove(found->document.sha256);
      } catch (const Error&) {
        failure = std::current_exception();
      }
      reached(StoreStep::kOriginalRemoved);
    }
  }
  cut_log();
  if (failure) std::rethrow_exception(failure);
  return found.has_value();
}

void SqliteStore::cut_log() {
  // Before the writer: while the database is copied, others write.
  const std::lock_guard nobody_copies(copying_);
  auto writer = writer_.lock();
  if (!writer->log_holds_removed) return;
  const ReaderPool::Pause nobody_reads(readers_);
  reached(StoreStep::kLogCutting);
  if (!writer->database.checkpoint_truncate()) {
    throw Error(ErrorCode::kInternal,
                "What was deleted is gone from the collection, but its bytes stay in the database's log for now, since "
                "another program reads the database. End that program and delete it again, or restart Jackdaw.");
  }
  writer->log_holds_removed = false;
  reached(StoreStep::kLogCut);
}

std::vector<Passage> SqliteStore::passages(std::span<const ChunkId> ids) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  return select_passages(*reader, ids);
}

ChunkPage SqliteStore::chunks_of(const DocumentId& id, std::size_t limit, const std::string& after) {
  check_limit(limit);
  const std::int64_t after_chunk = read_cursor(kChunkCursor, after);
  ChunkPage page;
  page.passages = select_passages_of(*readers_.lease(), id, after_chunk, limit + 1);
  if (page.passages.size() > limit) {
    page.passages.pop_back();
    page.next = make_cursor(kChunkCursor, page.passages.back().chunk.value);
  }
  return page;
}

std::optional<Page> SqliteStore::page(const DocumentId& id, int number) {
  return select_page(*readers_.lease(), id, number);
}

void SqliteStore::for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) {
  visit_indexed(VectorsOf::kInUse, visit);
}

void SqliteStore::visit_indexed(VectorsOf vectors, const std::function<void(IndexedDocument&&)>& visit) {
  const auto next = [&](std::int64_t after) {
    const auto reader = readers_.lease();
    const Transaction snapshot(*reader, Transaction::Kind::kRead);
    return select_next_indexed(*reader, after, vectors);
  };
  for (auto found = next(0); found; found = next(found->number)) visit(std::move(found->document));
}

std::string SqliteStore::index_stamp() {
  return read_meta(*readers_.lease(), kMetaIndexStamp);
}

std::optional<std::filesystem::path> SqliteStore::original_of(const DocumentId& id) {
  const std::optional<Document> document = find(id);
  if (!document) return std::nullopt;
  return originals_.path_of(document->sha256);
}

}  // namespace jackdaw::store
