#pragma once

#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <vector>

#include "store/sqlite.h"

namespace jackdaw::store {

// Read-only connections that threads borrow. Any thread.
class ReaderPool {
 public:
  // The file must exist, with a writer that has it open.
  ReaderPool(const std::filesystem::path& file, std::size_t readers);
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // One connection, given back with the lease. Waits for one to be free. A thread that holds one must not ask for
  // another, nor hold it while it runs code that is not the store's.
  class Lease {
   public:
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Database& operator*() const noexcept { return *database_; }
    Database* operator->() const noexcept { return database_; }

   private:
    friend class ReaderPool;
    Lease(ReaderPool& pool, Database* database) noexcept : pool_(pool), database_(database) {}
    ReaderPool& pool_;
    Database* database_;
  };
  Lease lease();

  // While it lives nobody reads: waits for the running reads and holds back new ones. One at a time.
  class Pause {
   public:
    explicit Pause(ReaderPool& pool);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    ReaderPool& pool_;
  };

 private:
  std::vector<Database> readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Database*> free_;  // of readers_; guarded by mutex_, like the next
  bool paused_ = false;
};

}  // namespace jackdaw::store
