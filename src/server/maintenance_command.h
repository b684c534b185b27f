#pragma once

#include <filesystem>
#include <string>

#include "core/cancellation.h"
#include "server/config.h"
#include "server/terminal.h"

namespace jackdaw::server {

// `jackdaw verify`, `backup`, `restore` and `reindex`. Return the exit code; throw Error. The first and the third need
// the data folder for themselves; the others are done by the server that runs, if there is one.
int run_verify_command(bool repair, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation);
int run_backup_command(const std::filesystem::path& destination, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation);
int run_restore_command(const std::filesystem::path& source, const Config& config, bool as_json, Terminal& terminal,
                        const Cancellation& cancellation);
// `embedder` as JACKDAW_EMBEDDER; empty: that of `config`.
int run_reindex_command(const std::string& embedder, const Config& config, bool as_json, Terminal& terminal,
                        const Cancellation& cancellation);

}  // namespace jackdaw::server
