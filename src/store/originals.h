#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/document.h"

namespace jackdaw::store {

// The files that people gave us, byte for byte: `originals/ab/<sha256>` in the data folder, where "ab" are the first
// two digits. Readable from any thread; changed under the writer's lock. Throws Error kStorageFull or kInternal.
class Originals {
 public:
  // Makes the folder where there is none.
  explicit Originals(const std::filesystem::path& data_dir);

  // Throws kInvalidArgument for anything but 64 lower-case hex digits.
  std::filesystem::path path_of(const std::string& sha256) const;

  // Moves the spool file, whose bytes must be on the disk (sync_file), to its place. Durable after make_durable().
  void move_in(const IncomingFile& file) const;
  void make_durable(const std::string& sha256) const;
  // Undoes move_in(), as far as possible: what stays behind is collected at the next start.
  void give_back(const IncomingFile& file) const noexcept;

  // Nothing happens when it is gone already. Durable when it returns.
  void remove(const std::string& sha256) const;

  // Those that `is_named` denies: what a crash left between move_in() and the transaction that names the file,
  // or between a removal's transaction and remove(). Other files are none.
  std::vector<std::string> unreferenced(const std::function<bool(const std::string& sha256)>& is_named) const;

  // The names of all originals in a data folder or a backup, without order. None where there is no such folder.
  static std::vector<std::string> all_in(const std::filesystem::path& data_dir);

 private:
  std::filesystem::path folder_;
};

}  // namespace jackdaw::store
