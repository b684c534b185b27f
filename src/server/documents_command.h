#pragma once

#include <string>

#include "core/cancellation.h"
#include "server/config.h"
#include "server/terminal.h"

namespace jackdaw::server {

// The words of `jackdaw documents`: at most one of the ids.
struct DocumentsCommand {
  bool failed = false;  // only those that could not be read
  std::string tag{};    // only those that have it; empty: all
  std::string delete_id{};
  std::string retry_id{};
  std::string cancel_id{};
  bool as_json = false;
};

// Lists documents, or does something to one. Returns the exit code; throws Error.
int run_documents_command(const DocumentsCommand& command, const Config& config, Terminal& terminal,
                          const Cancellation& cancellation);

}  // namespace jackdaw::server
