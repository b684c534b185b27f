// The kernels of int8_kernels.h for x86. No include guard and no #include: int8_kernels.cpp includes it where the
// intrinsics are the compiler's, and int8_emulation_test.cpp where they are functions that every machine can run.
// JACKDAW_TARGET(...) names the instructions that a function is compiled for.

inline void prefetch(const std::int8_t* codes, std::size_t at) {
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(codes) + at));
}

// Four rows at once, and where the next four begin.
struct FourRows {
  const std::int8_t* row[4];
  std::size_t next[4];  // bytes behind rows.codes

  FourRows(const Int8Rows& rows, const std::uint32_t* wanted, std::size_t at, std::size_t count) {
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t last = count - 1;
      row[k] = rows.codes + wanted[at + k < count ? at + k : last] * rows.stride;
      const std::size_t following = at + 4 + k;
      next[k] = (following < count ? wanted[following] : wanted[last] + (following - last)) * rows.stride;
    }
  }
};

JACKDAW_TARGET("avx2") inline std::int32_t sum_of(__m256i lanes) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));
  return _mm_cvtsi128_si32(four);
}

JACKDAW_TARGET("avx2") inline __m256i words_of(const std::int8_t* codes) {
  return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(codes)));
}

// Codes widened to 16 bits and multiplied with the query's 16 bits: no product or sum of two can overflow.
JACKDAW_TARGET("avx2")
void dot_avx2(const Int8QueryNumbers& query, const Int8Rows& rows, const std::uint32_t* wanted, std::size_t count,
              std::int32_t* dots) {
  for (std::size_t at = 0; at < count; at += 4) {
    const FourRows four(rows, wanted, at, count);
    __m256i sums[4];
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) sums[k] = _mm256_setzero_si256();
    for (std::size_t i = 0; i < rows.stride; i += 32) {
      const auto* const numbers = reinterpret_cast<const __m256i*>(query.numbers() + i);
      const __m256i first = _mm256_loadu_si256(numbers);
      const __m256i second = _mm256_loadu_si256(numbers + 1);
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) {
        if (i % 64 == 0) prefetch(rows.codes, four.next[k] + i);
        sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(first, words_of(four.row[k] + i)));
        sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(second, words_of(four.row[k] + i + 16)));
      }
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      if (at + k < count) dots[at + k] = sum_of(sums[k]);
    }
  }
}

// high * 256 + low is the query plus 32768, so 32768 times the sum of the row's codes is too much.
inline std::int32_t joined(std::int32_t high, std::int32_t low, std::int32_t sum) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(high) * 256U + static_cast<std::uint32_t>(low) -
                                   static_cast<std::uint32_t>(sum) * 32768U);
}

JACKDAW_TARGET("avx2,avxvnni")
void dot_avx_vnni(const Int8QueryNumbers& query, const Int8Rows& rows, const std::uint32_t* wanted, std::size_t count,
                  std::int32_t* dots) {
  for (std::size_t at = 0; at < count; at += 4) {
    const FourRows four(rows, wanted, at, count);
    __m256i high[4];
    __m256i low[4];
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) high[k] = low[k] = _mm256_setzero_si256();
    for (std::size_t i = 0; i < rows.stride; i += 32) {
      const __m256i highs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.high() + i));
      const __m256i lows = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.low() + i));
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) {
        if (i % 64 == 0) prefetch(rows.codes, four.next[k] + i);
        const __m256i codes = _mm256_load_si256(reinterpret_cast<const __m256i*>(four.row[k] + i));
        high[k] = _mm256_dpbusd_avx_epi32(high[k], highs, codes);
        low[k] = _mm256_dpbusd_avx_epi32(low[k], lows, codes);
      }
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      if (at + k < count) dots[at + k] = joined(sum_of(high[k]), sum_of(low[k]), rows.sums[wanted[at + k]]);
    }
  }
}

// Through memory: the compiler's own reduction warns of a value that it makes itself.
JACKDAW_TARGET("avx512f,avx512vnni") inline std::int32_t sum_of_16(__m512i lanes) {
  alignas(64) std::int32_t halves[16];
  _mm512_store_si512(halves, lanes);
  return sum_of(_mm256_add_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(halves)),
                                 _mm256_load_si256(reinterpret_cast<const __m256i*>(halves + 8))));
}

JACKDAW_TARGET("avx512f,avx512vnni")
void dot_avx512_vnni(const Int8QueryNumbers& query, const Int8Rows& rows, const std::uint32_t* wanted,
                     std::size_t count, std::int32_t* dots) {
  for (std::size_t at = 0; at < count; at += 4) {
    const FourRows four(rows, wanted, at, count);
    __m512i high[4];
    __m512i low[4];
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) high[k] = low[k] = _mm512_setzero_si512();
    for (std::size_t i = 0; i < rows.stride; i += 64) {
      const __m512i highs = _mm512_loadu_si512(query.high() + i);
      const __m512i lows = _mm512_loadu_si512(query.low() + i);
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) {
        prefetch(rows.codes, four.next[k] + i);
        const __m512i codes = _mm512_loadu_si512(four.row[k] + i);
        high[k] = _mm512_dpbusd_epi32(high[k], highs, codes);
        low[k] = _mm512_dpbusd_epi32(low[k], lows, codes);
      }
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      if (at + k >= count) break;
      dots[at + k] = joined(sum_of_16(high[k]), sum_of_16(low[k]), rows.sums[wanted[at + k]]);
    }
  }
}

JACKDAW_TARGET("avx2")
std::size_t select_avx2(const std::int32_t* dots, const float* scales, const float* slacks, std::size_t count,
                        const RowValue& value, float limit, std::uint32_t* places) {
  const __m256 slope = _mm256_set1_ps(value.slope);
  const __m256 offset = _mm256_set1_ps(value.offset);
  const __m256 weight = _mm256_set1_ps(value.weight);
  const __m256 limits = _mm256_set1_ps(limit);
  std::size_t selected = 0;
  std::size_t at = 0;
  for (; at + 8 <= count; at += 8) {
    const __m256 dot = _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(dots + at)));
    const __m256 linear = _mm256_mul_ps(_mm256_loadu_ps(scales + at), _mm256_add_ps(_mm256_mul_ps(slope, dot), offset));
    const __m256 values = _mm256_add_ps(linear, _mm256_mul_ps(weight, _mm256_loadu_ps(slacks + at)));
    auto mask = static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(values, limits, _CMP_NLT_UQ)));
    for (; mask != 0; mask &= mask - 1) {
      places[selected++] = static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(__builtin_ctz(mask));
    }
  }
  for (; at < count; ++at) {
    if (!(value.of(dots[at], scales[at], slacks[at]) < limit)) places[selected++] = static_cast<std::uint32_t>(at);
  }
  return selected;
}
