#pragma once

#include <functional>

#include "store/store_step.h"

namespace jackdaw::server {

// For tests of what survives: in a build with tests (JACKDAW_CRASH_STEPS) the variable JACKDAW_CRASH_AT names a step of
// the store, "original_kept" or "original_kept:3", and the process ends there without a word (SIGKILL) when the step is
// reached for the first or third time. Empty in every other build, and without the variable. Throws Error
// kInvalidArgument for a step that does not exist. The result may be called from any thread.
std::function<void(store::StoreStep)> crash_from_environment();

}  // namespace jackdaw::server
