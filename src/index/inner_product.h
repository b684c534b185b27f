#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace jackdaw::index {

// How many rows one call of a kernel takes: enough to use each loaded piece of the query four times.
inline constexpr std::size_t kRowsPerCall = 4;

// The inner products of `query` with four rows, all of `dimensions` floats, none of which need be aligned. A row's
// result does not depend on the rows beside it.
using InnerProductKernel = void (*)(const float* query, const float* const rows[kRowsPerCall], std::size_t dimensions,
                                    float results[kRowsPerCall]);

struct InnerProductPath {
  std::string_view name;  // "avx512", "avx2", "portable"
  InnerProductKernel kernel;
};

// The kernels that this machine can run, fastest first; the last one is portable C++. Found out once. Thread-safe.
std::span<const InnerProductPath> inner_product_paths();

}  // namespace jackdaw::index
