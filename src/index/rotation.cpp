#include "index/rotation.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace jackdaw::index {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): the same bits on every machine.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

// Not scaled: lengths grow by the square root of the size, a power of two.
template <class Value>
void transform(Value* values, std::size_t size) {
  for (std::size_t half = 1; half < size; half *= 2) {
    for (std::size_t begin = 0; begin < size; begin += 2 * half) {
      for (std::size_t i = begin; i < begin + half; ++i) {
        const Value first = values[i];
        const Value second = values[i + half];
        values[i] = first + second;
        values[i + half] = first - second;
      }
    }
  }
}

}  // namespace

Rotation::Rotation(std::size_t dimensions)
    : dimensions_(dimensions), transformed_(std::bit_floor(dimensions)), signs_(kRounds * dimensions) {
  std::uint64_t state = dimensions;
  for (float& sign : signs_) sign = (next_random(state) & 1) != 0 ? 1.0F : -1.0F;
}

template <class Value>
void Rotation::turn_all(Value* values) const noexcept {
  const float scale = 1 / std::sqrt(static_cast<float>(transformed_));
  for (std::size_t round = 0; round < kRounds; ++round) {
    const float* const signs = signs_.data() + round * dimensions_;
    for (std::size_t i = 0; i < dimensions_; ++i) values[i] *= signs[i];
    for (const std::size_t begin : {std::size_t{0}, dimensions_ - transformed_}) {
      transform(values + begin, transformed_);
      for (std::size_t i = begin; i < begin + transformed_; ++i) values[i] *= scale;
      if (transformed_ == dimensions_) break;
    }
  }
}

void Rotation::turn(std::span<float> vector) const noexcept {
  turn_all(vector.data());
}

void Rotation::turn(std::span<EightFloats> vectors) const noexcept {
  turn_all(vectors.data());
}

}  // namespace jackdaw::index
