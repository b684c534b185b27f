#include "store/reader_pool.h"

namespace jackdaw::store {

ReaderPool::ReaderPool(const std::filesystem::path& file, std::size_t readers) {
  readers_.reserve(readers);
  for (std::size_t i = 0; i < readers; ++i) {
    free_.push_back(&readers_.emplace_back(file, Database::Access::kReadOnly));
  }
}

ReaderPool::Lease ReaderPool::lease() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !paused_ && !free_.empty(); });
  Database* const reader = free_.back();
  free_.pop_back();
  return {*this, reader};
}

ReaderPool::Lease::~Lease() {
  {
    const std::lock_guard lock(pool_.mutex_);
    pool_.free_.push_back(database_);
  }
  pool_.changed_.notify_all();
}

ReaderPool::Pause::Pause(ReaderPool& pool) : pool_(pool) {
  std::unique_lock lock(pool_.mutex_);
  pool_.paused_ = true;
  pool_.changed_.wait(lock, [this] { return pool_.free_.size() == pool_.readers_.size(); });
}

ReaderPool::Pause::~Pause() {
  {
    const std::lock_guard lock(pool_.mutex_);
    pool_.paused_ = false;
  }
  pool_.changed_.notify_all();
}

}  // namespace jackdaw::store
