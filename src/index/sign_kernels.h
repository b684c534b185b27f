#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace jackdaw::index {

// A query of whole numbers from 0 to 15 is taken as four planes of bits; plane p has bit p of each number.
inline constexpr std::size_t kSignPlanes = 4;

// For each of `count` rows of `words` words of 64 bits: the sum of the query's numbers where the row's bit is 1.
// Exact, so the same on every path.
using SignDotKernel = void (*)(const std::uint64_t* planes, const std::uint64_t* bits, std::size_t words,
                               const std::uint32_t* wanted, std::size_t count, std::int32_t* dots);

struct SignPath {
  std::string_view name;  // "avx512-vpopcntdq", "popcnt", "portable"
  SignDotKernel dot;
};

// The paths that this machine can run, fastest first; the last one is portable C++. Found out once. Thread-safe.
std::span<const SignPath> sign_paths();

}  // namespace jackdaw::index
