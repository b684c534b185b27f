#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "inference/kernels.h"

namespace jackdaw::inference {

// Rounds the weights of one output to 8 bits with one scale (symmetric), so that no group that the AVX2 kernel adds up
// in 16 bits exceeds kMaxGroupSum (kernels.h). Gives the scale: weight ~ scale * number. Of the scales from the finest
// (the largest weight becomes 127) to the one that needs no cutting, the one with the least squared error is taken;
// where a group's sum is too large on a finer scale, the numbers whose rounding loses least move towards zero.
// `weights` are finite, their number is a multiple of kDepthStep. Pure.
float quantize_output(std::span<const float> weights, std::span<std::int8_t> numbers, Additions additions);

// One row of a table, the largest becomes 127; gives the scale.
float quantize_row(std::span<const float> values, std::span<std::int8_t> numbers);

// The largest sum of positive, or of negated negative, numbers in any group.
int largest_group_sum(std::span<const std::int8_t> numbers, Additions additions);

}  // namespace jackdaw::inference
