#include <immintrin.h>

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

// Three rows and one panel. `maddubs` multiplies bytes and adds neighbours in 16 bits; two or four such sums are added
// up there before they are widened, which kMaxGroupSum makes safe: six or five multiplications for 128 products instead
// of eight.
template <std::size_t kAdditions>
struct Tile {
  static constexpr std::size_t kRows = 3;
  static constexpr std::size_t kPanels = 1;

  static JACKDAW_INLINE __m256i four_of(const std::uint8_t* row) {
    std::int32_t four;
    __builtin_memcpy(&four, row, sizeof(four));
    return _mm256_set1_epi32(four);
  }

  template <std::size_t kTileRows, Finish kFinish>
  static void run(const QuantizedMatrix& matrix, const QuantizedRows& rows, std::size_t row, std::size_t panel,
                  std::size_t /*panels*/, float* out) {
    const std::size_t depth = matrix.inputs;
    const std::uint8_t* const x = rows.values + row * depth;
    const std::int8_t* weights = matrix.panels + panel * kPanelColumns * depth;
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums[kTileRows][2];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kTileRows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
    for (std::size_t k = 0; k < depth; k += 4 * kAdditions) {
      __m256i products[kTileRows][2];
#pragma GCC unroll 4
      for (std::size_t group = 0; group < kAdditions; ++group, weights += 64) {
        const __m256i left = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
        const __m256i right = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights + 32));
#pragma GCC unroll 4
        for (std::size_t r = 0; r < kTileRows; ++r) {
          const __m256i four = four_of(x + r * depth + k + 4 * group);
          const __m256i a = _mm256_maddubs_epi16(four, left);
          const __m256i b = _mm256_maddubs_epi16(four, right);
          products[r][0] = group == 0 ? a : _mm256_add_epi16(products[r][0], a);
          products[r][1] = group == 0 ? b : _mm256_add_epi16(products[r][1], b);
        }
      }
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kTileRows; ++r) {
        sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_madd_epi16(products[r][0], ones));
        sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_madd_epi16(products[r][1], ones));
      }
    }
    const std::size_t column = panel * kPanelColumns;
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kTileRows; ++r) {
      float* const to = out + (row + r) * matrix.outputs + column;
      finish_sums<kFinish>(matrix, column, rows.scales[row + r], __builtin_bit_cast(Ints, sums[r][0]), to);
      finish_sums<kFinish>(matrix, column + 8, rows.scales[row + r], __builtin_bit_cast(Ints, sums[r][1]), to + 8);
    }
  }
};

void multiply_s8(const QuantizedMatrix& matrix, const QuantizedRows& rows, Finish finish, float* out) {
  if (matrix.additions == Additions::kFour) return multiply_s8_with<Tile<4>>(matrix, rows, finish, out);
  return multiply_s8_with<Tile<2>>(matrix, rows, finish, out);
}

}  // namespace

const Kernels& avx2_kernels() {
  static constexpr Kernels kSet{"avx2", quantize, multiply_s8, multiply_f32, activate, normalize, attend};
  return kSet;
}

}  // namespace jackdaw::inference
