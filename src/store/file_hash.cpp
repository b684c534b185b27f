#include "store/file_hash.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "store/durable_file.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

[[noreturn]] void refuse(const std::filesystem::path& path, int reason) {
  throw Error(ErrorCode::kNotFound, "'" + path.string() +
                                        "' cannot be read: " + std::system_category().message(reason) +
                                        ". Check the name and the permissions.");
}

void check(int result) {
  if (result != 1) throw Error(ErrorCode::kInternal, "The cryptographic library could not compute a SHA-256.");
}

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) {
    hex.push_back(kDigits[bytes[i] >> 4]);
    hex.push_back(kDigits[bytes[i] & 15]);
  }
  return hex;
}

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path, const Cancellation& cancellation) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) refuse(path, errno);
  const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  std::vector<char> piece(kPiece);
  for (;;) {
    cancellation.throw_if_requested();
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse(path, errno);
    if (size == 0) break;
    check(EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(size)));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(context.get(), digest.data(), &size));
  return to_hex(digest.data(), size);
}

}  // namespace jackdaw::store
