#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace jackdaw::index {

// Eight floats that are computed with at once.
using EightFloats [[gnu::vector_size(32)]] = float;

// A fixed rotation of a space that spreads every vector over all of its coordinates: three times, the signs of some
// coordinates are turned, then the Walsh-Hadamard transform goes over as many leading and then as many trailing
// coordinates as the largest power of two allows. Which signs follows from the number of dimensions alone. Immutable.
class Rotation {
 public:
  explicit Rotation(std::size_t dimensions);

  // In place; `vector` has that many dimensions. Lengths and inner products stay, but for rounding.
  void turn(std::span<float> vector) const noexcept;
  // Eight vectors side by side: each element has one coordinate of all of them.
  void turn(std::span<EightFloats> vectors) const noexcept;

 private:
  static constexpr std::size_t kRounds = 3;

  template <class Value>
  void turn_all(Value* values) const noexcept;

  std::size_t dimensions_;
  std::size_t transformed_;   // the largest power of two not above the dimensions
  std::vector<float> signs_;  // 1 or -1, round after round
};

}  // namespace jackdaw::index
