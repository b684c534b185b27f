#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "server/config.h"
#include "server/terminal.h"

namespace jackdaw::server {

// The words of `jackdaw ingest`.
struct IngestCommand {
  std::vector<std::string> words{};  // files, folders, patterns
  std::vector<std::string> tags{};
  std::vector<std::string> exclude{};
  std::filesystem::path password_file{};  // empty: none
  bool password_from_input = false;
  bool keep_partial = false;
  bool include_hidden = false;
  bool dry_run = false;
  bool watch = false;
  std::size_t concurrency = 4;  // enough that reading, embedding and storing overlap
  bool as_json = false;
};

// Takes all of it into the collection, several files at once, and says what became of each. Returns the exit code.
// Throws Error for what stands in the way before the first file.
int run_ingest_command(const IngestCommand& command, const Config& config, Terminal& terminal,
                       const Cancellation& cancellation);

}  // namespace jackdaw::server
