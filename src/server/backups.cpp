#include "server/backups.h"

#include <system_error>

#include "core/error.h"
#include "core/ids.h"
#include "store/backup.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBackups = 4;  // each holds its own copy of the database

std::size_t waiting_backups(const fs::path& data_dir) {
  std::error_code none_yet;
  std::size_t waiting = 0;
  for (fs::directory_iterator entry(data_dir / "backups", none_yet); !none_yet && entry != fs::directory_iterator();
       entry.increment(none_yet)) {
    ++waiting;
  }
  return waiting;
}

}  // namespace

MadeBackup make_backup(store::SqliteStore& collection, const fs::path& data_dir, const Cancellation& cancellation) {
  if (waiting_backups(data_dir) >= kMostBackups) {
    throw Error(ErrorCode::kConflict,
                "Too many backups wait to be fetched. DELETE /v1/backups/{id} drops one, a restart all of them.");
  }
  const store::Backup made = store::make_backup(collection, {.cancellation = cancellation});
  return {.id = made.folder.filename().string(),
          .path = fs::absolute(made.folder),
          .bytes = made.manifest.database_bytes + made.manifest.originals_bytes,
          .documents = made.manifest.documents};
}

void drop_backup(const fs::path& data_dir, const std::string& id) {
  const fs::path folder = data_dir / "backups" / id;
  std::error_code ignored;
  if (!is_well_formed_id(id) || !fs::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kNotFound, "There is no such backup.");
  }
  store::discard({.folder = folder, .manifest = {}});
}

}  // namespace jackdaw::server
