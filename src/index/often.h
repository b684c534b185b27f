#pragma once

#include <cstddef>

#include "core/cancellation.h"

namespace jackdaw::index {

// For long loops over rows: looks at the cancellation once in about a millisecond, also where each row is read from a
// file, and throws what it says.
inline void check_often(std::size_t row, const Cancellation& cancellation) {
  constexpr std::size_t kRowsPerSlice = 1024;
  if (row % kRowsPerSlice == 0) cancellation.throw_if_requested();
}

}  // namespace jackdaw::index
