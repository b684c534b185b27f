#include "index/inner_product.h"

#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace jackdaw::index {
namespace {

// Eight partial sums: the compiler may keep them in vectors of any width without changing the result.
float dot_of_one(const float* a, const float* b, std::size_t dimensions) {
  constexpr std::size_t kLanes = 8;
  float sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= dimensions; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float total = ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
  for (; i < dimensions; ++i) total += a[i] * b[i];
  return total;
}

void dot_portable(const float* query, const float* const rows[kRowsPerCall], std::size_t dimensions,
                  float results[kRowsPerCall]) {
  for (std::size_t r = 0; r < kRowsPerCall; ++r) results[r] = dot_of_one(query, rows[r], dimensions);
}

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) inline float sum_of(__m256 lanes) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Two sums a row hide most of the latency of a fused multiply-add: eight are in flight over the four rows.
__attribute__((target("avx2,fma"))) void dot_avx2(const float* query, const float* const rows[kRowsPerCall],
                                                  std::size_t dimensions, float results[kRowsPerCall]) {
  __m256 even[kRowsPerCall];
  __m256 odd[kRowsPerCall];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRowsPerCall; ++r) even[r] = odd[r] = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= dimensions; i += 16) {
    const __m256 first = _mm256_loadu_ps(query + i);
    const __m256 second = _mm256_loadu_ps(query + i + 8);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRowsPerCall; ++r) {
      even[r] = _mm256_fmadd_ps(first, _mm256_loadu_ps(rows[r] + i), even[r]);
      odd[r] = _mm256_fmadd_ps(second, _mm256_loadu_ps(rows[r] + i + 8), odd[r]);
    }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRowsPerCall; ++r) {
    float total = sum_of(_mm256_add_ps(even[r], odd[r]));
    for (std::size_t tail = i; tail < dimensions; ++tail) total += query[tail] * rows[r][tail];
    results[r] = total;
  }
}

__attribute__((target("avx512f"))) void dot_avx512(const float* query, const float* const rows[kRowsPerCall],
                                                   std::size_t dimensions, float results[kRowsPerCall]) {
  __m512 even[kRowsPerCall];
  __m512 odd[kRowsPerCall];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRowsPerCall; ++r) even[r] = odd[r] = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + 32 <= dimensions; i += 32) {
    const __m512 first = _mm512_loadu_ps(query + i);
    const __m512 second = _mm512_loadu_ps(query + i + 16);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRowsPerCall; ++r) {
      even[r] = _mm512_fmadd_ps(first, _mm512_loadu_ps(rows[r] + i), even[r]);
      odd[r] = _mm512_fmadd_ps(second, _mm512_loadu_ps(rows[r] + i + 16), odd[r]);
    }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRowsPerCall; ++r) {
    float total = _mm512_reduce_add_ps(_mm512_add_ps(even[r], odd[r]));
    for (std::size_t tail = i; tail < dimensions; ++tail) total += query[tail] * rows[r][tail];
    results[r] = total;
  }
}

#endif

std::vector<InnerProductPath> find_paths() {
  std::vector<InnerProductPath> paths;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) paths.push_back({"avx512", dot_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) paths.push_back({"avx2", dot_avx2});
#endif
  paths.push_back({"portable", dot_portable});
  return paths;
}

}  // namespace

std::span<const InnerProductPath> inner_product_paths() {
  static const std::vector<InnerProductPath> paths = find_paths();
  return paths;
}

}  // namespace jackdaw::index
