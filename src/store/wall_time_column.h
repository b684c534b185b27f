#pragma once

#include <chrono>
#include <cstdint>

#include "core/clock.h"

namespace jackdaw::store {

// Times as columns hold them: Unix time in nanoseconds.
inline std::int64_t to_column(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

inline WallTime to_wall_time(std::int64_t column) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(column)));
}

}  // namespace jackdaw::store
