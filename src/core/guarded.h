#pragma once

#include <mutex>
#include <utility>

namespace jackdaw {

// A value and the mutex that protects it, in one: the value can be reached only while the lock is held.
//
//   Guarded<std::map<std::string, int>> counts;
//   auto locked = counts.lock();
//   ++(*locked)["a"];
//
// A lock used as a temporary (`counts.lock()->clear()`) does not compile, since it would unlock at an unexpected place.
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  class Lock {
   public:
    T& operator*() & noexcept { return *value_; }
    T* operator->() & noexcept { return value_; }
    T& operator*() && = delete;
    T* operator->() && = delete;

    // For std::condition_variable.
    std::unique_lock<std::mutex>& mutex_lock() & noexcept { return lock_; }

   private:
    friend class Guarded;
    Lock(std::mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  Lock lock() { return Lock(mutex_, value_); }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace jackdaw
