#pragma once

#include <string>

#include "server/config.h"
#include "server/terminal.h"

namespace jackdaw::server {

// `jackdaw models list|pull|verify`. Returns the exit code: 1 when a file is missing or damaged. Throws Error.
int run_models_command(const std::string& verb, const Config& config, bool as_json, Terminal& terminal);

}  // namespace jackdaw::server
