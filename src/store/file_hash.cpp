#include "store/file_hash.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "store/durable_file.h"
#include "store/sha256.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

[[noreturn]] void refuse(const std::filesystem::path& path, int reason) {
  throw Error(ErrorCode::kNotFound, "'" + path.string() +
                                        "' cannot be read: " + std::system_category().message(reason) +
                                        ". Check the name and the permissions.");
}

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path, const Cancellation& cancellation) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) refuse(path, errno);
  Sha256 hash;
  std::vector<std::byte> piece(kPiece);
  for (;;) {
    cancellation.throw_if_requested();
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse(path, errno);
    if (size == 0) break;
    hash.add(std::span(piece).first(static_cast<std::size_t>(size)));
  }
  return hash.hex();
}

}  // namespace jackdaw::store
