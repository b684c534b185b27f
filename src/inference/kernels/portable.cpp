#include <cstddef>
#include <cstdint>

#include "inference/kernels/sets.h"

#define JACKDAW_LANES 4
#define JACKDAW_FLOAT_ROWS 2

namespace jackdaw::inference {
namespace {

#include "inference/kernels/body.h"

JACKDAW_INLINE Floats larger(Floats a, Floats b) {
  return a > b ? a : b;
}
JACKDAW_INLINE Floats smaller(Floats a, Floats b) {
  return a < b ? a : b;
}
JACKDAW_INLINE void store_bytes(std::uint8_t* to, Ints values) {
  for (std::size_t i = 0; i < kLanes; ++i) to[i] = static_cast<std::uint8_t>(values[i]);
}

// One row and one panel, in plain C++.
struct Tile {
  static constexpr std::size_t kRows = 1;
  static constexpr std::size_t kPanels = 1;

  template <std::size_t kTileRows, Finish kFinish>
  static void run(const QuantizedMatrix& matrix, const QuantizedRows& rows, std::size_t row, std::size_t panel,
                  std::size_t /*panels*/, float* out) {
    const std::size_t depth = matrix.inputs;
    const std::uint8_t* const x = rows.values + row * depth;
    const std::int8_t* weights = matrix.panels + panel * kPanelColumns * depth;
    std::int32_t sums[kPanelColumns] = {};
    for (std::size_t k = 0; k < depth; k += 4) {
      for (std::size_t column = 0; column < kPanelColumns; ++column, weights += 4) {
        sums[column] += x[k] * weights[0] + x[k + 1] * weights[1] + x[k + 2] * weights[2] + x[k + 3] * weights[3];
      }
    }
    const std::size_t column = panel * kPanelColumns;
    for (std::size_t v = 0; v < kPanelColumns; v += kLanes) {
      Ints some;
      __builtin_memcpy(&some, sums + v, sizeof(some));
      finish_sums<kFinish>(matrix, column + v, rows.scales[row], some, out + row * matrix.outputs + column + v);
    }
  }
};

}  // namespace

const Kernels& portable_kernels() {
  static constexpr Kernels kSet{"portable", quantize, multiply_s8_with<Tile>, multiply_f32, activate,
                                normalize,  attend};
  return kSet;
}

}  // namespace jackdaw::inference
