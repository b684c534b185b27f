#include "store/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/ids.h"
#include "store/backup_manifest.h"
#include "store/data_lock.h"
#include "store/durable_file.h"
#include "store/file_hash.h"
#include "store/open_collection.h"
#include "store/schema.h"
#include "store/scrubbing_vfs.h"
#include "store/sha256.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kMaxManifestBytes = 4096;

std::filesystem::path manifest_path(const std::filesystem::path& backup) {
  return backup / "manifest";
}

[[noreturn]] void refuse_damaged(const std::filesystem::path& backup, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument,
              "The backup '" + backup.string() + "' is damaged: " + why + ". Use another backup.");
}

// Removes the folder unless it is kept.
class Unfinished {
 public:
  explicit Unfinished(std::filesystem::path folder) : folder_(std::move(folder)) { make_folder(folder_); }
  ~Unfinished() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  const std::filesystem::path& path() const noexcept { return folder_; }
  void keep() noexcept { folder_.clear(); }

 private:
  std::filesystem::path folder_;
};

void write_whole(const std::filesystem::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_EXCL), std::as_bytes(std::span(text)), path);
  sync_file(path);
}

void sync_tree(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) sync_folder(entry.path());
  }
  sync_folder(folder);
}

std::string hash_of_names(const std::vector<std::string>& names) {
  Sha256 hash;
  for (const std::string& name : names) {
    const std::string line = name + '\n';
    hash.add(std::as_bytes(std::span(line)));
  }
  return hash.hex();
}

// Copies files, hashing them on the way.
class Copying {
 public:
  Copying(std::uint64_t all_bytes, const BackupOptions& options) : all_bytes_(all_bytes), options_(options) {}

  struct Copied {
    std::string sha256;
    std::uint64_t bytes = 0;
  };
  Copied copy(const std::filesystem::path& from, const std::filesystem::path& to) {
    const FileDescriptor in = open_file(from, O_RDONLY);
    const FileDescriptor out = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
    Sha256 hash;
    Copied copied;
    for (;;) {
      options_.cancellation.throw_if_requested();
      const ssize_t size = ::read(in.get(), piece_.data(), piece_.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) throw_errno("read", from);
      if (size == 0) break;
      const auto bytes = std::span(piece_).first(static_cast<std::size_t>(size));
      write_all(out, bytes, to);
      hash.add(bytes);
      copied.bytes += bytes.size();
      done_bytes_ += bytes.size();
      if (options_.on_progress) options_.on_progress(done_bytes_, all_bytes_);
    }
    sync_file(to);
    copied.sha256 = hash.hex();
    return copied;
  }

 private:
  std::vector<std::byte> piece_ = std::vector<std::byte>(kPiece);
  std::uint64_t done_bytes_ = 0;
  std::uint64_t all_bytes_;
  const BackupOptions& options_;
};

std::vector<std::string> names_of_originals(const std::filesystem::path& backup) {
  std::vector<std::string> names = Originals::all_in(backup);
  std::sort(names.begin(), names.end());
  return names;
}

// Everything but the manifest.
void copy_checked(const std::filesystem::path& from, const std::filesystem::path& to, const BackupManifest& manifest,
                  const BackupOptions& options) {
  Copying copying(manifest.database_bytes + manifest.originals_bytes, options);
  const auto database = copying.copy(database_path(from), database_path(to));
  if (database.sha256 != manifest.database_sha256 || database.bytes != manifest.database_bytes) {
    refuse_damaged(from, "its database has changed");
  }
  refuse_unknown_format(database_path(to));
  const std::vector<std::string> names = names_of_originals(from);
  if (static_cast<std::int64_t>(names.size()) != manifest.originals ||
      hash_of_names(names) != manifest.originals_sha256) {
    refuse_damaged(from, "originals are missing or were added");
  }
  const Originals target(to);
  for (const std::string& name : names) {
    const auto path = target.path_of(name);
    make_folder(path.parent_path());
    if (copying.copy(from / "originals" / name.substr(0, 2) / name, path).sha256 != name)
      refuse_damaged(from, "the original " + name + " has changed");
  }
}

bool is_vacant(const std::filesystem::path& folder, bool lock_may_be_there) {
  if (!std::filesystem::exists(folder)) return true;
  if (!std::filesystem::is_directory(folder)) return false;
  const auto is_nothing = [&](const auto& entry) { return lock_may_be_there && entry.path().filename() == "lock"; };
  const std::filesystem::directory_iterator entries(folder);
  return std::all_of(begin(entries), end(entries), is_nothing);
}

BackupManifest copy_into(const std::filesystem::path& from, const std::filesystem::path& to, bool is_data_dir,
                         const BackupOptions& options) {
  const BackupManifest manifest = read_manifest(from);
  std::filesystem::path target = std::filesystem::absolute(to).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "folder/"
  const auto refuse_if_in_use = [&] {
    if (is_vacant(target, is_data_dir) && !(is_data_dir && DataLock::owner_of(target))) return;
    throw Error(ErrorCode::kConflict, "'" + target.string() +
                                          "' is not empty, or in use. Nothing was changed. Name a "
                                          "folder that is not there yet.");
  };
  refuse_if_in_use();
  std::filesystem::create_directories(target.parent_path());
  Unfinished copy(target.parent_path() / ("." + target.filename().string() + "-" + random_id()));
  copy_checked(from, copy.path(), manifest, options);
  if (!is_data_dir) write_whole(manifest_path(copy.path()), format_manifest(manifest));
  sync_tree(copy.path());
  refuse_if_in_use();
  if (is_data_dir) delete_file(target / "lock");
  rename_file(copy.path(), target);
  copy.keep();
  sync_folder(target.parent_path());
  return manifest;
}

}  // namespace

Backup make_backup(SqliteStore& store, const BackupOptions& options) {
  const std::filesystem::path all = store.data_dir() / "backups";
  make_folder(all);
  Unfinished folder(all / random_id());
  store.reached(StoreStep::kBackupFolderMade);
  const WallTime made_at = std::chrono::system_clock::now();
  const SqliteStore::Copy copy = store.copy_to(folder.path(), [&](std::int64_t done, std::int64_t pages) {
    options.cancellation.throw_if_requested();
    if (options.on_progress) {
      options.on_progress(static_cast<std::uint64_t>(done) * kPageBytes,
                          static_cast<std::uint64_t>(pages) * kPageBytes);
    }
  });
  const std::filesystem::path database = database_path(folder.path());
  sync_file(database);
  const BackupManifest manifest{.format = migrations().back().version,
                                .made_at = made_at,
                                .documents = copy.documents,
                                .database_bytes = std::filesystem::file_size(database),
                                .database_sha256 = sha256_of_file(database, options.cancellation),
                                .originals = static_cast<std::int64_t>(copy.originals.size()),
                                .originals_bytes = copy.originals_bytes,
                                .originals_sha256 = hash_of_names(copy.originals)};
  sync_tree(folder.path());
  sync_folder(all);
  store.reached(StoreStep::kBackupSynced);
  const std::filesystem::path unnamed = folder.path() / "manifest.new";
  write_whole(unnamed, format_manifest(manifest));
  rename_file(unnamed, manifest_path(folder.path()));
  sync_folder(folder.path());
  store.reached(StoreStep::kBackupWritten);
  Backup backup{.folder = folder.path(), .manifest = manifest};
  folder.keep();
  return backup;
}

void discard(const Backup& backup) {
  delete_file(manifest_path(backup.folder));  // first, so that what is left is no backup
  std::filesystem::remove_all(backup.folder);
}

BackupManifest read_manifest(const std::filesystem::path& backup) {
  const std::filesystem::path path = manifest_path(backup);
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    throw Error(ErrorCode::kInvalidArgument, "'" + backup.string() +
                                                 "' is no backup, or one that was not finished: it has no file "
                                                 "'manifest' that can be read. Name the folder of a backup.");
  }
  std::string text(kMaxManifestBytes + 1, '\0');
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  if (size < 0) throw_errno("read", path);
  text.resize(static_cast<std::size_t>(size));
  if (text.size() > kMaxManifestBytes) refuse_damaged(backup, "its manifest is too long");
  return parse_manifest(text);
}

BackupManifest copy_backup(const std::filesystem::path& from, const std::filesystem::path& to,
                           const BackupOptions& options) {
  return copy_into(from, to, false, options);
}

BackupManifest restore(const std::filesystem::path& backup, const std::filesystem::path& data_dir,
                       const BackupOptions& options) {
  return copy_into(backup, data_dir, true, options);
}

}  // namespace jackdaw::store
