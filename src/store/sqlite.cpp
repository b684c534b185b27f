#include "store/sqlite.h"

#include <sqlite3.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "store/scrubbing_vfs.h"

namespace jackdaw::store {
namespace {

constexpr int kBusyTimeoutMs = 5000;

bool is_failed_write(int code) noexcept {
  switch (code) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_SHMSIZE: return true;
    default: return (code & 0xff) == SQLITE_FULL;
  }
}

bool is_damage(int code) noexcept {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB || code == SQLITE_IOERR_CORRUPTFS ||
         code == SQLITE_IOERR_DATA;
}

bool is_forbidden(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN: return true;
    default: return false;
  }
}

[[noreturn]] void fail(sqlite3* connection, int code, const std::string& what) {
  if (connection != nullptr) code = sqlite3_extended_errcode(connection);
  if (is_failed_write(code)) {
    throw Error(ErrorCode::kStorageFull, "The disk or the collection's size limit has no room left (" + what +
                                             "). Free some space or delete documents, then try again.");
  }
  const std::string reason = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  if (is_damage(code)) {
    throw Error(ErrorCode::kInternal, "The database file is damaged (it failed to " + what + ": " + reason +
                                          "). Stop the server and run 'jackdaw verify' to see what is lost; a backup "
                                          "brings it back.");
  }
  if (is_forbidden(code)) {
    throw Error(ErrorCode::kUnavailable, "The database cannot be written (it failed to " + what + ": " + reason +
                                             "). Make the data folder writable for the user of this program, or "
                                             "choose another one with --data.");
  }
  throw Error(ErrorCode::kInternal, "The database failed to " + what + ": " + reason + ".");
}

void check(sqlite3_stmt* statement, int code, const char* what) {
  if (code != SQLITE_OK) fail(sqlite3_db_handle(statement), code, what);
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  fail(connection, code, sqlite3_stmt_readonly(statement_.get()) != 0 ? "read" : "write");
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {data != nullptr ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Blob Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Statement::bind_integer(int index, std::int64_t value) {
  check(statement_.get(), sqlite3_bind_int64(statement_.get(), index, value), "bind a number");
}

void Statement::bind_real(int index, double value) {
  check(statement_.get(), sqlite3_bind_double(statement_.get(), index, value), "bind a number");
}

void Statement::bind_text(int index, std::string_view value) {
  const char* data = value.data() != nullptr ? value.data() : "";  // a null pointer would bind NULL
  check(statement_.get(),
        sqlite3_bind_text64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8), "bind a text");
}

void Statement::bind_blob(int index, Blob value) {
  const void* data = value.data() != nullptr ? static_cast<const void*>(value.data()) : "";
  check(statement_.get(), sqlite3_bind_blob64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT),
        "bind a blob");
}

void Database::Closer::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

Database::Database(const std::filesystem::path& file, Access access) {
  const int flags = (access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags, scrubbing_vfs());
  connection_.reset(opened);
  if (code != SQLITE_OK) fail(opened, code, "open '" + file.string() + "'");
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_autocheckpoint(opened, 0);
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(connection_.get(), code, "run '" + sql.substr(0, sql.find('\n')) + "'");
}

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) fail(connection_.get(), code, "prepare '" + std::string(sql) + "'");
  return Statement(statement);
}

std::int64_t Database::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  if (!statement.step()) throw Error(ErrorCode::kInternal, "The database gave no row for '" + std::string(sql) + "'.");
  return statement.integer(0);
}

std::int64_t Database::last_row() const noexcept {
  return sqlite3_last_insert_rowid(connection_.get());
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

bool Database::checkpoint_truncate() {
  const int code = sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if ((code & 0xff) == SQLITE_BUSY) return false;
  if (code != SQLITE_OK) fail(connection_.get(), code, "move its log into the database file");
  // SQLite leaves the cut to the next commit's sync: until then a power cut would bring back what the log held.
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log == nullptr || log->pMethods == nullptr) return true;  // nothing was ever written to one
  const int synced = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (synced != SQLITE_OK) fail(nullptr, synced, "write the cut of its log to the disk");
  return true;
}

void Database::copy_to(Database& destination, const std::function<void(std::int64_t, std::int64_t)>& on_pages) {
  constexpr int kPagesAtOnce = 64;  // between two looks at whether anybody still waits
  const auto finish = [](sqlite3_backup* backup) { sqlite3_backup_finish(backup); };
  std::unique_ptr<sqlite3_backup, decltype(finish)> backup(
      sqlite3_backup_init(destination.connection_.get(), "main", connection_.get(), "main"), finish);
  if (!backup) fail(destination.connection_.get(), SQLITE_ERROR, "begin its copy");
  int code = SQLITE_OK;
  do {
    code = sqlite3_backup_step(backup.get(), kPagesAtOnce);
    const std::int64_t all = sqlite3_backup_pagecount(backup.get());
    on_pages(all - sqlite3_backup_remaining(backup.get()), all);
  } while (code == SQLITE_OK);
  sqlite3_backup_finish(backup.release());
  if (code != SQLITE_DONE) fail(nullptr, code, "copy itself");
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database_.execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!database_.in_transaction()) return;  // committed, or rolled back by SQLite itself after a failed write
  try {
    database_.execute("ROLLBACK");
  } catch (const Error&) {
    // A rollback that fails leaves the log without a commit record: the next reader ignores it all the same.
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
}

}  // namespace jackdaw::store
