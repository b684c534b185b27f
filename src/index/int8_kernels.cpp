#include "index/int8_kernels.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace jackdaw::index {
namespace {

void dot_portable(const Int8QueryNumbers& query, const Int8Rows& rows, const std::uint32_t* wanted, std::size_t count,
                  std::int32_t* dots) {
  for (std::size_t at = 0; at < count; ++at) {
    const std::int8_t* const row = rows.codes + wanted[at] * rows.stride;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < rows.stride; ++i) sum += std::int32_t{query.numbers()[i]} * row[i];
    dots[at] = sum;
  }
}

std::size_t select_portable(const std::int32_t* dots, const float* scales, const float* slacks, std::size_t count,
                            const RowValue& value, float limit, std::uint32_t* places) {
  std::size_t selected = 0;
  for (std::size_t at = 0; at < count; ++at) {
    if (!(value.of(dots[at], scales[at], slacks[at]) < limit)) places[selected++] = static_cast<std::uint32_t>(at);
  }
  return selected;
}

#if defined(__x86_64__)
#define JACKDAW_TARGET(instructions) __attribute__((target(instructions)))
#include "index/int8_kernels_x86.h"
#undef JACKDAW_TARGET
#endif

std::vector<Int8Path> find_paths() {
  std::vector<Int8Path> paths;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni")) {
      paths.push_back({"avx512-vnni", dot_avx512_vnni, select_avx2});
    }
    if (__builtin_cpu_supports("avxvnni")) paths.push_back({"avx-vnni", dot_avx_vnni, select_avx2});
    paths.push_back({"avx2", dot_avx2, select_avx2});
  }
#endif
  paths.push_back({"portable", dot_portable, select_portable});
  return paths;
}

}  // namespace

Int8QueryNumbers::Int8QueryNumbers(std::span<const std::int16_t> numbers)
    : numbers_(int8_stride(numbers.size())), bytes_(2 * numbers_.size()) {
  std::copy(numbers.begin(), numbers.end(), numbers_.begin());
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const auto raised = static_cast<std::uint16_t>(numbers_[i] + 32768);
    bytes_[i] = static_cast<std::uint8_t>(raised >> 8);
    bytes_[numbers_.size() + i] = static_cast<std::uint8_t>(raised & 0xFF);
  }
}

std::span<const Int8Path> int8_paths() {
  static const std::vector<Int8Path> paths = find_paths();
  return paths;
}

}  // namespace jackdaw::index
