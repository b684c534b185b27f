#include "index/int8_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "index/large_array.h"
#include "index/sign_kernels.h"

namespace jackdaw::index {
namespace {

struct Rows {
  Rows(std::size_t count, std::size_t dimensions, std::mt19937& random, bool is_extreme)
      : stride(int8_stride(dimensions)), codes(count * stride), sums(count) {
    std::fill_n(codes.data(), codes.size(), std::int8_t{0});
    for (std::size_t row = 0; row < count; ++row) {
      sums[row] = 0;
      for (std::size_t i = 0; i < dimensions; ++i) {
        const int code = is_extreme ? (random() % 2 == 0 ? -128 : 127) : static_cast<int>(random() % 256) - 128;
        codes[row * stride + i] = static_cast<std::int8_t>(code);
        sums[row] += code;
      }
    }
  }
  Int8Rows view() const { return {codes.data(), sums.data(), stride}; }

  std::size_t stride;
  LargeArray<std::int8_t> codes;
  LargeArray<std::int32_t> sums;
};

std::vector<std::int16_t> some_numbers(std::size_t dimensions, std::mt19937& random, bool is_extreme) {
  const std::int32_t most = largest_query_number(int8_stride(dimensions));
  std::vector<std::int16_t> numbers(dimensions);
  for (auto& number : numbers) {
    const auto any = static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(2 * most + 1)) - most;
    number = static_cast<std::int16_t>(is_extreme ? (random() % 2 == 0 ? -most : most) : any);
  }
  return numbers;
}

TEST(Int8Kernels, EveryPathOfThisMachineIsExactAtEveryLengthAndInEveryOrderOfRows) {
  std::mt19937 random(1);
  for (const std::size_t dimensions : {1u, 2u, 31u, 32u, 63u, 64u, 65u, 100u, 384u, 768u, 1024u, 1025u}) {
    for (const bool is_extreme : {false, true}) {
      const Rows rows(41, dimensions, random, is_extreme);
      const auto numbers = some_numbers(dimensions, random, is_extreme);
      const Int8QueryNumbers query(numbers);
      for (const std::size_t count : {1u, 2u, 3u, 4u, 5u, 40u, 41u}) {
        std::vector<std::uint32_t> wanted(count);
        for (auto& row : wanted) row = static_cast<std::uint32_t>(random() % 41);
        for (const Int8Path& path : int8_paths()) {
          std::vector<std::int32_t> dots(count);
          path.dot(query, rows.view(), wanted.data(), count, dots.data());
          for (std::size_t i = 0; i < count; ++i) {
            std::int64_t exact = 0;
            for (std::size_t d = 0; d < dimensions; ++d) {
              exact += std::int64_t{numbers[d]} * rows.codes[wanted[i] * rows.stride + d];
            }
            ASSERT_EQ(dots[i], exact) << path.name << ", " << dimensions << " dimensions, row " << i << " of " << count;
          }
        }
      }
    }
  }
}

TEST(Int8Kernels, NoInnerProductLeaves32Bits) {
  for (const std::size_t dimensions : {64u, 384u, 512u, 576u, 4096u, 1u << 20}) {
    const std::int64_t most = largest_query_number(int8_stride(dimensions));
    EXPECT_GE(most, 1);
    EXPECT_LE(most * 128 * static_cast<std::int64_t>(int8_stride(dimensions)),
              std::numeric_limits<std::int32_t>::max());
  }
}

TEST(Int8Kernels, EveryPathSelectsTheSamePlaces) {
  std::mt19937 random(2);
  std::normal_distribution<float> value;
  for (const std::size_t count : {1u, 7u, 8u, 9u, 100u, 256u}) {
    std::vector<std::int32_t> dots(count);
    std::vector<float> scales(count);
    std::vector<float> slacks(count);
    for (std::size_t i = 0; i < count; ++i) {
      dots[i] = static_cast<std::int32_t>(random());
      scales[i] = std::fabs(value(random));
      slacks[i] = i % 13 == 5 ? std::numeric_limits<float>::quiet_NaN() : std::fabs(value(random));
    }
    const RowValue linear{.slope = 1e-9F, .offset = 0.1F, .weight = 0.7F};
    for (const float limit :
         {-std::numeric_limits<float>::infinity(), -0.5F, 0.0F, 0.9F, linear.of(dots[0], scales[0], slacks[0])}) {
      std::vector<std::uint32_t> expected;
      for (std::uint32_t i = 0; i < count; ++i) {
        if (!(linear.of(dots[i], scales[i], slacks[i]) < limit)) expected.push_back(i);
      }
      for (const Int8Path& path : int8_paths()) {
        std::vector<std::uint32_t> places(count);
        places.resize(path.select(dots.data(), scales.data(), slacks.data(), count, linear, limit, places.data()));
        EXPECT_EQ(places, expected) << path.name << ", " << count << " rows, limit " << limit;
      }
    }
  }
}

TEST(SignKernels, EveryPathOfThisMachineIsExactAtEveryLength) {
  std::mt19937 random(3);
  for (const bool is_extreme : {false, true}) {
    for (std::size_t dimensions = 64; dimensions <= kMostSignDimensions; dimensions *= 2) {
      std::vector<std::uint8_t> numbers(dimensions);
      for (auto& number : numbers) number = static_cast<std::uint8_t>(is_extreme ? 15 : random() % 16);
      std::vector<std::uint8_t> block(dimensions / 8 * kSignRows);
      for (auto& byte : block) byte = static_cast<std::uint8_t>(is_extreme ? 255 : random() % 256);
      const SignTables tables(numbers);
      for (const SignPath& path : sign_paths()) {
        std::int32_t dots[kSignRows];
        path.dot(tables, block.data(), dots);
        for (std::size_t row = 0; row < kSignRows; ++row) {
          std::int32_t exact = 0;
          for (std::size_t i = 0; i < dimensions; ++i) {
            exact += (block[i / 8 * kSignRows + row] >> (i % 8) & 1) != 0 ? numbers[i] : 0;
          }
          ASSERT_EQ(dots[row], exact) << path.name << ", " << dimensions << " dimensions";
        }
      }
    }
  }
}

TEST(Int8Kernels, ThePortablePathIsAlwaysThereAndLast) {
  EXPECT_EQ(int8_paths().back().name, "portable");
  EXPECT_EQ(sign_paths().back().name, "portable");
}

}  // namespace
}  // namespace jackdaw::index
