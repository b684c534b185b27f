#include "index/sign_kernels.h"

#include <bit>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace jackdaw::index {
namespace {

// Compiled for several targets and numbers of words by those who call it.
[[gnu::always_inline]] inline void dot_words(const std::uint64_t* planes, const std::uint64_t* bits, std::size_t words,
                                             const std::uint32_t* wanted, std::size_t count, std::int32_t* dots) {
  static_assert(kSignPlanes == 4);
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint64_t* const row = bits + wanted[at] * words;
    int ones = 0;
    int twos = 0;
    int fours = 0;
    int eights = 0;
#pragma GCC unroll 6
    for (std::size_t w = 0; w < words; ++w) {
      ones += std::popcount(row[w] & planes[w]);
      twos += std::popcount(row[w] & planes[words + w]);
      fours += std::popcount(row[w] & planes[2 * words + w]);
      eights += std::popcount(row[w] & planes[3 * words + w]);
    }
    dots[at] = ones + 2 * twos + 4 * fours + 8 * eights;
  }
}

void dot_portable(const std::uint64_t* planes, const std::uint64_t* bits, std::size_t words,
                  const std::uint32_t* wanted, std::size_t count, std::int32_t* dots) {
  dot_words(planes, bits, words, wanted, count, dots);
}

#if defined(__x86_64__)

// With the number of words of 384 dimensions known, the loop over them is gone and the planes stay in registers.
__attribute__((target("popcnt"))) void dot_popcnt(const std::uint64_t* planes, const std::uint64_t* bits,
                                                  std::size_t words, const std::uint32_t* wanted, std::size_t count,
                                                  std::int32_t* dots) {
  if (words == 6) {
    dot_words(planes, bits, 6, wanted, count, dots);
  } else {
    dot_words(planes, bits, words, wanted, count, dots);
  }
}

#define JACKDAW_TARGET(instructions) __attribute__((target(instructions)))
#include "index/sign_kernels_x86.h"
#undef JACKDAW_TARGET

#endif

std::vector<SignPath> find_paths() {
  std::vector<SignPath> paths;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq")) {
    paths.push_back({"avx512-vpopcntdq", dot_avx512});
  }
  if (__builtin_cpu_supports("popcnt")) paths.push_back({"popcnt", dot_popcnt});
#endif
  paths.push_back({"portable", dot_portable});
  return paths;
}

}  // namespace

std::span<const SignPath> sign_paths() {
  static const std::vector<SignPath> paths = find_paths();
  return paths;
}

}  // namespace jackdaw::index
