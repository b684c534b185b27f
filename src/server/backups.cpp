#include "server/backups.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/ids.h"
#include "store/durable_file.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBackups = 4;  // each holds its own copy of the database
constexpr std::size_t kPiece = 256 * 1024;

fs::path folder_of_backups(const fs::path& data_dir) {
  return data_dir / "backups";
}

[[noreturn]] void fail(const std::string& what, const fs::path& path, const std::error_code& reason) {
  throw Error(reason == std::errc::no_space_on_device ? ErrorCode::kStorageFull : ErrorCode::kInternal,
              what + " '" + path.string() + "': " + reason.message() + ".");
}

void delete_folder(const fs::path& path) {
  std::error_code reason;
  fs::remove_all(path, reason);
  if (reason) fail("Could not delete", path, reason);
}

void copy_file(const fs::path& from, const fs::path& to, const Cancellation& cancellation) {
  const store::FileDescriptor in = store::open_file(from, O_RDONLY);
  const store::FileDescriptor out = store::open_file(to, O_WRONLY | O_CREAT | O_EXCL);
  std::vector<std::byte> piece(kPiece);
  for (;;) {
    cancellation.throw_if_requested();
    const ssize_t size = ::read(in.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) store::throw_errno("read", from);
    if (size == 0) break;
    store::write_all(out, std::span(piece).first(static_cast<std::size_t>(size)), to);
  }
  if (::fsync(out.get()) != 0) store::throw_errno("write", to);
}

// Folders before what is in them, files by name.
std::vector<fs::path> everything_below(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code reason;
  for (fs::recursive_directory_iterator entry(folder, reason); !reason && entry != fs::recursive_directory_iterator();
       entry.increment(reason)) {
    paths.push_back(entry->path().lexically_relative(folder));
  }
  if (reason) fail("Could not read", folder, reason);
  std::sort(paths.begin(), paths.end());
  return paths;
}

void copy_contents(const fs::path& from, const fs::path& to, const Cancellation& cancellation) {
  std::vector<fs::path> folders{to};
  for (const fs::path& path : everything_below(from)) {
    std::error_code ignored;
    if (fs::is_directory(from / path, ignored)) {
      store::make_folder(to / path);
      folders.push_back(to / path);
    } else {
      copy_file(from / path, to / path, cancellation);
    }
  }
  for (const fs::path& folder : folders) store::sync_folder(folder);
}

}  // namespace

fs::path new_backup_folder(const fs::path& data_dir) {
  const fs::path folder = folder_of_backups(data_dir);
  store::make_folder(folder);
  std::error_code reason;
  std::size_t waiting = 0;
  for (fs::directory_iterator entry(folder, reason); !reason && entry != fs::directory_iterator();
       entry.increment(reason)) {
    ++waiting;
  }
  if (waiting >= kMostBackups) {
    throw Error(ErrorCode::kConflict, "There are " + std::to_string(waiting) +
                                          " backups that nobody has fetched. DELETE /v1/backups/{id} drops one, a "
                                          "restart all.");
  }
  return folder / random_id();
}

void drop_backup(const fs::path& data_dir, const std::string& id) {
  const fs::path folder = folder_of_backups(data_dir) / id;
  std::error_code ignored;
  if (!is_well_formed_id(id) || !fs::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kNotFound, "There is no such backup.");
  }
  delete_folder(folder);
}

void drop_all_backups(const fs::path& data_dir) {
  delete_folder(folder_of_backups(data_dir));
}

void copy_folder(const fs::path& from, const fs::path& to, const Cancellation& cancellation) {
  std::error_code reason;
  const bool was_there = fs::exists(to, reason);
  if (was_there && (!fs::is_directory(to, reason) || !fs::is_empty(to, reason) || reason)) {
    throw Error(ErrorCode::kConflict,
                "'" + to.string() + "' is there already and not an empty folder. Choose another place.");
  }
  const fs::path target = fs::absolute(to).lexically_normal();
  const fs::path folder = target.has_filename() ? target : target.parent_path();
  fs::create_directories(folder.parent_path(), reason);
  if (reason) fail("Could not make", folder.parent_path(), reason);
  store::make_folder(folder);
  try {
    copy_contents(from, folder, cancellation);
    store::sync_folder(folder.parent_path());
  } catch (...) {
    std::error_code ignored;
    for (fs::directory_iterator entry(folder, ignored); !ignored && entry != fs::directory_iterator();
         entry.increment(ignored)) {
      std::error_code also_ignored;
      fs::remove_all(entry->path(), also_ignored);
    }
    if (!was_there) fs::remove(folder, ignored);
    throw;
  }
}

}  // namespace jackdaw::server
