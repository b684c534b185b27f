#pragma once

#include <string>
#include <string_view>

#include "store/sqlite.h"

namespace jackdaw::store {

// What stands in the table `meta` (docs/storage_format.md). The caller holds the transaction. Throw what Database
// throws.

inline constexpr std::string_view kMetaEmbedder = "embedder";
inline constexpr std::string_view kMetaNewEmbedder = "new_embedder";     // of `new_vectors`; no row: none were begun
inline constexpr std::string_view kMetaNewVectorsOf = "new_vectors_of";  // what of a chunk they were made of
inline constexpr std::string_view kMetaIndexStamp = "index_stamp";

// Empty when there is no such row.
std::string read_meta(Database& database, std::string_view name);
void write_meta(Database& database, std::string_view name, std::string_view value);
void drop_meta(Database& database, std::string_view name);

// To be called in each transaction that changes what DocumentStore::for_each_indexed visits.
void renew_index_stamp(Database& database);

}  // namespace jackdaw::store
