// The kernel of sign_kernels.h for AVX-512; included like int8_kernels_x86.h.

JACKDAW_TARGET("avx512f,avx512vpopcntdq")
void dot_avx512(const std::uint64_t* planes, const std::uint64_t* bits, std::size_t words, const std::uint32_t* wanted,
                std::size_t count, std::int32_t* dots) {
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint64_t* const row = bits + wanted[at] * words;
    __m512i sums = _mm512_setzero_si512();
    for (std::size_t w = 0; w < words; w += 8) {
      const auto mask = static_cast<__mmask8>(words - w >= 8 ? 0xFF : (1U << (words - w)) - 1);
      const __m512i own = _mm512_maskz_loadu_epi64(mask, row + w);
      for (std::size_t p = 0; p < kSignPlanes; ++p) {
        const __m512i plane = _mm512_maskz_loadu_epi64(mask, planes + p * words + w);
        const __m512i counts = _mm512_popcnt_epi64(_mm512_and_si512(own, plane));
        sums = _mm512_add_epi64(sums, _mm512_sllv_epi64(counts, _mm512_set1_epi64(static_cast<long long>(p))));
      }
    }
    alignas(64) std::int64_t lanes[8];
    _mm512_store_si512(lanes, sums);
    dots[at] = static_cast<std::int32_t>(((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
                                         ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])));
  }
}
