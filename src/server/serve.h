#pragma once

#include "server/config.h"

namespace jackdaw::server {

// Serves until SIGTERM or SIGINT, then ends cleanly: no new connection, running requests get their time, answers end
// with a last event. Returns the exit code. Throws Error for what can be refused at the start: the data folder, the
// address, the port. A missing model does not end it: the server says what is missing and how to get it.
int serve(const Config& config);

}  // namespace jackdaw::server
