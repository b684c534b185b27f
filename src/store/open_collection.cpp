#include "store/open_collection.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "store/durable_file.h"
#include "store/meta.h"
#include "store/schema.h"
#include "store/scrubbing_vfs.h"

namespace jackdaw::store {
namespace {

void claim_embedder(Database& database, const std::string& wanted) {
  const std::string found = read_meta(database, kMetaEmbedder);
  if (wanted.empty() || wanted == found) return;
  if (database.integer("SELECT EXISTS(SELECT 1 FROM vectors)") != 0) {
    throw Error(ErrorCode::kConflict, "The collection's vectors were made by the embedder '" + found +
                                          "', but the settings choose '" + wanted +
                                          "'. Run 'jackdaw reindex' with these settings to make them anew (questions "
                                          "are answered meanwhile where a server runs with the former settings), or "
                                          "set JACKDAW_EMBEDDER as before.");
  }
  write_meta(database, kMetaEmbedder, wanted);
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

}  // namespace

std::filesystem::path database_path(const std::filesystem::path& data_dir) {
  return data_dir / "jackdaw.db";
}

Database open_writer(const std::filesystem::path& data_dir, std::int64_t max_database_bytes,
                     const std::string& embedder_name) {
  make_folder(data_dir);
  const std::filesystem::path file = database_path(data_dir);
  refuse_unknown_format(file);
  Database database(file, Database::Access::kReadWrite);
  refuse_unknown_format(database, migrations());
  database.execute("PRAGMA page_size = " + std::to_string(kPageBytes));
  use_write_ahead_log(database);
  configure_writer(database, max_database_bytes);
  migrate(database, migrations());
  claim_embedder(database, embedder_name);
  return database;
}

std::string embedder_of_vectors(const std::filesystem::path& data_dir) {
  const std::filesystem::path file = database_path(data_dir);
  std::error_code ignored;
  if (std::filesystem::file_size(file, ignored) == 0 || ignored) return {};
  refuse_unknown_format(file);
  Database database(file, Database::Access::kReadOnly);
  refuse_unknown_format(database, migrations());
  if (database.integer("SELECT EXISTS(SELECT 1 FROM sqlite_master WHERE name = 'vectors')") == 0) return {};
  if (database.integer("SELECT EXISTS(SELECT 1 FROM vectors)") == 0) return {};
  return read_meta(database, kMetaEmbedder);
}

std::size_t collect_leftovers(Database& database, const Originals& originals) {
  std::set<std::string, std::less<>> named;
  Statement rows = database.prepare("SELECT sha256 FROM documents UNION SELECT sha256 FROM jobs");
  while (rows.step()) named.emplace(rows.text(0));
  const auto unreferenced = originals.unreferenced([&](const std::string& sha256) { return named.contains(sha256); });
  for (const std::string& sha256 : unreferenced) originals.remove(sha256);
  return unreferenced.size();
}

}  // namespace jackdaw::store
