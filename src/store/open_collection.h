#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "store/originals.h"
#include "store/sqlite.h"

namespace jackdaw::store {

std::filesystem::path database_path(const std::filesystem::path& data_dir);

// The connection that writes, configured as docs/storage_format.md says ("The database"), in the newest format. Makes
// folder and file where there are none. Throws Error kConflict, and touches nothing, for what this program must not
// open (schema.h) and for vectors of another embedder; `embedder_name` empty: whatever the collection has.
Database open_writer(const std::filesystem::path& data_dir, std::int64_t max_database_bytes,
                     const std::string& embedder_name);

// Whose vectors the collection in that folder has; empty where there are none, or no collection. Throws as above.
std::string embedder_of_vectors(const std::filesystem::path& data_dir);

// Deletes the originals that neither a document nor a job names. Returns how many.
std::size_t collect_leftovers(Database& database, const Originals& originals);

}  // namespace jackdaw::store
