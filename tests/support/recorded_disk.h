#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace jackdaw::store {

// A folder as it stands after a power loss: paths are relative to it.
struct DiskImage {
  std::vector<std::string> folders;  // those above come first
  std::map<std::string, std::string> files;

  // The folder must be there and empty.
  void write_to(const std::filesystem::path& folder) const;
};

// What becomes of all that was not synced: it is lost, it is kept, or each sector and each folder has its own luck.
enum class Luck { kNothing, kEverything, kChance };

// What a disk would hold of one folder, learned from this process's system calls (recorded_system_calls.cpp) while the
// object lives; one object at a time. It promises no more than POSIX does: bytes are on the disk after a sync of their
// file, names (and their removal) after a sync of their folder; until then each 512-byte sector of a write, and each
// change of a length, may be lost alone, and of a folder's changes any first few may have happened. A rename between
// folders is two changes. The inode follows its names, so that what was synced under one name stands under the next.
// Not recorded: SQLite's shared memory ("-shm"), which does not outlive its processes. Any thread.
class RecordedDisk {
 public:
  // All that stands in the folder now is on the disk.
  explicit RecordedDisk(const std::filesystem::path& folder);
  ~RecordedDisk();
  RecordedDisk(const RecordedDisk&) = delete;
  RecordedDisk& operator=(const RecordedDisk&) = delete;

  // Called after each change and each sync, on the thread that made it. Must not touch the folder.
  std::function<void()> on_change;
  // A disk that lies: syncs of these files and folders (relative paths; the folder itself is "") are not made.
  std::function<bool(const std::string& path)> ignores_sync;

  DiskImage after_power_loss(Luck luck, std::mt19937& random) const;

  // The object that lives, if there is one.
  static RecordedDisk* recording() noexcept;

  // What the system did. Paths outside of the folder and unknown inodes are of no interest.
  dev_t device() const noexcept { return device_; }
  void created(const char* path, ino_t inode, bool folder);
  void linked(const char* from, const char* to);
  void renamed(const char* from, const char* to);
  void deleted(const char* path);
  void wrote(ino_t inode, std::uint64_t offset, std::span<const char> bytes);
  void cut(ino_t inode, std::uint64_t size);
  void synced(ino_t inode);

 private:
  struct Node;
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;

  // Of a file: bytes that were written at `offset`, or a new length.
  struct Change {
    std::uint64_t offset = 0;
    std::string bytes;
    bool is_length = false;
  };
  struct NameChange {
    std::string name;
    NodePointer node;  // null: the name went
  };
  struct Node {
    std::string path;  // the last one
    bool is_folder = false;
    ino_t inode = 0;
    int names_of_it = 0;
    std::string bytes_on_disk;
    std::vector<Change> changes;
    Names names;
    Names names_on_disk;
    std::vector<NameChange> name_changes;
  };
  struct Place {
    NodePointer folder;  // null: not in our folder, or not recorded
    std::string name;
    std::string path;
  };

  void scan(const NodePointer& folder);
  Place place_of(const char* path) const;
  NodePointer node_of(ino_t inode) const;
  void forget_name_of(Node& node);
  void give_name(const Place& place, const NodePointer& node);
  void take_name(const Place& place);
  void changed() const;
  static void apply(const NameChange& change, Names& names);
  static std::string surviving_bytes(const Node& node, Luck luck, std::mt19937& random);
  static void add_folder(const Node& folder, const std::string& path, Luck luck, std::mt19937& random,
                         DiskImage& image);

  const std::string root_path_;  // canonical, with a slash behind it
  dev_t device_ = 0;
  mutable std::mutex mutex_;
  NodePointer root_;
  std::map<ino_t, NodePointer> by_inode_;
};

}  // namespace jackdaw::store
