#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/cancellation.h"
#include "core/clock.h"
#include "store/sqlite_store.h"

namespace jackdaw::store {

// What a backup says of itself: the file `manifest` in its folder, written last. A folder without one is no backup.
struct BackupManifest {
  std::int64_t format = 0;  // of the database; schema.h
  WallTime made_at{};
  std::int64_t documents = 0;
  std::uint64_t database_bytes = 0;
  std::string database_sha256;
  std::int64_t originals = 0;
  std::uint64_t originals_bytes = 0;
  std::string originals_sha256;  // of their names, ascending, each with a line end
};

struct Backup {
  std::filesystem::path folder;
  BackupManifest manifest;
};

struct BackupOptions {
  Cancellation cancellation{};
  std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)> on_progress{};
};

// All functions throw Error kStorageFull when there is no room, what `cancellation` asks for, and leave nothing behind
// then. A backup holds the whole collection as it was at one moment: also what is deleted from the collection later.

// A consistent copy in a new folder `backups/<id>` of the data folder, while the store is used: others write meanwhile,
// but for the moment in which the originals are linked; deletions return when the database is copied. Any thread. The
// folder is the caller's to discard(); the next opening deletes it.
Backup make_backup(SqliteStore& store, const BackupOptions& options = {});
void discard(const Backup& backup);

// Copies a backup to where there is nothing or an empty folder, and compares every byte with the manifest on the way.
// Durable and whole when it returns, with private copies of all files. Throws kConflict when `to` is not empty or the
// backup is of a newer version of the program, kInvalidArgument when `from` is no backup, not a whole one, or damaged.
BackupManifest copy_backup(const std::filesystem::path& from, const std::filesystem::path& to,
                           const BackupOptions& options = {});

// The same, with a data folder as the result. A `lock` file that nobody holds may stand there; the caller must not hold
// it either.
BackupManifest restore(const std::filesystem::path& backup, const std::filesystem::path& data_dir,
                       const BackupOptions& options = {});

// Throws as copy_backup() does; reads nothing but the manifest.
BackupManifest read_manifest(const std::filesystem::path& backup);

}  // namespace jackdaw::store
