#pragma once

#include <boost/asio/awaitable.hpp>

#include "core/cancellation.h"
#include "core/clock.h"

namespace jackdaw::providers {

// Waits without a thread. Wakes early, and throws what the cancellation asks for, when that is cancelled or its
// deadline passes.
boost::asio::awaitable<void> sleep_until(TimePoint until, Cancellation cancellation);

}  // namespace jackdaw::providers
