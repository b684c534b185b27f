// The system calls with which this program, SQLite and the standard library change files, in front of those of the C
// library: each does what it always does, and tells a RecordedDisk about it when there is one. Linked into a test
// program these names win over the C library's, so that what is recorded is what the kernel was told, whoever told it.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <optional>
#include <span>

#include "tests/support/recorded_disk.h"

namespace {

using jackdaw::store::RecordedDisk;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::optional<ino_t> inode_of(const RecordedDisk& disk, int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || status.st_dev != disk.device()) return std::nullopt;
  return status.st_ino;
}

using OpenFunction = int(const char*, int, ...);

int open_recorded(OpenFunction* open_file, const char* path, int flags, mode_t mode) {
  RecordedDisk* const disk = RecordedDisk::recording();
  const bool fresh = disk != nullptr && (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  const int file = open_file(path, flags, mode);
  if (disk == nullptr || file < 0) return file;
  const auto inode = inode_of(*disk, file);
  if (fresh && inode) disk->created(path, *inode, false);
  if (!fresh && inode && (flags & O_TRUNC) != 0) disk->cut(*inode, 0);
  return file;
}

ssize_t tell_written(int file, const void* bytes, std::optional<off_t> offset, ssize_t written) {
  RecordedDisk* const disk = RecordedDisk::recording();
  if (disk == nullptr || written <= 0) return written;
  const auto inode = inode_of(*disk, file);
  if (!inode) return written;
  const off_t at = offset ? *offset : ::lseek(file, 0, SEEK_CUR) - written;
  if (at < 0) return written;  // no file that can be positioned
  disk->wrote(*inode, static_cast<std::uint64_t>(at),
              std::span(static_cast<const char*>(bytes), static_cast<std::size_t>(written)));
  return written;
}

int tell_cut(int file, off_t size, int result) {
  RecordedDisk* const disk = RecordedDisk::recording();
  if (disk == nullptr || result != 0) return result;
  if (const auto inode = inode_of(*disk, file)) disk->cut(*inode, static_cast<std::uint64_t>(size));
  return result;
}

int tell_synced(int file, int result) {
  RecordedDisk* const disk = RecordedDisk::recording();
  if (disk == nullptr || result != 0) return result;
  if (const auto inode = inode_of(*disk, file)) disk->synced(*inode);
  return result;
}

int tell_deleted(const char* path, int result) {
  RecordedDisk* const disk = RecordedDisk::recording();
  if (disk != nullptr && result == 0) disk->deleted(path);
  return result;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static auto* const next = real<OpenFunction>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_recorded(next, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  static auto* const next = real<OpenFunction>("open64");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_recorded(next, path, flags, mode);
}

ssize_t write(int file, const void* bytes, size_t size) {
  static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
  return tell_written(file, bytes, std::nullopt, next(file, bytes, size));
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  static auto* const next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return tell_written(file, bytes, offset, next(file, bytes, size, offset));
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  static auto* const next = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return tell_written(file, bytes, offset, next(file, bytes, size, offset));
}

int ftruncate(int file, off_t size) noexcept {
  static auto* const next = real<int(int, off_t)>("ftruncate");
  return tell_cut(file, size, next(file, size));
}

int ftruncate64(int file, off64_t size) noexcept {
  static auto* const next = real<int(int, off64_t)>("ftruncate64");
  return tell_cut(file, size, next(file, size));
}

int fsync(int file) {
  static auto* const next = real<int(int)>("fsync");
  return tell_synced(file, next(file));
}

int fdatasync(int file) {
  static auto* const next = real<int(int)>("fdatasync");
  return tell_synced(file, next(file));
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const next = real<int(const char*, mode_t)>("mkdir");
  const int result = next(path, mode);
  RecordedDisk* const disk = RecordedDisk::recording();
  struct stat status{};
  if (disk == nullptr || result != 0 || ::stat(path, &status) != 0) return result;
  if (status.st_dev == disk->device()) disk->created(path, status.st_ino, true);
  return result;
}

int rename(const char* from, const char* to) noexcept {
  static auto* const next = real<int(const char*, const char*)>("rename");
  const int result = next(from, to);
  RecordedDisk* const disk = RecordedDisk::recording();
  if (disk != nullptr && result == 0) disk->renamed(from, to);
  return result;
}

int link(const char* from, const char* to) noexcept {
  static auto* const next = real<int(const char*, const char*)>("link");
  const int result = next(from, to);
  RecordedDisk* const disk = RecordedDisk::recording();
  if (disk != nullptr && result == 0) disk->linked(from, to);
  return result;
}

int unlink(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("unlink");
  return tell_deleted(path, next(path));
}

int rmdir(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("rmdir");
  return tell_deleted(path, next(path));
}

int remove(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("remove");
  return tell_deleted(path, next(path));
}

}  // extern "C"
