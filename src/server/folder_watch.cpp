#include "server/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kInteresting = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM |
                                       IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

[[noreturn]] void refuse() {
  if (errno == ENOSPC || errno == EMFILE) {
    throw Error(
        ErrorCode::kUnavailable,
        "The system watches no more folders for this user. Raise fs.inotify.max_user_watches and "
        "fs.inotify.max_user_instances with sysctl, or leave out --watch and run the command again from time to "
        "time.");
  }
  throw Error(ErrorCode::kUnavailable, "Folders cannot be watched: " + std::system_category().message(errno) + ".");
}

bool is_at_or_below(const fs::path& folder, const fs::path& path) {
  const auto [end, _] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

}  // namespace

FolderWatch::FolderWatch(const FileSelection& selection, std::chrono::milliseconds settling)
    : selection_(selection), settling_(settling), events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!events_.is_open()) refuse();
  watch_all();
}

void FolderWatch::watch_all() {
  for (const FileSelection::Place& place : selection_.places()) {
    if (place.with_folders_below) {
      watch_below(place.folder, false, {});
    } else {
      watch(place.folder, false);
    }
  }
}

bool FolderWatch::watch(const fs::path& folder, bool with_folders_below) {
  const int descriptor = ::inotify_add_watch(events_.get(), folder.c_str(), kInteresting);
  if (descriptor < 0 && (errno == ENOSPC || errno == ENOMEM)) refuse();
  if (descriptor < 0) return false;  // gone again, or closed to us: find() says so
  Folder& watched = folders_[descriptor];
  watched.path = folder;
  watched.with_folders_below |= with_folders_below;
  return true;
}

// The watch stands before the look, so that nothing falls between the two.
void FolderWatch::watch_below(const fs::path& folder, bool with_files, TimePoint now) {
  std::vector<fs::path> open{folder};
  while (!open.empty()) {
    const fs::path here = std::move(open.back());
    open.pop_back();
    if (!selection_.enters(here) || !watch(here, true)) continue;
    std::error_code reason;
    for (fs::directory_iterator entry(here, reason); !reason && entry != fs::directory_iterator();
         entry.increment(reason)) {
      std::error_code ignored;
      if (fs::is_directory(entry->symlink_status(ignored))) {
        open.push_back(entry->path());
      } else if (with_files) {
        touch(entry->path(), now);
      }
    }
  }
}

void FolderWatch::forget_below(const fs::path& folder) {
  std::erase_if(folders_, [&](const auto& watched) {
    if (!is_at_or_below(folder, watched.second.path)) return false;
    ::inotify_rm_watch(events_.get(), watched.first);
    return true;
  });
}

void FolderWatch::touch(const fs::path& path, TimePoint now) {
  if (selection_.wants(path)) unsettled_[path].since = now;
}

void FolderWatch::hear(int descriptor, std::uint32_t what, const char* name, TimePoint now, Changes& changes) {
  if ((what & IN_Q_OVERFLOW) != 0) {
    changes.lost = true;
    return;
  }
  const auto place = folders_.find(descriptor);
  if (place == folders_.end()) return;
  const Folder folder = place->second;
  if ((what & IN_IGNORED) != 0) {
    folders_.erase(place);
  } else if ((what & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
    changes.gone.push_back(folder.path);
  } else if ((what & IN_ISDIR) == 0) {
    touch(folder.path / name, now);
  } else if ((what & (IN_MOVED_FROM | IN_DELETE)) != 0) {
    forget_below(folder.path / name);
  } else if (folder.with_folders_below && (what & (IN_CREATE | IN_MOVED_TO)) != 0) {
    watch_below(folder.path / name, true, now);
  }
}

void FolderWatch::read_events(TimePoint now, Changes& changes) {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(events_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = event.len > 0 ? buffer.data() + at + sizeof event : "";
      hear(event.wd, event.mask, name, now, changes);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

FolderWatch::Changes FolderWatch::changes(TimePoint now) {
  Changes changes;
  read_events(now, changes);
  if (changes.lost) {
    unsettled_.clear();
    watch_all();
    return changes;
  }
  for (auto file = unsettled_.begin(); file != unsettled_.end();) {
    auto& [path, seen] = *file;
    std::error_code reason;
    const std::uintmax_t bytes = fs::file_size(path, reason);
    const fs::file_time_type time = reason ? fs::file_time_type{} : fs::last_write_time(path, reason);
    if (!reason && (bytes != seen.bytes || time != seen.time)) seen = {bytes, time, now};
    if (now - seen.since < settling_) {
      ++file;
      continue;
    }
    (reason ? changes.gone : changes.files).push_back(path);
    file = unsettled_.erase(file);
  }
  return changes;
}

void FolderWatch::wait(std::chrono::milliseconds patience, const Cancellation& cancellation) const {
  std::array<pollfd, 2> watched{pollfd{events_.get(), POLLIN, 0}, pollfd{cancellation.event_fd(), POLLIN, 0}};
  ::poll(watched.data(), watched.size(), static_cast<int>(patience.count()));
}

}  // namespace jackdaw::server
