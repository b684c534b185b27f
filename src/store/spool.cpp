#include "store/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "core/ids.h"
#include "store/filename.h"

namespace jackdaw::store {
namespace {

std::filesystem::path spool_folder(const std::filesystem::path& data_dir) {
  return data_dir / "spool";
}

}  // namespace

Spool::Spool(const std::filesystem::path& data_dir) {
  make_folder(spool_folder(data_dir));
  const std::filesystem::path path = spool_folder(data_dir) / random_id();
  file_ = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
  path_ = path;
}

Spool::Spool(Spool&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      file_(std::move(other.file_)),
      hash_(std::move(other.hash_)),
      bytes_(other.bytes_) {}

Spool& Spool::operator=(Spool&& other) noexcept {
  if (this != &other) {
    discard();
    path_ = std::exchange(other.path_, {});
    file_ = std::move(other.file_);
    hash_ = std::move(other.hash_);
    bytes_ = other.bytes_;
  }
  return *this;
}

Spool::~Spool() {
  discard();
}

void Spool::discard() noexcept {
  file_.close();
  // The name is random: when the store has moved the file away, nothing else can stand there.
  if (!path_.empty()) ::unlink(path_.c_str());
}

void Spool::append(std::span<const std::byte> bytes) {
  write_all(file_, bytes, path_);
  hash_.add(bytes);
  bytes_ += bytes.size();
}

IncomingFile Spool::finish(std::string_view filename) {
  file_.close();
  return {.path = path_, .filename = clean_filename(filename), .bytes = bytes_, .sha256 = hash_.hex()};
}

void empty_spool(const std::filesystem::path& data_dir) {
  make_folder(spool_folder(data_dir));
  for (const auto& entry : std::filesystem::directory_iterator(spool_folder(data_dir))) delete_file(entry.path());
}

}  // namespace jackdaw::store
