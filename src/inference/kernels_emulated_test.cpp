// The kernels for AVX-512 VNNI with their instructions computed one number at a time, so that every machine tests them:
// the same source as the program's, against the emulation of SIMDe.
#if defined(__x86_64__)

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <cstddef>
#include <cstdint>

// SIMDe lacks this one: the lowest byte of each number.
static inline simde__m128i _mm512_cvtepi32_epi8(simde__m512i numbers) {
  std::int32_t in[16];
  std::uint8_t out[16];
  __builtin_memcpy(in, &numbers, sizeof(in));
  for (std::size_t i = 0; i < sizeof(out); ++i) out[i] = static_cast<std::uint8_t>(in[i]);
  simde__m128i bytes;
  __builtin_memcpy(&bytes, out, sizeof(out));
  return bytes;
}

#define JACKDAW_EMULATED
#include "inference/kernels/avx512_vnni.cpp"

#endif
