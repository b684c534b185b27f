#pragma once

#include <optional>
#include <string_view>

#include "core/clock.h"

namespace jackdaw::server {

// A time of RFC 3339 ("2026-11-22T21:16:31.250+01:00"; T may be a space or small, Z too), or a day, which begins at
// midnight UTC. Fractions beyond microseconds are dropped; a leap second is the second after it. Nothing for anything
// else.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace jackdaw::server
