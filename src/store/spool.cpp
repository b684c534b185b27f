#include "store/spool.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "core/error.h"
#include "core/ids.h"
#include "store/filename.h"

namespace jackdaw::store {
namespace {

std::filesystem::path spool_folder(const std::filesystem::path& data_dir) {
  return data_dir / "spool";
}

}  // namespace

class Spool::Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail();
  }

  void add(std::span<const std::byte> bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) fail();
  }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) fail();
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text.push_back(kDigits[digest[i] >> 4]);
      text.push_back(kDigits[digest[i] & 15]);
    }
    return text;
  }

 private:
  struct Deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };

  [[noreturn]] static void fail() {
    throw Error(ErrorCode::kInternal, "The system's cryptography library could not compute a SHA-256.");
  }

  std::unique_ptr<EVP_MD_CTX, Deleter> context_;
};

Spool::Spool(const std::filesystem::path& data_dir) : hash_(std::make_unique<Sha256>()) {
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
  hash_->add(bytes);
  bytes_ += bytes.size();
}

IncomingFile Spool::finish(std::string_view filename) {
  file_.close();
  return {.path = path_, .filename = clean_filename(filename), .bytes = bytes_, .sha256 = hash_->hex()};
}

void empty_spool(const std::filesystem::path& data_dir) {
  make_folder(spool_folder(data_dir));
  for (const auto& entry : std::filesystem::directory_iterator(spool_folder(data_dir))) delete_file(entry.path());
}

}  // namespace jackdaw::store
