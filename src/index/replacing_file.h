#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace jackdaw::index {

// A new file that takes the place of another once it is whole and on the disk: until then, and when it is destroyed
// before put_in_place(), what stood under the name stays. It is written under the name with ".part" behind it, in the
// same folder, readable by its owner alone. Used by one thread, and one at a time for a name. Throws Error kStorageFull
// when there is no room (also a quota or a file size limit), else kInternal naming the path and the system's reason.
class ReplacingFile {
 public:
  explicit ReplacingFile(std::filesystem::path path);
  ~ReplacingFile();
  ReplacingFile(const ReplacingFile&) = delete;
  ReplacingFile& operator=(const ReplacingFile&) = delete;

  // At the end.
  void append(std::span<const std::byte> bytes);
  // Over what was written there.
  void overwrite(std::uint64_t at, std::span<const std::byte> bytes);
  void put_in_place();

  // Of all that was appended.
  std::uint64_t size() const noexcept { return size_; }
  // Another descriptor of the file, for reading; the caller closes it.
  int duplicate() const;

 private:
  void write(std::uint64_t at, std::span<const std::byte> bytes);

  const std::filesystem::path path_;
  const std::filesystem::path part_;
  int descriptor_;
  std::uint64_t size_ = 0;
  bool is_in_place_ = false;
};

}  // namespace jackdaw::index
