#pragma once

#include "core/cancellation.h"
#include "server/config.h"
#include "server/door.h"
#include "server/terminal.h"

namespace jackdaw::server {

// `jackdaw ask` and `jackdaw search`. Return the exit code; throw Error.
int run_ask_command(const AskOptions& options, const Config& config, bool as_json, Terminal& terminal,
                    const Cancellation& cancellation);
int run_search_command(const AskOptions& options, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation);

// "pdf" as "application/pdf"; what holds a '/' is taken as it is. Throws Error kInvalidArgument that lists the short
// names.
std::string media_type_of(const std::string& word);

}  // namespace jackdaw::server
