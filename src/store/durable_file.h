#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace jackdaw::store {

// Files whose bytes and names must survive a power cut. Every function throws Error when it fails: kStorageFull when
// there is no room (also a quota or a file size limit), kUnavailable when the system forbids it, else kInternal; all
// name the path and the system's reason.

// An open descriptor, closed with its owner. Used by one thread at a time.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const noexcept { return descriptor_; }
  bool is_open() const noexcept { return descriptor_ >= 0; }
  void close() noexcept;

 private:
  int descriptor_ = -1;
};

// Throws for the current errno: "Could not <action> '<path>': <reason>."
[[noreturn]] void throw_errno(const std::string& action, const std::filesystem::path& path);

// open(2) with O_CLOEXEC; what it makes is readable by its owner alone.
FileDescriptor open_file(const std::filesystem::path& path, int flags);

void write_all(const FileDescriptor& file, std::span<const std::byte> bytes, const std::filesystem::path& path);

// Bytes or directory entries are on the disk when these return.
void sync_file(const std::filesystem::path& path);
void sync_folder(const std::filesystem::path& path);

// Makes the folder, for its owner alone, and its entry durable. The folder above must exist. Nothing happens when it is
// there already.
void make_folder(const std::filesystem::path& path);

// rename(2). Not durable before sync_folder() of both folders.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

// False when there was no such file.
bool delete_file(const std::filesystem::path& path);

}  // namespace jackdaw::store
