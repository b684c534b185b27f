#include "inference/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/kernel_sets.h"

namespace jackdaw::inference {

#if defined(__x86_64__)
const Kernels& emulated_avx512_vnni_kernels();
const Kernels& emulated_avx_vnni_kernels();
#endif

namespace {

std::vector<NamedSet> all_sets() {
  std::vector<NamedSet> sets;
  for (const Kernels& set : kernel_sets()) sets.push_back({std::string(set.name), &set});
#if defined(__x86_64__)
  sets.push_back({"emulated avx512-vnni", &emulated_avx512_vnni_kernels()});
  sets.push_back({"emulated avx-vnni", &emulated_avx_vnni_kernels()});
#endif
  return sets;
}

std::string test_name(const ::testing::TestParamInfo<NamedSet>& set) {
  std::string name = set.param.name;
  std::ranges::replace_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, EverySet, ::testing::ValuesIn(all_sets()), test_name);

bool same_bits(const std::vector<float>& all, std::size_t row, std::size_t width, const std::vector<float>& alone) {
  return std::memcmp(all.data() + row * width, alone.data(), width * sizeof(float)) == 0;
}

// Whatever a row's place in a tile, and whatever stands beside it.
TEST_P(EverySet, GivesARowTheSameBitsInAnyCompany) {
  std::mt19937 random(6);
  for (const std::size_t inputs : {48, 384}) {
    constexpr std::size_t kOutputs = 80;
    const Reals reals(kOutputs, inputs, random);
    Numbers numbers = random_numbers(kOutputs, inputs, Additions::kFour, random);
    for (float& value : numbers.scales) value = 0.01F + std::abs(random_floats(1, random)[0]);
    for (float& value : numbers.bias) value = random_floats(1, random)[0];
    const QuantizedMatrix matrix = numbers.packed();
    const auto gamma = random_floats(inputs, random);
    const auto rows = random_floats(kMostRows * inputs, random);
    struct Results {
      std::vector<float> exact, rounded, normal, active;
    };
    const auto compute = [&](std::vector<float> some) {
      const std::size_t count = some.size() / inputs;
      Results out{.exact = std::vector<float>(count * kOutputs, 0.3F),
                  .rounded = std::vector<float>(count * kOutputs, 0.3F)};
      kernels().multiply_f32(reals.packed(), some.data(), count, Finish::kAdd, out.exact.data());
      const RoundedRows eight = round_rows(kernels(), some, inputs);
      kernels().multiply_s8(matrix, {eight.values.data(), eight.scales.data(), count}, Finish::kAdd,
                            out.rounded.data());
      out.normal = some;
      kernels().normalize(out.normal.data(), count, inputs, gamma.data(), gamma.data(), 1e-12F);
      kernels().activate(some.data(), count, inputs);
      out.active = std::move(some);
      return out;
    };
    const Results together = compute(rows);
    for (std::size_t row = 0; row < kMostRows; ++row) {
      const float* const begin = rows.data() + row * inputs;
      const Results alone = compute({begin, begin + inputs});
      EXPECT_TRUE(same_bits(together.exact, row, kOutputs, alone.exact)) << "fp32 product, row " << row;
      EXPECT_TRUE(same_bits(together.rounded, row, kOutputs, alone.rounded)) << "8-bit product, row " << row;
      EXPECT_TRUE(same_bits(together.normal, row, inputs, alone.normal)) << "norm, row " << row;
      EXPECT_TRUE(same_bits(together.active, row, inputs, alone.active)) << "activation, row " << row;
    }
  }
}

TEST(Kernels, EndWithThePortableSet) {
  EXPECT_EQ(kernel_sets().back().name, "portable");
}

}  // namespace
}  // namespace jackdaw::inference
