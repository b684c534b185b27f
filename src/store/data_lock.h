#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "store/durable_file.h"

namespace jackdaw::store {

// Who owns a data folder.
struct Owner {
  pid_t pid = 0;    // 0 while the owner has not said it yet
  std::string url;  // where the owner serves; empty when it does not
};

// One process owns a data folder: it holds flock(2) on `lock` inside it for as long as this object lives. What the file
// says (two lines: process id, URL) only tells others whom to ask; without the flock it means nothing, so a process
// that died leaves nothing behind to clean up.
class DataLock {
 public:
  // Makes the folder (for its owner alone) where there is none. Throws Error kConflict naming the process that holds
  // it.
  explicit DataLock(const std::filesystem::path& data_dir);

  // Tells others where this process serves. One line of text.
  void set_url(const std::string& url);

  // Who holds the folder, without taking it; nothing when nobody does. Safe at any time, from any process.
  static std::optional<Owner> owner_of(const std::filesystem::path& data_dir);

 private:
  void write_owner(const std::string& url);

  std::filesystem::path path_;
  FileDescriptor file_;
};

}  // namespace jackdaw::store
