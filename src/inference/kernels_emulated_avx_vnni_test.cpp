// The kernels for AVX-VNNI with their instructions computed one number at a time (see kernels_emulated_test.cpp).
#if defined(__x86_64__)

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>

#include <cstddef>
#include <cstdint>

// SIMDe lacks this one: to each 32-bit sum the products of four unsigned and four signed bytes, without saturation.
static inline simde__m256i _mm256_dpbusd_avx_epi32(simde__m256i sums, simde__m256i bytes, simde__m256i weights) {
  std::int32_t out[8];
  std::uint8_t x[32];
  std::int8_t w[32];
  __builtin_memcpy(out, &sums, sizeof(out));
  __builtin_memcpy(x, &bytes, sizeof(x));
  __builtin_memcpy(w, &weights, sizeof(w));
  for (std::size_t i = 0; i < sizeof(x); ++i) out[i / 4] += x[i] * w[i];
  __builtin_memcpy(&sums, out, sizeof(out));
  return sums;
}

#define JACKDAW_EMULATED
#include "inference/kernels/avx_vnni.cpp"

#endif
