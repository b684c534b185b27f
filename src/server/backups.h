#pragma once

#include <filesystem>
#include <string>

#include "core/cancellation.h"

namespace jackdaw::server {

// Where copies of the collection stand until somebody has fetched them: folders `backups/<id>` in the data folder,
// which is held. Functions may be called from any thread; they block on the disk. Throw Error.

// The folder for a new one, whose name is its id: not there yet, but everything above it. Throws kConflict while too
// many wait to be fetched.
std::filesystem::path new_backup_folder(const std::filesystem::path& data_dir);

// Throws kNotFound for an id that names none.
void drop_backup(const std::filesystem::path& data_dir, const std::string& id);

// What a process that died has left. Only before the first of this process.
void drop_all_backups(const std::filesystem::path& data_dir);

// Copies a folder of folders and files, byte for byte: all of it is on the disk when it returns. Throws kConflict when
// `to` is there and not empty; leaves nothing of its own when it throws.
void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to, const Cancellation& cancellation);

}  // namespace jackdaw::server
