#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/log.h"
#include "store/durable_file.h"
#include "store/open_collection.h"
#include "store/sqlite_store.h"

namespace jackdaw::store {
namespace {

// False when the file is not there. A file system that cannot link gets a copy.
bool link_original(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  if (errno != EPERM && errno != EMLINK && errno != EXDEV && errno != EOPNOTSUPP) throw_errno("link to", to);
  std::error_code failure;
  if (!std::filesystem::copy_file(from, to, failure)) {
    errno = failure.value();
    throw_errno("copy an original to", to);
  }
  sync_file(to);
  return true;
}

void link_originals(Database& snapshot, const Originals& originals, const Originals& copies, SqliteStore::Copy& copy) {
  Statement rows = snapshot.prepare("SELECT sha256 FROM documents UNION SELECT sha256 FROM jobs ORDER BY 1");
  while (rows.step()) {
    const std::string sha256(rows.text(0));
    const auto to = copies.path_of(sha256);
    make_folder(to.parent_path());
    if (!link_original(originals.path_of(sha256), to)) {
      log::warning("The original " + sha256 + " is missing, so the backup is without it. Run 'jackdaw verify'.");
      continue;
    }
    copy.originals.push_back(sha256);
    copy.originals_bytes += std::filesystem::file_size(to);
  }
}

}  // namespace

SqliteStore::Copy SqliteStore::copy_to(const std::filesystem::path& folder,
                                       const std::function<void(std::int64_t, std::int64_t)>& on_pages) {
  const std::lock_guard nobody_cuts_the_log(copying_);
  const Originals copies(folder);
  Database snapshot(database_path(options_.data_dir), Database::Access::kReadOnly);
  const Transaction moment(snapshot, Transaction::Kind::kRead);
  Copy copy;
  {
    // While nobody writes, the tables and the originals say the same.
    auto writer = writer_.lock();
    copy.documents = snapshot.integer("SELECT count(*) FROM documents");
    link_originals(snapshot, originals_, copies, copy);
  }
  reached(StoreStep::kBackupOriginalsLinked);
  Database destination(database_path(folder), Database::Access::kReadWrite);
  destination.execute("PRAGMA journal_mode = MEMORY");  // a copy that was not finished is thrown away
  snapshot.copy_to(destination, on_pages);
  reached(StoreStep::kBackupDatabaseCopied);
  return copy;
}

}  // namespace jackdaw::store
