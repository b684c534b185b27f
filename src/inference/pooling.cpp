#include "inference/pooling.h"

#include <cmath>

namespace jackdaw::inference {

std::vector<float> mean_unit(std::span<const float> states, std::size_t width) {
  // The number of rows cancels out in the scaling.
  std::vector<double> sum(width, 0.0);
  for (std::size_t row = 0; row + width <= states.size(); row += width) {
    for (std::size_t i = 0; i < width; ++i) sum[i] += states[row + i];
  }
  double squares = 0;
  for (const double x : sum) squares += x * x;
  std::vector<float> out(width, 0.0F);
  if (!(squares > 0)) {
    out[0] = 1;
    return out;
  }
  const double length = std::sqrt(squares);
  for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<float>(sum[i] / length);
  return out;
}

}  // namespace jackdaw::inference
