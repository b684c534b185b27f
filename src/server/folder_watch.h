#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/cancellation.h"
#include "core/clock.h"
#include "server/file_walk.h"
#include "store/durable_file.h"

namespace jackdaw::server {

// Hears of files that come and change where a selection looks (inotify), from its construction on. A file counts once
// its size and time have stayed the same for a while: a burst of writes is one change. Files that a link leads to are
// not watched where they stand. Used by one thread. Throws Error kUnavailable, naming the limit, when the system
// watches no more folders.
class FolderWatch {
 public:
  explicit FolderWatch(const FileSelection& selection, std::chrono::milliseconds settling = std::chrono::seconds(1));

  struct Changes {
    std::vector<std::filesystem::path> files;  // new or changed, and settled
    std::vector<std::filesystem::path> gone;   // files and folders that were deleted or moved away
    bool lost = false;                         // there were too many to hear of all: look at everything again
  };
  // What is known by `now`, each once. Does not block.
  Changes changes(TimePoint now);

  // Until something happens, for at most `patience`.
  void wait(std::chrono::milliseconds patience, const Cancellation& cancellation) const;

  std::size_t folders() const noexcept { return folders_.size(); }

 private:
  struct Unsettled {
    std::uintmax_t bytes = 0;
    std::filesystem::file_time_type time{};
    TimePoint since{};
  };
  struct Folder {
    std::filesystem::path path;
    bool with_folders_below = false;
  };

  void watch_all();
  // Also takes the files that are there already for changed, where `with_files` says so.
  void watch_below(const std::filesystem::path& folder, bool with_files, TimePoint now);
  bool watch(const std::filesystem::path& folder, bool with_folders_below);
  void forget_below(const std::filesystem::path& folder);
  void read_events(TimePoint now, Changes& changes);
  void hear(int descriptor, std::uint32_t what, const char* name, TimePoint now, Changes& changes);
  void touch(const std::filesystem::path& path, TimePoint now);

  const FileSelection& selection_;
  const std::chrono::milliseconds settling_;
  store::FileDescriptor events_;
  std::unordered_map<int, Folder> folders_;  // by watch descriptor
  std::map<std::filesystem::path, Unsettled> unsettled_;
};

}  // namespace jackdaw::server
