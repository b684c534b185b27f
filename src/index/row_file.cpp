#include "index/row_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/checksum.h"
#include "core/error.h"

namespace jackdaw::index {

RowFile::RowFile(int descriptor, std::filesystem::path path) noexcept
    : descriptor_(descriptor), path_(std::move(path)) {}

RowFile::~RowFile() {
  ::close(descriptor_);
}

void RowFile::read(std::uint64_t at, std::uint64_t checksum, std::span<float> row) const {
  std::span<std::byte> left = std::as_writable_bytes(row);
  while (!left.empty()) {
    const ssize_t some = ::pread(descriptor_, left.data(), left.size(), static_cast<off_t>(at));
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) discard("cannot be read: " + std::generic_category().message(errno));
    if (some == 0) discard("ends too early");
    at += static_cast<std::uint64_t>(some);
    left = left.subspan(static_cast<std::size_t>(some));
  }
  Checksum found;
  found.add(std::as_bytes(row));
  if (found.value() != checksum) discard("is damaged: the checksum of a vector is wrong");
}

void RowFile::discard(const std::string& why) const {
  struct stat mine = {};
  struct stat named = {};
  // By now another file may have the name.
  if (::fstat(descriptor_, &mine) == 0 && ::stat(path_.c_str(), &named) == 0 && mine.st_dev == named.st_dev &&
      mine.st_ino == named.st_ino) {
    ::unlink(path_.c_str());
  }
  throw Error(ErrorCode::kInternal, "The index's file '" + path_.string() + "' " + why +
                                        ". It is not used again: restart the program, and the index is built anew.");
}

}  // namespace jackdaw::index
