#pragma once

#include <string>
#include <vector>

#include "core/cancellation.h"
#include "server/door.h"
#include "server/file_walk.h"
#include "server/ingest_report.h"

namespace jackdaw::server {

struct FileIngestOptions {
  std::vector<std::string> tags{};
  std::string password{};
  bool keep_partial = false;
};

// One file's way into the collection: a document of the same source whose bytes changed is replaced, the same bytes are
// left alone (or tried again when they failed before), anything else is a new document. What concerns this file alone
// is its outcome; what every other file would meet too is thrown: no server, no right, no room, no sandbox, cancelled.
// Any thread, several at once.
IngestedFile ingest_file(Door& door, const FoundFile& file, const FileIngestOptions& options,
                         const Door::OnProgress& on_progress, const Cancellation& cancellation);

// What ingest_file() would do, as far as that can be told without reading the document. Changes nothing. No door: there
// is no collection yet.
IngestedFile foresee_file(Door* door, const FoundFile& file, const Cancellation& cancellation);

}  // namespace jackdaw::server
