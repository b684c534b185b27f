#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace jackdaw::inference {

// A file as read-only memory: only the pages that are touched take room, and the system may drop them. Immutable, safe
// from any thread. The file must not be shortened while it is mapped; it may be replaced by a rename.
class MappedFile {
 public:
  // Throws Error kUnavailable when the file cannot be opened or is longer than `max_bytes`.
  MappedFile(const std::filesystem::path& path, std::size_t max_bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  const std::filesystem::path& path() const noexcept { return path_; }

  // Gives the resident pages back; the next touch reads them again.
  void release_pages() const noexcept;

 private:
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

}  // namespace jackdaw::inference
