#include "index/replacing_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/search_index.h"

namespace jackdaw::index {
namespace {

[[noreturn]] void throw_errno(const std::string& action, const std::filesystem::path& path) {
  const int code = errno;
  const std::string what = "Could not " + action + " '" + path.string() + "': " + std::generic_category().message(code);
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    throw Error(ErrorCode::kStorageFull, what + ". Free some space, then try again.");
  }
  throw Error(ErrorCode::kInternal, what + ".");
}

std::filesystem::path with_suffix(std::filesystem::path path) {
  path += kUnfinishedIndexSuffix;
  return path;
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_errno("open", folder);
  const bool is_synced = ::fsync(descriptor) == 0;
  const int code = errno;
  ::close(descriptor);
  errno = code;
  if (!is_synced) throw_errno("write to the disk", folder);
}

}  // namespace

ReplacingFile::ReplacingFile(std::filesystem::path path)
    : path_(std::move(path)),
      part_(with_suffix(path_)),
      descriptor_(::open(part_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (descriptor_ < 0) throw_errno("open", part_);
}

ReplacingFile::~ReplacingFile() {
  ::close(descriptor_);
  if (!is_in_place_) ::unlink(part_.c_str());
}

void ReplacingFile::append(std::span<const std::byte> bytes) {
  write(size_, bytes);
  size_ += bytes.size();
}

void ReplacingFile::overwrite(std::uint64_t at, std::span<const std::byte> bytes) {
  write(at, bytes);
}

void ReplacingFile::write(std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", part_);
    at += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

int ReplacingFile::duplicate() const {
  const int descriptor = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) throw_errno("open", path_);
  return descriptor;
}

void ReplacingFile::put_in_place() {
  if (::fsync(descriptor_) != 0) throw_errno("write to the disk", part_);
  if (::rename(part_.c_str(), path_.c_str()) != 0) throw_errno("move '" + part_.string() + "' to", path_);
  is_in_place_ = true;
  const std::filesystem::path folder = path_.parent_path();
  sync_folder(folder.empty() ? "." : folder);
}

}  // namespace jackdaw::index
