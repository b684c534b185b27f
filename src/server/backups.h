#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/cancellation.h"
#include "store/sqlite_store.h"

namespace jackdaw::server {

// A consistent copy of the collection (store/backup.h), in a folder `backups/<id>` of the data folder until somebody
// has fetched it.
struct MadeBackup {
  std::string id;
  std::filesystem::path path;  // absolute
  std::uint64_t bytes = 0;     // of the database and the originals
  std::int64_t documents = 0;
};

// Any thread; they block on the disk. Throw Error: kConflict while too many wait to be fetched, kStorageFull, what
// `cancellation` asks for.
MadeBackup make_backup(store::SqliteStore& collection, const std::filesystem::path& data_dir,
                       const Cancellation& cancellation);

// Throws Error kNotFound for an id that names none.
void drop_backup(const std::filesystem::path& data_dir, const std::string& id);

}  // namespace jackdaw::server
