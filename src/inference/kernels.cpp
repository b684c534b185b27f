#include "inference/kernels.h"

#include <vector>

#include "inference/kernels/sets.h"

namespace jackdaw::inference {
namespace {

std::vector<Kernels> find_sets() {
  std::vector<Kernels> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni")) {
    sets.push_back(avx512_vnni_kernels());
  }
  if (avx2 && __builtin_cpu_supports("avxvnni")) sets.push_back(avx_vnni_kernels());
  if (avx2) sets.push_back(avx2_kernels());
#endif
  sets.push_back(portable_kernels());
  return sets;
}

}  // namespace

std::size_t attention_scratch(std::size_t tokens, const AttentionShape& shape) noexcept {
  const std::size_t room = (tokens + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  return room * (shape.head_width + kMostTileRows);
}

std::span<const Kernels> kernel_sets() {
  static const std::vector<Kernels> sets = find_sets();
  return sets;
}

}  // namespace jackdaw::inference
