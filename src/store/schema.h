#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "store/sqlite.h"

namespace jackdaw::store {

// One step of the database's format. Steps are numbered from 1 without gaps; a step that was ever released never
// changes.
struct Migration {
  int version;
  const char* sql;
};

// "JKDW", in the file's header: marks the file as ours.
inline constexpr std::int32_t kApplicationId = 0x4a4b4457;

std::span<const Migration> migrations();

// Throws Error kConflict, after reading nothing but the file's first bytes, when it was written by a newer version of
// the program or by another program. No file, or an empty one, is fine.
void refuse_unknown_format(const std::filesystem::path& file);

// The same for an open database, its log included: a newer version may have died before it emptied the log.
void refuse_unknown_format(Database& database, std::span<const Migration> steps);

// Takes the database to the newest of `steps`. Each step is one transaction together with its version number: after a
// crash the database is at one version or the next, never between.
void migrate(Database& database, std::span<const Migration> steps);

}  // namespace jackdaw::store
