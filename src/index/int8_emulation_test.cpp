// The kernels for VNNI on machines that do not have it: the same source, with the instructions emulated by SIMDe
// (Debian: libsimde-dev). Where that is not installed there is nothing to compile.
#if __has_include(<simde/x86/avx512.h>)

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <gtest/gtest.h>
#include <simde/x86/avx512.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "index/int8_kernels.h"
#include "index/large_array.h"

namespace jackdaw::index {
namespace {

#define JACKDAW_TARGET(instructions)
#define _mm256_dpbusd_avx_epi32(sums, bytes, codes) simde_mm256_dpbusd_epi32(sums, bytes, codes)
#include "index/int8_kernels_x86.h"
#undef JACKDAW_TARGET

struct Emulated {
  std::string_view name;
  Int8DotKernel dot;
};

constexpr Emulated kEmulated[] = {{"avx512-vnni", dot_avx512_vnni}, {"avx-vnni", dot_avx_vnni}, {"avx2", dot_avx2}};

TEST(EmulatedInt8Kernels, GiveWhatThePortableOneGives) {
  constexpr std::size_t kRows = 23;
  std::mt19937 random(4);
  for (const std::size_t dimensions : {1u, 64u, 100u, 384u, 1024u}) {
    for (const bool is_extreme : {false, true}) {
      const std::size_t stride = int8_stride(dimensions);
      LargeArray<std::int8_t> codes(kRows * stride);
      std::vector<std::int32_t> sums(kRows);
      std::fill_n(codes.data(), codes.size(), std::int8_t{0});
      for (std::size_t row = 0; row < kRows; ++row) {
        for (std::size_t i = 0; i < dimensions; ++i) {
          const int code = is_extreme ? (row % 2 == 0 ? -128 : 127) : static_cast<int>(random() % 256) - 128;
          codes[row * stride + i] = static_cast<std::int8_t>(code);
          sums[row] += code;
        }
      }
      const std::int32_t most = largest_query_number(stride);
      std::vector<std::int16_t> numbers(dimensions);
      for (auto& number : numbers) {
        number = static_cast<std::int16_t>(
            is_extreme ? -most : static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(2 * most)) - most);
      }
      const Int8QueryNumbers query(numbers);
      const Int8Rows rows{codes.data(), sums.data(), stride};
      std::vector<std::uint32_t> wanted(kRows);
      for (auto& row : wanted) row = static_cast<std::uint32_t>(random() % kRows);
      std::vector<std::int32_t> expected(kRows);
      int8_paths().back().dot(query, rows, wanted.data(), kRows, expected.data());
      for (const Emulated& emulated : kEmulated) {
        std::vector<std::int32_t> found(kRows);
        emulated.dot(query, rows, wanted.data(), kRows, found.data());
        EXPECT_EQ(found, expected) << emulated.name << ", " << dimensions << " dimensions";
      }
    }
  }
}

TEST(EmulatedInt8Kernels, SelectWhatThePortableOneSelects) {
  constexpr std::size_t kRows = 100;
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<std::int32_t> dots(kRows);
  std::vector<float> scales(kRows);
  std::vector<float> slacks(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    dots[i] = static_cast<std::int32_t>(random() % 2000) - 1000;
    scales[i] = uniform(random);
    slacks[i] = uniform(random);
  }
  const RowValue value{.slope = 0.001F, .offset = 0.01F, .weight = 0.1F};
  std::vector<std::uint32_t> expected(kRows);
  std::vector<std::uint32_t> found(kRows);
  expected.resize(
      int8_paths().back().select(dots.data(), scales.data(), slacks.data(), kRows, value, 0.2F, expected.data()));
  found.resize(select_avx2(dots.data(), scales.data(), slacks.data(), kRows, value, 0.2F, found.data()));
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace jackdaw::index

#endif
