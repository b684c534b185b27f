#include "store/schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "store/durable_file.h"

namespace jackdaw::store {
namespace {

constexpr std::array kMigrations = {
    Migration{1, R"sql(
CREATE TABLE meta(
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL UNIQUE,
  filename TEXT NOT NULL,
  filename_folded TEXT NOT NULL,
  title TEXT NOT NULL,
  title_folded TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  status INTEGER NOT NULL,
  created_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE tags(
  document INTEGER NOT NULL REFERENCES documents(number) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY(document, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE pages(
  row INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents(number) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  label TEXT NOT NULL,
  width REAL NOT NULL,
  height REAL NOT NULL,
  text TEXT NOT NULL,
  words BLOB NOT NULL,
  UNIQUE(document, number)
) STRICT;

CREATE TABLE chunks(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES documents(number) ON DELETE CASCADE,
  page INTEGER NOT NULL,
  begin_byte INTEGER NOT NULL,
  end_byte INTEGER NOT NULL,
  boxes BLOB NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX chunks_by_document ON chunks(document);

CREATE TABLE vectors(
  chunk INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
  components BLOB NOT NULL
) STRICT;
)sql"},
    Migration{2, R"sql(
CREATE TABLE answers(
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  question TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL,
  text TEXT NOT NULL,
  events BLOB NOT NULL
) STRICT;
CREATE INDEX answers_by_end ON answers(ended_ns);

CREATE TABLE answer_sources(
  answer INTEGER NOT NULL REFERENCES answers(number) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  document TEXT NOT NULL,
  scores BLOB NOT NULL,
  PRIMARY KEY(answer, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE forgotten_answers(
  id TEXT PRIMARY KEY,
  forgotten_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_answers_by_time ON forgotten_answers(forgotten_ns);
)sql"},
    Migration{3, R"sql(
ALTER TABLE documents ADD COLUMN title_given INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN pages_without_text BLOB NOT NULL DEFAULT x'0100';
ALTER TABLE documents ADD COLUMN failure_code TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN failure_message TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN failure_page INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_by_source ON documents(source);
CREATE INDEX tags_by_tag ON tags(tag, document);
ALTER TABLE chunks ADD COLUMN heading TEXT NOT NULL DEFAULT '';

CREATE TABLE jobs(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL UNIQUE REFERENCES documents(number) ON DELETE CASCADE,
  sha256 TEXT NOT NULL UNIQUE,
  filename TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  title TEXT NOT NULL,
  tags BLOB NOT NULL,
  source TEXT NOT NULL,
  keep_partial INTEGER NOT NULL,
  state INTEGER NOT NULL,
  failure_code TEXT NOT NULL,
  failure_message TEXT NOT NULL,
  failure_page INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  created_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_state ON jobs(state);
INSERT INTO jobs(document, sha256, filename, bytes, title, tags, source, keep_partial, state, failure_code,
                 failure_message, failure_page, attempts, created_ns)
  SELECT number, sha256, filename, bytes, '', x'0100', '', 0, 1, '', '', 0, 0, created_ns
  FROM documents WHERE status = 1 ORDER BY number;

CREATE TABLE job_pages(
  row INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES jobs(document) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  label TEXT NOT NULL,
  width REAL NOT NULL,
  height REAL NOT NULL,
  text TEXT NOT NULL,
  words BLOB NOT NULL,
  UNIQUE(document, number)
) STRICT;

INSERT INTO meta(name, value) VALUES('index_stamp', lower(hex(randomblob(16))));
)sql"},
    Migration{4, R"sql(
CREATE TABLE conversations(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  place INTEGER NOT NULL UNIQUE,
  title TEXT NOT NULL,
  title_given INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE messages(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation INTEGER NOT NULL REFERENCES conversations(number) ON DELETE CASCADE,
  parent INTEGER,
  id TEXT NOT NULL UNIQUE,
  created_ns INTEGER NOT NULL,
  question TEXT NOT NULL,
  answer TEXT UNIQUE,
  UNIQUE(conversation, number),
  FOREIGN KEY(conversation, parent) REFERENCES messages(conversation, number)
) STRICT;
CREATE INDEX messages_by_parent ON messages(conversation, parent);

ALTER TABLE answers ADD COLUMN message INTEGER REFERENCES messages(number) ON DELETE CASCADE;
CREATE UNIQUE INDEX answers_by_message ON answers(message);
DROP INDEX answers_by_end;
CREATE INDEX answers_by_end ON answers(ended_ns) WHERE message IS NULL;

ALTER TABLE forgotten_answers ADD COLUMN awaited INTEGER NOT NULL DEFAULT 0;
)sql"},
    Migration{5, R"sql(
CREATE TABLE new_vectors(
  chunk INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
  components BLOB NOT NULL
) STRICT;
)sql"},
};

// Of the database header (SQLite file format, section 1.3), big endian.
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

std::int32_t four_bytes(std::span<const unsigned char> header, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | header[at + i];
  return static_cast<std::int32_t>(value);
}

[[noreturn]] void refuse_newer(std::int64_t found, std::int64_t known) {
  throw Error(ErrorCode::kConflict,
              "The data folder was written by a newer version of Jackdaw: its format is version " +
                  std::to_string(found) + ", this program knows formats up to version " + std::to_string(known) +
                  ". Nothing was changed. Use the newer program, or choose another folder with --data.");
}

[[noreturn]] void refuse_foreign(const std::string& what) {
  throw Error(ErrorCode::kConflict, what +
                                        " is not a Jackdaw collection. Nothing was changed. Choose another folder "
                                        "with --data.");
}

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

void refuse_unknown_format(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return;
  const FileDescriptor descriptor = open_file(file, O_RDONLY);
  std::array<unsigned char, kHeaderBytes> header{};
  const ssize_t size = ::pread(descriptor.get(), header.data(), header.size(), 0);
  if (size < 0) throw_errno("read", file);
  if (size == 0) return;
  if (size < static_cast<ssize_t>(kHeaderBytes)) refuse_foreign("'" + file.string() + "'");
  const std::int32_t application = four_bytes(header, kApplicationIdAt);
  const std::int32_t version = four_bytes(header, kUserVersionAt);
  // Both are zero between the making of the file and the first migration.
  const bool unwritten = application == 0 && version == 0;
  const bool magic = std::string_view(reinterpret_cast<const char*>(header.data()), 15) == "SQLite format 3";
  if (!magic || (application != kApplicationId && !unwritten)) refuse_foreign("'" + file.string() + "'");
  if (version > kMigrations.back().version) refuse_newer(version, kMigrations.back().version);
}

void refuse_unknown_format(Database& database, std::span<const Migration> steps) {
  const std::int64_t found = database.integer("PRAGMA user_version");
  const std::int64_t known = steps.empty() ? 0 : steps.back().version;
  if (found > known) refuse_newer(found, known);
  if (found == 0 && database.integer("SELECT count(*) FROM sqlite_schema") != 0) refuse_foreign("The database");
}

void migrate(Database& database, std::span<const Migration> steps) {
  const std::int64_t found = database.integer("PRAGMA user_version");
  for (const Migration& step : steps) {
    if (step.version <= found) continue;
    Transaction transaction(database, Transaction::Kind::kWrite);
    database.execute(step.sql);
    database.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version = " + std::to_string(step.version));
    transaction.commit();
  }
}

}  // namespace jackdaw::store
