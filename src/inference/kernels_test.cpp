#include "inference/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "tests/support/reference_encoder.h"

namespace jackdaw::inference {

#if defined(__x86_64__)
const Kernels& emulated_avx512_vnni_kernels();
const Kernels& emulated_avx_vnni_kernels();
#endif

namespace {

constexpr std::size_t kMostRows = 13;  // one more than a tile of any set

// What a mapped file promises: parts begin at multiples of 64 bytes.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{64})); }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete(memory, std::align_val_t{64}); }
  friend bool operator==(AlignedAllocator, AlignedAllocator) { return true; }
};
template <class T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

struct NamedSet {
  std::string name;
  const Kernels* kernels;
};

// For the names that ctest lists.
void PrintTo(const NamedSet& set, std::ostream* out) {
  *out << set.name;
}

std::vector<NamedSet> all_sets() {
  std::vector<NamedSet> sets;
  for (const Kernels& set : kernel_sets()) sets.push_back({std::string(set.name), &set});
#if defined(__x86_64__)
  sets.push_back({"emulated avx512-vnni", &emulated_avx512_vnni_kernels()});
  sets.push_back({"emulated avx-vnni", &emulated_avx_vnni_kernels()});
#endif
  return sets;
}

class EverySet : public ::testing::TestWithParam<NamedSet> {
 protected:
  const Kernels& kernels() const { return *GetParam().kernels; }
};

std::string test_name(const ::testing::TestParamInfo<NamedSet>& set) {
  std::string name = set.param.name;
  std::ranges::replace_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, EverySet, ::testing::ValuesIn(all_sets()), test_name);

std::vector<float> random_floats(std::size_t count, std::mt19937& random, float deviation = 1) {
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

// A matrix of 8-bit numbers [outputs][inputs] and its form for the kernels; scales 1 and bias 0 at first.
struct Numbers {
  Numbers(std::size_t outputs_count, std::size_t inputs_count, Additions how)
      : outputs(outputs_count),
        inputs(inputs_count),
        additions(how),
        values(outputs * inputs),
        scales(outputs, 1),
        bias(outputs, 0) {}

  QuantizedMatrix packed() {
    panels.resize(values.size());
    offsets.assign(outputs, 0);
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) {
        const std::int8_t value = values[o * inputs + i];
        panels[((o / 16 * (inputs / 4) + i / 4) * 16 + o % 16) * 4 + i % 4] = value;
        offsets[o] += 128 * value;
      }
    }
    return {.panels = panels.data(),
            .scales = scales.data(),
            .bias = bias.data(),
            .offsets = offsets.data(),
            .inputs = inputs,
            .outputs = outputs,
            .additions = additions};
  }

  // The group that an input's number is added up in.
  std::size_t group_of(std::size_t input) const {
    return input / (4 * static_cast<std::size_t>(additions)) * 2 + input % 4 / 2;
  }

  std::size_t outputs, inputs;
  Additions additions;
  std::vector<std::int8_t> values;
  Aligned<float> scales, bias;
  Aligned<std::int8_t> panels;
  Aligned<std::int32_t> offsets;
};

// Shrinks numbers until no group's sum is above kMaxGroupSum.
void fit_groups(Numbers& numbers) {
  for (std::size_t o = 0; o < numbers.outputs; ++o) {
    std::int8_t* const row = numbers.values.data() + o * numbers.inputs;
    std::vector<int> positive(numbers.inputs), negative(numbers.inputs);
    for (std::size_t i = 0; i < numbers.inputs; ++i) {
      (row[i] > 0 ? positive : negative)[numbers.group_of(i)] += std::abs(row[i]);
    }
    for (std::size_t i = 0; i < numbers.inputs; ++i) {
      const int sum = (row[i] > 0 ? positive : negative)[numbers.group_of(i)];
      if (sum > kMaxGroupSum) row[i] = static_cast<std::int8_t>(row[i] * kMaxGroupSum / sum);
    }
  }
}

Numbers random_numbers(std::size_t outputs, std::size_t inputs, Additions additions, std::mt19937& random) {
  Numbers numbers(outputs, inputs, additions);
  std::uniform_int_distribution<int> any(-127, 127);
  for (std::int8_t& value : numbers.values) value = static_cast<std::int8_t>(any(random));
  fit_groups(numbers);
  return numbers;
}

// Every group has positive numbers that add up to exactly kMaxGroupSum, or negative ones, or both.
Numbers extreme_numbers(std::size_t outputs, std::size_t inputs, Additions additions) {
  Numbers numbers(outputs, inputs, additions);
  const int in_group = 2 * static_cast<int>(additions);
  const int each = kMaxGroupSum / in_group;
  for (std::size_t o = 0; o < outputs; ++o) {
    std::vector<int> met(inputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      const int place = met[numbers.group_of(i)]++;
      const int pair = place == 0 ? 127 : place == 1 ? 1 : 0;
      const int last_pair = place == in_group - 1 ? 127 : place == in_group - 2 ? 1 : 0;
      const int kinds[] = {each, -each, pair, -last_pair, pair - last_pair, 2 * each * (place % 2 == 0 ? 1 : -1)};
      numbers.values[o * inputs + i] = static_cast<std::int8_t>(kinds[o % std::size(kinds)]);
    }
  }
  return numbers;
}

std::int64_t exact_sum(const Numbers& numbers, std::size_t output, const std::uint8_t* row) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < numbers.inputs; ++i) sum += (row[i] - 128) * numbers.values[output * numbers.inputs + i];
  return sum;
}

// Scales of one and sums below 2^24: what comes out must be the integers themselves.
void expect_exact_sums(const Kernels& kernels, Numbers& numbers, const std::vector<std::uint8_t>& rows) {
  const QuantizedMatrix matrix = numbers.packed();
  const Aligned<float> row_scales(kMostRows, 1);
  std::vector<float> expected;
  for (std::size_t row = 0; row < kMostRows; ++row) {
    for (std::size_t o = 0; o < numbers.outputs; ++o) {
      expected.push_back(static_cast<float>(exact_sum(numbers, o, rows.data() + row * numbers.inputs)));
    }
  }
  for (const std::size_t count : {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}) {
    const std::size_t size = count * numbers.outputs;
    std::vector<float> out(size, 3);
    kernels.multiply_s8(matrix, {rows.data(), row_scales.data(), count}, Finish::kAdd, out.data());
    for (float& value : out) value -= 3;
    ASSERT_TRUE(std::ranges::equal(out, std::span(expected).first(size))) << count << " rows added";
    kernels.multiply_s8(matrix, {rows.data(), row_scales.data(), count}, Finish::kStore, out.data());
    ASSERT_TRUE(std::ranges::equal(out, std::span(expected).first(size))) << count << " rows stored";
  }
}

TEST_P(EverySet, AddsUpIntegersExactly) {
  std::mt19937 random(1);
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    for (const std::size_t inputs : {16, 32, 48, 112, 384, 1536}) {
      for (const std::size_t outputs : {16, 32, 48, 64, 80, 208}) {
        if (inputs * outputs > 90'000) continue;
        Numbers numbers = random_numbers(outputs, inputs, additions, random);
        std::vector<std::uint8_t> rows(kMostRows * inputs);
        for (std::uint8_t& value : rows) value = static_cast<std::uint8_t>(1 + random() % 255);
        SCOPED_TRACE(std::to_string(inputs) + " inputs, " + std::to_string(outputs) + " outputs");
        ASSERT_NO_FATAL_FAILURE(expect_exact_sums(kernels(), numbers, rows));
      }
    }
  }
}

TEST_P(EverySet, NeverSaturatesWhereSumsAreLargest) {
  for (const Additions additions : {Additions::kTwo, Additions::kFour}) {
    Numbers numbers = extreme_numbers(48, 64, additions);
    for (int kind = 0; kind < 4; ++kind) {
      // All the largest; all the least; large where the first output is positive, and the other way round.
      std::vector<std::uint8_t> rows(kMostRows * numbers.inputs);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool positive = numbers.values[4 * numbers.inputs + i % numbers.inputs] > 0;
        rows[i] = kind == 0 || (kind == 2 && positive) || (kind == 3 && !positive) ? 255 : 1;
      }
      ASSERT_NO_FATAL_FAILURE(expect_exact_sums(kernels(), numbers, rows));
    }
  }
}

TEST_P(EverySet, GivesSumsTheirScalesAndBias) {
  std::mt19937 random(2);
  Numbers numbers = random_numbers(80, 96, Additions::kFour, random);
  for (float& value : numbers.scales) value = 0.001F + 0.01F * std::abs(random_floats(1, random)[0]);
  for (float& value : numbers.bias) value = random_floats(1, random)[0];
  std::vector<std::uint8_t> rows(kMostRows * numbers.inputs);
  for (std::uint8_t& value : rows) value = static_cast<std::uint8_t>(1 + random() % 255);
  std::vector<float> row_scales = random_floats(kMostRows, random, 0.05F);
  for (float& value : row_scales) value = std::abs(value);
  const std::vector<float> before = random_floats(kMostRows * numbers.outputs, random);
  const QuantizedMatrix matrix = numbers.packed();
  for (const Finish finish : {Finish::kStore, Finish::kAdd}) {
    std::vector<float> out = before;
    kernels().multiply_s8(matrix, {rows.data(), row_scales.data(), kMostRows}, finish, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t row = i / numbers.outputs, o = i % numbers.outputs;
      const double product = static_cast<double>(exact_sum(numbers, o, rows.data() + row * numbers.inputs)) *
                             numbers.scales[o] * row_scales[row];
      const double expected = product + numbers.bias[o] + (finish == Finish::kAdd ? before[i] : 0);
      ASSERT_NEAR(out[i], expected, 5e-7 * (std::abs(product) + 2)) << "at " << i;
    }
  }
}

// [outputs][inputs] as it was drawn, and in panels.
struct Reals {
  Reals(std::size_t outputs_count, std::size_t inputs_count, std::mt19937& random)
      : outputs(outputs_count),
        inputs(inputs_count),
        values(random_floats(outputs * inputs, random)),
        panels(values.size()) {
    const auto some = random_floats(outputs, random);
    bias.assign(some.begin(), some.end());
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) {
        panels[(o / 16 * inputs + i) * 16 + o % 16] = values[o * inputs + i];
      }
    }
  }
  FloatMatrix packed() const { return {panels.data(), bias.data(), inputs, outputs}; }

  std::size_t outputs, inputs;
  std::vector<float> values;
  Aligned<float> panels, bias;
};

TEST_P(EverySet, MultipliesFloats) {
  std::mt19937 random(3);
  for (const auto& [inputs, outputs] : {std::pair{16, 16}, {32, 48}, {48, 16}, {384, 64}, {1536, 32}, {64, 208}}) {
    const Reals reals(static_cast<std::size_t>(outputs), static_cast<std::size_t>(inputs), random);
    const auto rows = random_floats(kMostRows * reals.inputs, random);
    const auto before = random_floats(kMostRows * reals.outputs, random);
    for (std::size_t count = 1; count <= kMostRows; ++count) {
      const Finish finish = count % 2 == 0 ? Finish::kStore : Finish::kAdd;
      std::vector<float> out(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(count * reals.outputs));
      kernels().multiply_f32(reals.packed(), rows.data(), count, finish, out.data());
      for (std::size_t at = 0; at < out.size(); ++at) {
        const std::size_t row = at / reals.outputs, o = at % reals.outputs;
        double expected = reals.bias[o] + (finish == Finish::kAdd ? before[at] : 0.0), size = std::abs(expected);
        for (std::size_t i = 0; i < reals.inputs; ++i) {
          const double product = static_cast<double>(rows[row * reals.inputs + i]) * reals.values[o * reals.inputs + i];
          expected += product;
          size += std::abs(product);
        }
        ASSERT_NEAR(out[at], expected, 5e-7 * size) << count << " rows, " << inputs << " x " << outputs << " at " << at;
      }
    }
  }
}

struct Rounded {
  std::vector<std::uint8_t> values;
  std::vector<float> scales;
};

Rounded round_rows(const Kernels& kernels, const std::vector<float>& rows, std::size_t width) {
  Rounded out{.values = std::vector<std::uint8_t>(rows.size()), .scales = std::vector<float>(rows.size() / width)};
  kernels.quantize(rows.data(), out.scales.size(), width, out.values.data(), out.scales.data());
  return out;
}

TEST_P(EverySet, RoundsHalfToEven) {
  std::vector<float> row{127,     0.5F,  1.5F,  2.5F,   -0.5F, -1.5F, -2.5F, 126.5F,
                         -126.5F, 0.49F, 0.51F, -0.51F, 63,    -127,  0,     -0.0F};
  const Rounded out = round_rows(kernels(), row, row.size());
  EXPECT_EQ(out.scales[0], 1);
  const std::vector<int> expected{127, 0, 2, 2, 0, -2, -2, 126, -126, 0, 1, -1, 63, -127, 0, 0};
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(out.values[i] - 128, expected[i]) << row[i];
}

TEST_P(EverySet, RoundsEachRowByItsLargest) {
  std::mt19937 random(4);
  for (const std::size_t width : {16, 32, 48, 384, 1536}) {
    std::vector<float> rows;
    for (const float deviation : {1.0F, 1e-20F, 1e20F, 0.01F, 1e-36F, 1e37F}) {
      const auto row = random_floats(width, random, deviation);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    const Rounded out = round_rows(kernels(), rows, width);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = std::span(rows).subspan(i / width * width, width);
      const float largest = std::abs(std::ranges::max(row, {}, [](float x) { return std::abs(x); }));
      ASSERT_EQ(out.scales[i / width], largest / 127);
      const int value = out.values[i] - 128;
      ASSERT_LE(std::abs(value), 127);
      ASSERT_NEAR(value, static_cast<double>(rows[i]) / out.scales[i / width], 0.5 + 1e-4);
    }
  }
}

// Such a row has no scale of its own: the reciprocal of its largest part would be infinite.
TEST_P(EverySet, RoundsZerosAndDenormalsToNothing) {
  for (const float tiny : {0.0F, -0.0F, std::numeric_limits<float>::denorm_min(), -1e-42F, 1.2e-38F}) {
    std::vector<float> row(32, tiny);
    row[3] = 0;
    const Rounded out = round_rows(kernels(), row, row.size());
    EXPECT_EQ(out.scales[0], 0) << tiny;
    EXPECT_EQ(out.values, std::vector<std::uint8_t>(32, 128)) << tiny;
  }
}

TEST_P(EverySet, SurvivesWhatIsNoNumber) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float odd : {std::nanf(""), -std::nanf(""), infinity, -infinity, std::numeric_limits<float>::max()}) {
    for (std::size_t at = 0; at < 32; at += 5) {
      std::vector<float> rows(32, 0.5F);
      rows[at] = odd;
      round_rows(kernels(), rows, 32);
      const std::vector<float> ones(32, 1);
      kernels().normalize(rows.data(), 1, 32, ones.data(), ones.data(), 1e-12F);
      kernels().activate(rows.data(), 1, 32);
      std::vector<float> qkv(3 * 96, 1), out(3 * 32);
      qkv[at * 3] = odd;
      const AttentionShape shape{.heads = 2, .head_width = 16};
      std::vector<float> scratch(attention_scratch(3, shape));
      kernels().attend(qkv.data(), 3, shape, scratch.data(), out.data());
    }
  }
}

TEST_P(EverySet, NormalizesRows) {
  std::mt19937 random(5);
  for (const std::size_t width : {16, 32, 48, 384, 1024}) {
    const auto gamma = random_floats(width, random);
    const auto beta = random_floats(width, random);
    auto rows = random_floats(5 * width, random, 3);
    for (std::size_t i = 0; i < width; ++i) rows[width + i] += 100;        // far from zero
    for (std::size_t i = 0; i < width; ++i) rows[2 * width + i] = 7.25F;   // no variance at all
    for (std::size_t i = 0; i < width; ++i) rows[3 * width + i] *= 1e-6F;  // as small as the epsilon
    for (std::size_t i = 0; i < width; ++i) rows[4 * width + i] *= 1e15F;
    const auto before = rows;
    kernels().normalize(rows.data(), 5, width, gamma.data(), beta.data(), 1e-12F);
    for (std::size_t row = 0; row < 5; ++row) {
      testing::Row expected(before.begin() + static_cast<std::ptrdiff_t>(row * width),
                            before.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
      testing::normalize(expected, {.gamma = {gamma.begin(), gamma.end()}, .beta = {beta.begin(), beta.end()}});
      for (std::size_t i = 0; i < width; ++i) {
        ASSERT_NEAR(rows[row * width + i], expected[i], row == 1 ? 1e-4 : 1e-5) << "row " << row << " of " << width;
      }
    }
  }
}

TEST_P(EverySet, ActivatesLikeTheErrorFunction) {
  std::vector<float> rows(16 * 1251);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = -10 + 0.001F * static_cast<float>(i);
  const auto before = rows;
  kernels().activate(rows.data(), 1251, 16);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double x = before[i];
    ASSERT_NEAR(rows[i], x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))), 4e-7 * std::abs(x) + 1e-9) << x;
  }
}

struct Attended {
  std::size_t tokens;
  AttentionShape shape;
};

void expect_attention(const Kernels& kernels, const Attended& of, float spread, double tolerance) {
  const std::size_t hidden = of.shape.heads * of.shape.head_width;
  std::mt19937 random(static_cast<std::uint32_t>(of.tokens));
  auto qkv = random_floats(of.tokens * 3 * hidden, random);
  for (std::size_t i = 0; i < qkv.size(); ++i) qkv[i] *= i / hidden % 3 == 2 ? 1 : spread;
  testing::Rows rows;
  for (std::size_t i = 0; i < qkv.size(); i += 3 * hidden) {
    rows.emplace_back(qkv.data() + i, qkv.data() + i + 3 * hidden);
  }
  const testing::Rows expected = testing::attend(rows, of.shape.heads);
  std::vector<float> scratch(attention_scratch(of.tokens, of.shape)), out(of.tokens * hidden);
  kernels.attend(qkv.data(), of.tokens, of.shape, scratch.data(), out.data());
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], expected[i / hidden][i % hidden], tolerance)
        << of.tokens << " tokens, " << of.shape.heads << " heads of " << of.shape.head_width << ", at " << i;
  }
}

TEST_P(EverySet, AttendsInSequencesOfEveryLength) {
  for (std::size_t tokens = 1; tokens <= 70; ++tokens) {
    const std::size_t head_widths[] = {16, 32, 48, 64};
    const Attended of{tokens, {.heads = 1 + tokens % 3, .head_width = head_widths[tokens % 4]}};
    ASSERT_NO_FATAL_FAILURE(expect_attention(kernels(), of, 1, 1e-5));
  }
  ASSERT_NO_FATAL_FAILURE(expect_attention(kernels(), {64, {.heads = 2, .head_width = 16}}, 1, 1e-5));
}

// Scores of some thousands: all but one share is zero.
TEST_P(EverySet, AttendsToOneTokenWhereItOutweighsTheOthers) {
  for (const std::size_t tokens : {2, 17, 33}) {
    ASSERT_NO_FATAL_FAILURE(expect_attention(kernels(), {tokens, {.heads = 2, .head_width = 32}}, 30, 2e-3));
  }
}

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
      const Rounded eight = round_rows(kernels(), some, inputs);
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
