#pragma once

#include <boost/asio/awaitable.hpp>

#include <vector>

namespace jackdaw::answer {

// Runs coroutines side by side on the executor of the one that waits. Returns when all have ended; then throws what the
// first of them, in time, threw. It stops none of them: parts that should stop together share a Cancellation.
boost::asio::awaitable<void> run_all(std::vector<boost::asio::awaitable<void>> parts);

}  // namespace jackdaw::answer
