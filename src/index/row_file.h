#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace jackdaw::index {

// The file of a saved index, of which the rows of floats are read one at a time when a search or a merge needs them. It
// stays readable when another file takes its name. Thread-safe.
class RowFile {
 public:
  // Takes the descriptor over, open for reading. `path` names the file in messages.
  RowFile(int descriptor, std::filesystem::path path) noexcept;
  ~RowFile();
  RowFile(const RowFile&) = delete;
  RowFile& operator=(const RowFile&) = delete;

  // Throws Error kInternal when the file cannot be read there, or when its floats do not have that checksum
  // (checksum.h). Then the file is damaged, and is removed, so that the next start builds the index anew.
  void read(std::uint64_t at, std::uint64_t checksum, std::span<float> row) const;

 private:
  [[noreturn]] void discard(const std::string& why) const;

  const int descriptor_;
  const std::filesystem::path path_;
};

}  // namespace jackdaw::index
