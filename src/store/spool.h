#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/document.h"
#include "store/durable_file.h"
#include "store/sha256.h"

namespace jackdaw::store {

// A file that is being received: its bytes go to a fresh file in the data folder's `spool/` and are hashed on the way,
// so that memory does not grow with the file. Keep it until the document is stored or refused: destroying it deletes
// the spool file, unless the store has taken it over by then. Used by one thread at a time. Throws Error: kStorageFull
// when there is no room, else kInternal.
class Spool {
 public:
  explicit Spool(const std::filesystem::path& data_dir);
  Spool(Spool&&) noexcept;
  Spool& operator=(Spool&&) noexcept;
  ~Spool();

  void append(std::span<const std::byte> bytes);
  std::uint64_t bytes() const noexcept { return bytes_; }

  // Closes the file. `filename` goes through clean_filename(). To be called once; nothing may be appended after.
  IncomingFile finish(std::string_view filename);

 private:
  void discard() noexcept;

  std::filesystem::path path_;
  FileDescriptor file_;
  Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

// What a process that died was receiving. Only for who holds the DataLock, before the first Spool.
void empty_spool(const std::filesystem::path& data_dir);

}  // namespace jackdaw::store
