#include "inference/whole_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace jackdaw::inference {
namespace {

// An open file that this alone may write; the lock ends with it, also when the process is killed.
class LockedFile {
 public:
  // Nothing when it cannot be opened.
  static std::optional<LockedFile> open(const std::filesystem::path& path) {
    for (;;) {
      LockedFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
      if (file.descriptor_ < 0 || !file.lock()) return std::nullopt;
      // Who held it before may have renamed or removed it: then this is another file by now.
      if (file.is_at(path)) return file;
    }
  }
  LockedFile(LockedFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LockedFile& operator=(LockedFile&&) = delete;
  ~LockedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool write(std::span<const std::byte> bytes) const {
    if (::ftruncate(descriptor_, 0) != 0) return false;
    while (!bytes.empty()) {
      const ssize_t some = ::write(descriptor_, bytes.data(), bytes.size());
      if (some < 0 && errno == EINTR) continue;
      if (some <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(some));
    }
    return true;
  }

 private:
  explicit LockedFile(int descriptor) : descriptor_(descriptor) {}

  bool lock() const {
    while (::flock(descriptor_, LOCK_EX) != 0) {
      if (errno != EINTR) return false;
    }
    return true;
  }
  bool is_at(const std::filesystem::path& path) const {
    struct stat own{}, there{};
    return ::fstat(descriptor_, &own) == 0 && ::lstat(path.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
           own.st_ino == there.st_ino;
  }

  int descriptor_;
};

}  // namespace

bool write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  std::filesystem::path part = path;
  part += ".part";
  const auto file = LockedFile::open(part);
  if (!file) return false;
  if (file->write(bytes)) {
    failed.clear();
    std::filesystem::rename(part, path, failed);
    if (!failed) return true;
  }
  std::filesystem::remove(part, failed);
  return false;
}

}  // namespace jackdaw::inference
