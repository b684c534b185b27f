#include "index/sign_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace jackdaw::index {
namespace {

constexpr std::size_t kTableBytes = 32;

void dot_portable(const SignTables& tables, const std::uint8_t* block, std::int32_t* dots) {
  for (std::size_t row = 0; row < kSignRows; ++row) dots[row] = 0;
  for (std::size_t quad = 0; quad < tables.quads(); quad += 2) {
    const std::uint8_t* const lower = tables.data() + quad * kTableBytes;
    const std::uint8_t* const upper = lower + kTableBytes;
    const std::uint8_t* const bits = block + quad / 2 * kSignRows;
    for (std::size_t row = 0; row < kSignRows; ++row) dots[row] += lower[bits[row] & 15] + upper[bits[row] >> 4];
  }
}

#if defined(__x86_64__)

// Four lookups are summed as bytes (at most 4 * 60), then as 16 bits: rows of even and of odd places apart.
__attribute__((target("avx2"))) void dot_avx2(const SignTables& tables, const std::uint8_t* block, std::int32_t* dots) {
  const __m256i low_half = _mm256_set1_epi8(15);
  const __m256i low_byte = _mm256_set1_epi16(255);
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  const auto* table = reinterpret_cast<const __m256i*>(tables.data());
  const auto* bits = reinterpret_cast<const __m256i*>(block);
  for (std::size_t quad = 0; quad < tables.quads(); quad += 4, table += 4, bits += 2) {
    __builtin_prefetch(reinterpret_cast<const char*>(bits) + 24 * kSignRows * 2);
    const __m256i first = _mm256_loadu_si256(bits);
    const __m256i second = _mm256_loadu_si256(bits + 1);
    const __m256i sums = _mm256_add_epi8(
        _mm256_add_epi8(_mm256_shuffle_epi8(_mm256_loadu_si256(table), _mm256_and_si256(first, low_half)),
                        _mm256_shuffle_epi8(_mm256_loadu_si256(table + 1),
                                            _mm256_and_si256(_mm256_srli_epi16(first, 4), low_half))),
        _mm256_add_epi8(_mm256_shuffle_epi8(_mm256_loadu_si256(table + 2), _mm256_and_si256(second, low_half)),
                        _mm256_shuffle_epi8(_mm256_loadu_si256(table + 3),
                                            _mm256_and_si256(_mm256_srli_epi16(second, 4), low_half))));
    even = _mm256_add_epi16(even, _mm256_and_si256(sums, low_byte));
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(sums, 8));
  }
  alignas(32) std::uint16_t evens[16];
  alignas(32) std::uint16_t odds[16];
  _mm256_store_si256(reinterpret_cast<__m256i*>(evens), even);
  _mm256_store_si256(reinterpret_cast<__m256i*>(odds), odd);
  for (std::size_t pair = 0; pair < 16; ++pair) {
    dots[2 * pair] = evens[pair];
    dots[2 * pair + 1] = odds[pair];
  }
}

#endif

std::vector<SignPath> find_paths() {
  std::vector<SignPath> paths;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) paths.push_back({"avx2", dot_avx2});
#endif
  paths.push_back({"portable", dot_portable});
  return paths;
}

}  // namespace

SignTables::SignTables(std::span<const std::uint8_t> numbers) : tables_(numbers.size() / 4 * kTableBytes) {
  for (std::size_t quad = 0; quad < quads(); ++quad) {
    std::uint8_t* const table = tables_.data() + quad * kTableBytes;
    for (std::size_t bits = 0; bits < 16; ++bits) {
      unsigned sum = 0;
      for (std::size_t bit = 0; bit < 4; ++bit) sum += (bits >> bit & 1) != 0 ? numbers[4 * quad + bit] : 0U;
      table[bits] = table[bits + 16] = static_cast<std::uint8_t>(sum);
    }
  }
}

std::span<const SignPath> sign_paths() {
  static const std::vector<SignPath> paths = find_paths();
  return paths;
}

}  // namespace jackdaw::index
