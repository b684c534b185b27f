#include "index/large_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace jackdaw::index {
namespace {

constexpr std::align_val_t kAlignment{64};
// Below, the heap is as good.
constexpr std::size_t kLargeBytes = std::size_t{1} << 20;

}  // namespace

void* allocate_large(std::size_t bytes) {
  if (bytes < kLargeBytes) return ::operator new(bytes, kAlignment);
  void* const begin = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin == MAP_FAILED) throw std::bad_alloc();
  prefer_large_pages(begin, bytes);
  return begin;
}

void free_large(void* begin, std::size_t bytes) noexcept {
  if (bytes < kLargeBytes) {
    ::operator delete(begin, kAlignment);
  } else {
    ::munmap(begin, bytes);
  }
}

void prefer_large_pages(void* begin, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  // The pages that lie wholly inside: the neighbours belong to others.
  const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (at + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t end = (at + bytes) / kLargePage * kLargePage;
  if (first < end) ::madvise(static_cast<std::byte*>(begin) + (first - at), end - first, MADV_HUGEPAGE);
}

}  // namespace jackdaw::index
