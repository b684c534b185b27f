#include "index/large_memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace jackdaw::index {

void prefer_large_pages(void* begin, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  // The pages that lie wholly inside: the neighbours belong to others.
  const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (at + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t end = (at + bytes) / kLargePage * kLargePage;
  if (first < end) ::madvise(static_cast<std::byte*>(begin) + (first - at), end - first, MADV_HUGEPAGE);
}

}  // namespace jackdaw::index
