#pragma once

#include <string>
#include <string_view>

#include "store/backup.h"

namespace jackdaw::store {

// The text of a backup's manifest (docs/storage_format.md, "Backups"). Pure functions, any thread. parse_manifest()
// takes any text and throws Error kInvalidArgument for what format_manifest() does not write.
std::string format_manifest(const BackupManifest& manifest);
BackupManifest parse_manifest(std::string_view text);

}  // namespace jackdaw::store
