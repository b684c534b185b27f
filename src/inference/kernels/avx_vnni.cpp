#if !defined(JACKDAW_EMULATED)
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>

#include "inference/kernels/sets.h"

#define JACKDAW_LANES 8
#define JACKDAW_FLOAT_ROWS 6

namespace jackdaw::inference {
namespace {

#include "inference/kernels/body.h"

JACKDAW_INLINE Floats larger(Floats a, Floats b) {
  return _mm256_max_ps(a, b);
}
JACKDAW_INLINE Floats smaller(Floats a, Floats b) {
  return _mm256_min_ps(a, b);
}
JACKDAW_INLINE void store_bytes(std::uint8_t* to, Ints values) {
  const __m256i in = __builtin_bit_cast(__m256i, values);
  const __m128i shorts = _mm_packs_epi32(_mm256_castsi256_si128(in), _mm256_extracti128_si256(in, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(shorts, shorts));
}

// Six rows and one panel: twelve sums of `vpdpbusd`, which adds four products to a 32-bit sum at once.
struct Tile {
  static constexpr std::size_t kRows = 6;
  static constexpr std::size_t kPanels = 1;

  template <std::size_t kTileRows, Finish kFinish>
  static void run(const QuantizedMatrix& matrix, const QuantizedRows& rows, std::size_t row, std::size_t panel,
                  std::size_t /*panels*/, float* out) {
    const std::size_t depth = matrix.inputs;
    const std::uint8_t* const x = rows.values + row * depth;
    const std::int8_t* weights = matrix.panels + panel * kPanelColumns * depth;
    __m256i sums[kTileRows][2];
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kTileRows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
    for (std::size_t k = 0; k < depth; k += 4, weights += 64) {
      const __m256i left = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
      const __m256i right = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights + 32));
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kTileRows; ++r) {
        std::int32_t four;
        __builtin_memcpy(&four, x + r * depth + k, sizeof(four));
        const __m256i bytes = _mm256_set1_epi32(four);
        sums[r][0] = _mm256_dpbusd_avx_epi32(sums[r][0], bytes, left);
        sums[r][1] = _mm256_dpbusd_avx_epi32(sums[r][1], bytes, right);
      }
    }
    const std::size_t column = panel * kPanelColumns;
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kTileRows; ++r) {
      float* const to = out + (row + r) * matrix.outputs + column;
      finish_sums<kFinish>(matrix, column, rows.scales[row + r], __builtin_bit_cast(Ints, sums[r][0]), to);
      finish_sums<kFinish>(matrix, column + 8, rows.scales[row + r], __builtin_bit_cast(Ints, sums[r][1]), to + 8);
    }
  }
};

}  // namespace

#if defined(JACKDAW_EMULATED)
const Kernels& emulated_avx_vnni_kernels() {
#else
const Kernels& avx_vnni_kernels() {
#endif
  static constexpr Kernels kSet{"avx-vnni", quantize, multiply_s8_with<Tile>, multiply_f32, activate,
                                normalize,  attend};
  return kSet;
}

}  // namespace jackdaw::inference
