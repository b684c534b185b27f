#pragma once

#include "server/config.h"
#include "server/eval_passages.h"
#include "server/eval_run.h"

namespace jackdaw::server {

// The settings that were given with `flag` ("--with") for a measurement of `options` are all read by it. Otherwise it
// would show a difference, or none, that is not theirs: throws Error kInvalidArgument that names them and says what
// would read them. Pure.
void check_eval_settings(const Values& given, const char* flag, const EvalOptions& options);

}  // namespace jackdaw::server
