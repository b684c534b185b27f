#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace jackdaw::inference {

// 64 lower-case hex digits.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace jackdaw::inference
