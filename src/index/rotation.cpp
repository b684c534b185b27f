#include "index/rotation.h"

#include <bit>
#include <cmath>

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
void transform(float* values, std::size_t size) {
  for (std::size_t half = 1; half < size; half *= 2) {
    for (std::size_t begin = 0; begin < size; begin += 2 * half) {
      for (std::size_t i = begin; i < begin + half; ++i) {
        const float sum = values[i] + values[i + half];
        values[i + half] = values[i] - values[i + half];
        values[i] = sum;
      }
    }
  }
}

}  // namespace

Rotation::Rotation(std::size_t dimensions) : signs_(kRounds * dimensions), transformed_(std::bit_floor(dimensions)) {
  std::uint64_t state = dimensions;
  for (float& sign : signs_) sign = (next_random(state) & 1) != 0 ? 1.0F : -1.0F;
}

void Rotation::turn(std::span<float> vector) const noexcept {
  const float scale = 1 / std::sqrt(static_cast<float>(transformed_));
  for (std::size_t round = 0; round < kRounds; ++round) {
    const float* const signs = signs_.data() + round * vector.size();
    for (std::size_t i = 0; i < vector.size(); ++i) vector[i] *= signs[i];
    for (const std::size_t begin : {std::size_t{0}, vector.size() - transformed_}) {
      float* const values = vector.data() + begin;
      transform(values, transformed_);
      for (std::size_t i = 0; i < transformed_; ++i) values[i] *= scale;
      if (transformed_ == vector.size()) break;
    }
  }
}

}  // namespace jackdaw::index
