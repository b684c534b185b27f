#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace jackdaw::inference {

// The mean of `states` (rows of `width` floats, at least one), scaled to Euclidean length 1. A mean of zero gives the
// first axis, so that the result always has length 1.
std::vector<float> mean_unit(std::span<const float> states, std::size_t width);

}  // namespace jackdaw::inference
