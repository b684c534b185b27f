#include "store/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace jackdaw::store {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  close();
}

void FileDescriptor::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void throw_errno(const std::string& action, const std::filesystem::path& path) {
  const int code = errno;
  const std::string what = "Could not " + action + " '" + path.string() + "': " + std::generic_category().message(code);
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    throw Error(ErrorCode::kStorageFull, what + ". Free some space, then try again.");
  }
  if (code == EROFS || code == EACCES || code == EPERM) {
    throw Error(ErrorCode::kUnavailable, what + ". Make the folder writable for the user of this program.");
  }
  throw Error(ErrorCode::kInternal, what + ".");
}

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file.is_open()) throw_errno("open", path);
  return file;
}

void write_all(const FileDescriptor& file, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void sync_file(const std::filesystem::path& path) {
  const FileDescriptor file = open_file(path, O_RDONLY);
  if (::fsync(file.get()) != 0) throw_errno("write to the disk", path);
}

void sync_folder(const std::filesystem::path& path) {
  const FileDescriptor folder = open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(folder.get()) != 0) throw_errno("write to the disk", path);
}

void make_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    const std::filesystem::path above = path.parent_path();
    sync_folder(above.empty() ? "." : above);
  } else if (errno != EEXIST) {
    throw_errno("make the folder", path);
  }
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("move '" + from.string() + "' to", to);
}

bool delete_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT) throw_errno("delete", path);
  return false;
}

}  // namespace jackdaw::store
