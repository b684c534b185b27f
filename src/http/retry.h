#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "http/headers.h"

// When to ask again. Pure functions; what is read is untrusted.
namespace jackdaw::http {

// How long the server asks to wait: `retry-after-ms`, then `retry-after` as seconds (with a fraction) or as an HTTP
// date. Nothing where none of them is a time from now to a year ahead.
std::optional<std::chrono::milliseconds> retry_after(const Headers& headers, WallTime now);

// What `x-should-retry` says.
std::optional<bool> should_retry(const Headers& headers);

// "1h2m3s", "2m59.56s", "12ms", "17s", as rate limit headers have it (d, h, m, s, ms, us, ns). At most a year.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// An HTTP date in any of the three forms of RFC 9110, section 5.6.7. `now` dates years of two digits.
std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);

// Before retry number `attempt`, counted from 0: min(0.5 x 2^attempt, 8) seconds, times 0.75 to 1. `random_unit` is in
// [0, 1]. What the providers' own clients do.
std::chrono::milliseconds backoff(int attempt, double random_unit);

}  // namespace jackdaw::http
