#pragma once

#include <filesystem>

#include "core/cancellation.h"
#include "server/config.h"
#include "server/terminal.h"

namespace jackdaw::server {

// `jackdaw verify`, `backup` and `restore`. Return the exit code; throw Error. The first and the last need the data
// folder for themselves; a backup is made by the server that runs, if there is one.
int run_verify_command(bool repair, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation);
int run_backup_command(const std::filesystem::path& destination, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation);
int run_restore_command(const std::filesystem::path& source, const Config& config, bool as_json, Terminal& terminal,
                        const Cancellation& cancellation);

}  // namespace jackdaw::server
