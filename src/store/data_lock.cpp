#include "store/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>
#include <thread>

#include "core/error.h"

namespace jackdaw::store {
namespace {

// owner_of() in another process takes the lock for a moment; only who still holds it after these tries is an owner.
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kBetweenTries{20};

std::filesystem::path lock_path(const std::filesystem::path& data_dir) {
  return data_dir / "lock";
}

bool try_lock(const FileDescriptor& file, int kind, const std::filesystem::path& path) {
  while (::flock(file.get(), kind | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return false;
    throw_errno("lock", path);
  }
  return true;
}

bool lock_with_patience(const FileDescriptor& file, const std::filesystem::path& path) {
  for (int tries = 1; !try_lock(file, LOCK_EX, path); ++tries) {
    if (tries == kTries) return false;
    std::this_thread::sleep_for(kBetweenTries);
  }
  return true;
}

Owner read_owner(const FileDescriptor& file, const std::filesystem::path& path) {
  std::array<char, 2048> buffer{};
  const ssize_t size = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) throw_errno("read", path);
  std::string_view content(buffer.data(), static_cast<std::size_t>(size));
  Owner owner;
  const std::size_t end_of_pid = content.find('\n');
  if (end_of_pid == std::string_view::npos) return owner;
  const auto parsed = std::from_chars(content.data(), content.data() + end_of_pid, owner.pid);
  if (parsed.ec != std::errc{} || parsed.ptr != content.data() + end_of_pid) return Owner{};
  content.remove_prefix(end_of_pid + 1);
  if (const std::size_t end_of_url = content.find('\n'); end_of_url != std::string_view::npos) {
    owner.url = content.substr(0, end_of_url);
  }
  return owner;
}

[[noreturn]] void refuse(const std::filesystem::path& data_dir, const Owner& owner) {
  const std::string process = owner.pid > 0 ? "process " + std::to_string(owner.pid) : "another process";
  const std::string serving = owner.url.empty() ? "" : ", which serves it at " + owner.url;
  throw Error(ErrorCode::kConflict, "The data folder '" + data_dir.string() + "' is in use by " + process + serving +
                                        ". Use that server, stop it, or choose another folder with --data.");
}

void make_data_folder(const std::filesystem::path& data_dir) {
  std::error_code code;
  if (data_dir.has_parent_path()) std::filesystem::create_directories(data_dir.parent_path(), code);
  make_folder(data_dir);
}

}  // namespace

DataLock::DataLock(const std::filesystem::path& data_dir) : path_(lock_path(data_dir)) {
  make_data_folder(data_dir);
  file_ = open_file(path_, O_RDWR | O_CREAT);
  if (!lock_with_patience(file_, path_)) refuse(data_dir, read_owner(file_, path_));
  write_owner("");
}

void DataLock::set_url(const std::string& url) {
  write_owner(url);
}

void DataLock::write_owner(const std::string& url) {
  std::string content = std::to_string(::getpid()) + '\n';
  if (!url.empty()) content += url + '\n';
  // One write, then the cut: a reader sees whole lines at any moment.
  const ssize_t written = ::pwrite(file_.get(), content.data(), content.size(), 0);
  if (written != static_cast<ssize_t>(content.size())) throw_errno("write", path_);
  if (::ftruncate(file_.get(), written) != 0) throw_errno("write", path_);
}

std::optional<Owner> DataLock::owner_of(const std::filesystem::path& data_dir) {
  const std::filesystem::path path = lock_path(data_dir);
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_errno("open", path);
  }
  if (try_lock(file, LOCK_SH, path)) return std::nullopt;
  return read_owner(file, path);
}

}  // namespace jackdaw::store
