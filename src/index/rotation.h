#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace jackdaw::index {

// A fixed rotation of a space that spreads every vector over all of its coordinates: three times, the signs of some
// coordinates are turned, then the Walsh-Hadamard transform goes over as many leading and then as many trailing
// coordinates as the largest power of two allows. Which signs follows from the number of dimensions alone. Immutable.
class Rotation {
 public:
  explicit Rotation(std::size_t dimensions);

  std::size_t dimensions() const noexcept { return signs_.size() / kRounds; }
  // In place; `vector` has that many dimensions. Lengths and inner products stay, but for rounding.
  void turn(std::span<float> vector) const noexcept;

 private:
  static constexpr std::size_t kRounds = 3;

  std::vector<float> signs_;  // 1 or -1, round after round
  std::size_t transformed_;   // the largest power of two not above the dimensions
};

}  // namespace jackdaw::index
