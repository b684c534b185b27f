#pragma once

#include <chrono>
#include <string>

namespace jackdaw {

// Deadlines and durations use the steady clock; only what a person reads back later uses the wall clock.
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// "2026-11-22T21:16:31.250Z" (RFC 3339, UTC, milliseconds).
std::string to_rfc3339(WallTime time);

// Milliseconds, with a fraction, since it was made. Not shared between threads.
class Stopwatch {
 public:
  double elapsed_ms() const { return std::chrono::duration<double, std::milli>(SteadyClock::now() - start_).count(); }

 private:
  TimePoint start_ = SteadyClock::now();
};

}  // namespace jackdaw
