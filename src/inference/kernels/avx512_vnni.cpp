#if !defined(JACKDAW_EMULATED)
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>

#include "inference/kernels/sets.h"

#define JACKDAW_LANES 16
#define JACKDAW_FLOAT_ROWS 12

namespace jackdaw::inference {
namespace {

#include "inference/kernels/body.h"

JACKDAW_INLINE Floats larger(Floats a, Floats b) {
  return __builtin_bit_cast(Floats, _mm512_max_ps(__builtin_bit_cast(__m512, a), __builtin_bit_cast(__m512, b)));
}
JACKDAW_INLINE Floats smaller(Floats a, Floats b) {
  return __builtin_bit_cast(Floats, _mm512_min_ps(__builtin_bit_cast(__m512, a), __builtin_bit_cast(__m512, b)));
}
JACKDAW_INLINE void store_bytes(std::uint8_t* to, Ints values) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(__builtin_bit_cast(__m512i, values)));
}

// Six rows and four panels: 24 sums, four vectors of weights and a broadcast fill 29 of the 32 registers.
struct Tile {
  static constexpr std::size_t kRows = 6;
  static constexpr std::size_t kPanels = 4;

  template <std::size_t kTileRows, Finish kFinish>
  static void run(const QuantizedMatrix& matrix, const QuantizedRows& rows, std::size_t row, std::size_t panel,
                  std::size_t panels, float* out) {
    if (panels == kPanels) {
      sums_of<kTileRows, kPanels, kFinish>(matrix, rows, row, panel, out);
    } else {
      sums_of<kTileRows, 1, kFinish>(matrix, rows, row, panel, out);
    }
  }

  template <std::size_t kTileRows, std::size_t kTilePanels, Finish kFinish>
  static void sums_of(const QuantizedMatrix& matrix, const QuantizedRows& rows, std::size_t row, std::size_t panel,
                      float* out) {
    const std::size_t depth = matrix.inputs;
    const std::size_t panel_bytes = kPanelColumns * depth;
    const std::uint8_t* const x = rows.values + row * depth;
    const std::int8_t* weights = matrix.panels + panel * panel_bytes;
    __m512i sums[kTileRows][kTilePanels];
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t p = 0; p < kTilePanels; ++p) sums[r][p] = _mm512_setzero_si512();
    }
    for (std::size_t k = 0; k < depth; k += 4, weights += 64) {
      __m512i columns[kTilePanels];
#pragma GCC unroll 4
      for (std::size_t p = 0; p < kTilePanels; ++p) columns[p] = _mm512_load_si512(weights + p * panel_bytes);
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kTileRows; ++r) {
        std::int32_t four;
        __builtin_memcpy(&four, x + r * depth + k, sizeof(four));
        const __m512i bytes = _mm512_set1_epi32(four);
#pragma GCC unroll 4
        for (std::size_t p = 0; p < kTilePanels; ++p) sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], bytes, columns[p]);
      }
    }
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t p = 0; p < kTilePanels; ++p) {
        const std::size_t column = (panel + p) * kPanelColumns;
        finish_sums<kFinish>(matrix, column, rows.scales[row + r], __builtin_bit_cast(Ints, sums[r][p]),
                             out + (row + r) * matrix.outputs + column);
      }
    }
  }
};

}  // namespace

#if defined(JACKDAW_EMULATED)
const Kernels& emulated_avx512_vnni_kernels() {
#else
const Kernels& avx512_vnni_kernels() {
#endif
  static constexpr Kernels kSet{"avx512-vnni", quantize, multiply_s8_with<Tile>, multiply_f32, activate,
                                normalize,     attend};
  return kSet;
}

}  // namespace jackdaw::inference
