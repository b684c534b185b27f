#include "store/sqlite_store.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "store/answer_rows.h"
#include "store/document_rows.h"
#include "store/durable_file.h"
#include "store/schema.h"
#include "store/scrubbing_vfs.h"
#include "store/spool.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kMaxPageSize = 200;      // documents or chunks in one answer
constexpr std::size_t kForgottenAtOnce = 200;  // answers in one transaction
constexpr auto kForgottenIdsLife = std::chrono::days(365);
constexpr char kDocumentCursor = 'd';
constexpr char kChunkCursor = 'c';

std::filesystem::path database_path(const std::filesystem::path& data_dir) {
  return data_dir / "jackdaw.db";
}

// A cursor is the number of the last row that was seen, behind a letter that tells lists apart.
std::string make_cursor(char kind, std::int64_t last) {
  return kind + std::to_string(last);
}

std::int64_t read_cursor(char kind, const std::string& cursor) {
  if (cursor.empty()) return 0;
  std::int64_t last = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto parsed = std::from_chars(cursor.data() + 1, end, last);
  if (cursor[0] != kind || parsed.ec != std::errc{} || parsed.ptr != end || last < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "'after' is not a cursor of this list. Pass the 'next' of the page before, or leave it out.")
        .with_field("after");
  }
  return last;
}

void check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kMaxPageSize) return;
  throw Error(ErrorCode::kInvalidArgument,
              "'limit' is " + std::to_string(limit) + "; it must be from 1 to " + std::to_string(kMaxPageSize) + ".")
      .with_field("limit");
}

constexpr std::string_view kEmbedder = "embedder";

std::string read_meta(Database& database, std::string_view name) {
  Statement row = database.prepare("SELECT value FROM meta WHERE name = ?1");
  return row.bind(name).step() ? std::string(row.text(0)) : std::string();
}

void claim_embedder(Database& database, const std::string& wanted) {
  const std::string found = read_meta(database, kEmbedder);
  if (wanted.empty() || wanted == found) return;
  if (database.integer("SELECT EXISTS(SELECT 1 FROM vectors)") != 0) {
    throw Error(ErrorCode::kConflict, "The collection's vectors were made by the embedder '" + found +
                                          "', but the program was started with '" + wanted +
                                          "'. Start with the former, or choose another folder with --data and add "
                                          "the documents there.");
  }
  database.prepare("INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2")
      .run(kEmbedder, wanted);
}

void use_write_ahead_log(Database& database) {
  Statement mode = database.prepare("PRAGMA journal_mode = WAL");
  if (mode.step() && mode.text(0) == "wal") return;
  throw Error(ErrorCode::kUnavailable,
              "The file system of the data folder cannot hold the database's log (is it a network share?). Choose a "
              "folder on a local disk with --data.");
}

void configure_writer(Database& database, std::int64_t max_database_bytes) {
  const std::int64_t max_pages =
      std::clamp(max_database_bytes / static_cast<std::int64_t>(kPageBytes), std::int64_t{1}, std::int64_t{kMaxPages});
  database.execute("PRAGMA synchronous = FULL");   // a commit is on the disk when it returns
  database.execute("PRAGMA secure_delete = ON");   // deleted rows are overwritten
  database.execute("PRAGMA temp_store = MEMORY");  // no text in files that nobody scrubs
  database.execute("PRAGMA foreign_keys = ON");
  database.execute("PRAGMA cache_size = -8000");         // KiB; a large document's rows before they spill to the log
  database.execute("PRAGMA wal_autocheckpoint = 1000");  // pages; on this connection alone
  database.execute("PRAGMA journal_size_limit = 67108864");
  database.execute("PRAGMA max_page_count = " + std::to_string(max_pages));
}

Database open_writer(const SqliteStoreOptions& options) {
  make_folder(options.data_dir);
  const std::filesystem::path file = database_path(options.data_dir);
  refuse_unknown_format(file);
  Database database(file, Database::Access::kReadWrite);
  refuse_unknown_format(database, migrations());
  database.execute("PRAGMA page_size = " + std::to_string(kPageBytes));
  use_write_ahead_log(database);
  configure_writer(database, options.max_database_bytes);
  migrate(database, migrations());
  claim_embedder(database, options.embedder_name);
  // What a process that died had removed may still stand in the log.
  database.checkpoint_truncate();
  sync_folder(options.data_dir);
  return database;
}

void collect_leftovers(Database& database, const Originals& originals) {
  std::set<std::string, std::less<>> named;
  Statement rows = database.prepare("SELECT sha256 FROM documents");
  while (rows.step()) named.emplace(rows.text(0));
  const std::size_t collected =
      originals.collect_unreferenced([&named](const std::string& sha256) { return named.contains(sha256); });
  if (collected > 0) log::info("Deleted originals that no document names: " + std::to_string(collected) + ".");
}

[[noreturn]] void refuse_twin(const Document& twin) {
  throw Error(ErrorCode::kConflict,
              "A document with the same bytes is there already: '" + twin.filename + "' (" + twin.id.value + ").");
}

[[noreturn]] void refuse_second(const AnswerId& id) {
  throw Error(ErrorCode::kConflict, "The answer '" + id.value + "' was stored before; an answer is stored only once.");
}

// Deletes the document's rows; its sha256, or nothing when there was no such document.
std::optional<std::string> delete_rows(Database& database, const DocumentId& id) {
  Transaction transaction(database, Transaction::Kind::kWrite);
  const std::optional<NumberedDocument> found = select_by_id(database, id);
  if (!found) return std::nullopt;
  database.prepare("DELETE FROM documents WHERE number = ?1").run(found->number);
  transaction.commit();
  return found->document.sha256;
}

}  // namespace

SqliteStore::SqliteStore(SqliteStoreOptions options)
    : options_(std::move(options)),
      writer_(open_writer(options_)),
      originals_(options_.data_dir),
      readers_(database_path(options_.data_dir), static_cast<std::size_t>(std::max(options_.readers, 1))) {
  empty_spool(options_.data_dir);
  auto writer = writer_.lock();
  collect_leftovers(writer->database, originals_);
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::reached(StoreStep step) const {
  if (options_.on_step) options_.on_step(step);
}

std::vector<ChunkId> SqliteStore::add(const NewDocument& document) {
  check_storable(document);
  // Before the lock: a large file takes long to reach the disk, and others may write meanwhile.
  sync_file(document.original.path);
  auto writer = writer_.lock();
  Database& database = writer->database;
  if (const auto twin = select_by_sha256(database, document.original.sha256)) refuse_twin(twin->document);
  originals_.keep(document.original);
  std::vector<ChunkId> ids;
  try {
    reached(StoreStep::kOriginalKept);
    Transaction transaction(database, Transaction::Kind::kWrite);
    const std::int64_t number = insert_document(database, document);
    insert_pages(database, number, document.pages);
    ids = insert_chunks(database, number, document);
    transaction.commit();
  } catch (...) {
    originals_.give_back(document.original);
    throw;
  }
  reached(StoreStep::kAddCommitted);
  return ids;
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

bool SqliteStore::remove(const DocumentId& id) {
  auto writer = writer_.lock();
  const std::optional<std::string> sha256 = delete_rows(writer->database, id);
  if (sha256) {
    writer->log_holds_removed = true;
    reached(StoreStep::kRemoveCommitted);
    originals_.remove(*sha256);
    reached(StoreStep::kOriginalRemoved);
  }
  if (writer->log_holds_removed) cut_log(*writer);
  return sha256.has_value();
}

void SqliteStore::cut_log(Writer& writer) {
  const ReaderPool::Pause nobody_reads(readers_);
  if (!writer.database.checkpoint_truncate()) {
    throw Error(ErrorCode::kInternal,
                "What was deleted is gone from the collection, but its bytes stay in the database's log for now, since "
                "another program reads the database. End that program and delete it again, or restart Jackdaw.");
  }
  writer.log_holds_removed = false;
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
  const auto next = [this](std::int64_t after) {
    const auto reader = readers_.lease();
    const Transaction snapshot(*reader, Transaction::Kind::kRead);
    return select_next_indexed(*reader, after);
  };
  for (auto found = next(0); found; found = next(found->number)) visit(std::move(found->document));
}

void SqliteStore::keep(std::span<const StoredAnswer> answers) {
  if (answers.empty()) return;
  std::vector<EncodedEvents> encoded;
  encoded.reserve(answers.size());
  for (const StoredAnswer& answer : answers) encoded.push_back(encode_events(answer.id, answer.events));
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (fate_of(writer->database, answers[i].id) != AnswerFate::kNeverKept) refuse_second(answers[i].id);
    insert_answer(writer->database, answers[i], encoded[i]);
  }
  reached(StoreStep::kAnswersWritten);
  transaction.commit();
  reached(StoreStep::kAnswersKept);
}

std::optional<StoredAnswer> SqliteStore::find_answer(const AnswerId& id) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  std::optional<StoredAnswer> answer = select_answer(*reader, id);
  if (!answer && fate_of(*reader, id) == AnswerFate::kForgotten) {
    throw Error(ErrorCode::kGone, "The answer '" + id.value +
                                      "' is no longer kept: answers are stored for a limited time only. Ask the "
                                      "question again.");
  }
  return answer;
}

std::size_t SqliteStore::forget_answers_before(WallTime ended, std::size_t limit) {
  std::size_t forgotten = 0;
  while (forgotten < limit) {
    const std::size_t wanted = std::min(kForgottenAtOnce, limit - forgotten);
    const std::size_t some = forget_some(ended, wanted);
    forgotten += some;
    if (some < wanted) break;
  }
  auto writer = writer_.lock();
  if (writer->log_holds_removed) cut_log(*writer);
  return forgotten;
}

// One bounded transaction: of answers, and of ids whose time is over too.
std::size_t SqliteStore::forget_some(WallTime ended, std::size_t limit) {
  const WallTime now = std::chrono::system_clock::now();
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const std::size_t forgotten = forget_answers(writer->database, ended, now, limit);
  delete_forgotten_ids(writer->database, now - kForgottenIdsLife, kForgottenAtOnce);
  transaction.commit();
  if (forgotten == 0) return 0;
  writer->log_holds_removed = true;
  reached(StoreStep::kAnswersForgotten);
  return forgotten;
}

std::string SqliteStore::embedder_name() {
  return read_meta(*readers_.lease(), kEmbedder);
}

std::optional<std::filesystem::path> SqliteStore::original_of(const DocumentId& id) {
  const std::optional<Document> document = find(id);
  if (!document) return std::nullopt;
  return originals_.path_of(document->sha256);
}

}  // namespace jackdaw::store
