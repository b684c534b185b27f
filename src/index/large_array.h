#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "index/large_memory.h"

namespace jackdaw::index {

// `size` numbers without a value yet, from a cache line's beginning, backed by large pages where that matters. What is
// not written costs no memory.
template <class Number>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<Number>);

 public:
  LargeArray() = default;
  explicit LargeArray(std::size_t size)
      : size_(size), numbers_(static_cast<Number*>(allocate_large(size * sizeof(Number))), Free{size}) {}
  LargeArray(LargeArray&& other) noexcept : size_(std::exchange(other.size_, 0)), numbers_(std::move(other.numbers_)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    numbers_ = std::move(other.numbers_);
    return *this;
  }

  std::size_t size() const noexcept { return size_; }
  Number* data() noexcept { return numbers_.get(); }
  const Number* data() const noexcept { return numbers_.get(); }
  Number& operator[](std::size_t place) noexcept { return numbers_[place]; }
  const Number& operator[](std::size_t place) const noexcept { return numbers_[place]; }
  std::span<Number> all() noexcept { return {numbers_.get(), size_}; }
  std::span<const Number> all() const noexcept { return {numbers_.get(), size_}; }

 private:
  struct Free {
    std::size_t size = 0;
    void operator()(Number* numbers) const noexcept { free_large(numbers, size * sizeof(Number)); }
  };

  std::size_t size_ = 0;
  std::unique_ptr<Number[], Free> numbers_;
};

}  // namespace jackdaw::index
