#pragma once

#include <string_view>

namespace jackdaw::server {

// "0.1.0", as the build says.
inline constexpr std::string_view kVersion = JACKDAW_VERSION;

}  // namespace jackdaw::server
