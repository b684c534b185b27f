#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "inference/kernels.h"

// What the tests of the kernels share: matrices in the form that kernels read, and a suite over every set.
namespace jackdaw::inference {

inline constexpr std::size_t kMostRows = kMostTileRows + 1;

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
inline void PrintTo(const NamedSet& set, std::ostream* out) {
  *out << set.name;
}

// Runs over the sets of this machine and those that are emulated (kernels_test.cpp).
class EverySet : public ::testing::TestWithParam<NamedSet> {
 protected:
  const Kernels& kernels() const { return *GetParam().kernels; }
};

inline std::vector<float> random_floats(std::size_t count, std::mt19937& random, float deviation = 1) {
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
inline void fit_groups(Numbers& numbers) {
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

inline Numbers random_numbers(std::size_t outputs, std::size_t inputs, Additions additions, std::mt19937& random) {
  Numbers numbers(outputs, inputs, additions);
  std::uniform_int_distribution<int> any(-127, 127);
  for (std::int8_t& value : numbers.values) value = static_cast<std::int8_t>(any(random));
  fit_groups(numbers);
  return numbers;
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

struct RoundedRows {
  std::vector<std::uint8_t> values;
  std::vector<float> scales;
};

inline RoundedRows round_rows(const Kernels& kernels, const std::vector<float>& rows, std::size_t width) {
  RoundedRows out{.values = std::vector<std::uint8_t>(rows.size()), .scales = std::vector<float>(rows.size() / width)};
  kernels.quantize(rows.data(), out.scales.size(), width, out.values.data(), out.scales.data());
  return out;
}

}  // namespace jackdaw::inference
