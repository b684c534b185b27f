#include "server/eval_cache.h"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "store/durable_file.h"
#include "store/sha256.h"

namespace jackdaw::server {

static_assert(std::endian::native == std::endian::little, "the cache's numbers are written as they lie in memory");

namespace {

constexpr std::string_view kMagic = "JDKEVAL1";

std::byte of_hex(char high, char low) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  return static_cast<std::byte>(digit(high) * 16 + digit(low));
}

EvalCache::Key sha256(std::span<const std::byte> bytes) {
  store::Sha256 hash;
  hash.add(bytes);
  const std::string hex = hash.hex();
  EvalCache::Key key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = of_hex(hex[2 * i], hex[2 * i + 1]);
  return key;
}

template <class Number>
void append(std::vector<std::byte>& out, Number number) {
  const auto bytes = std::as_bytes(std::span(&number, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Takes bytes from the front; everything fails once something was missing.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::span<const std::byte> take(std::size_t count) {
    if (count > rest_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  template <class Number>
  Number number() {
    Number number{};
    if (const auto bytes = take(sizeof number); !bytes.empty()) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }

  bool good() const noexcept { return good_; }
  std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
  bool good_ = true;
};

std::vector<std::byte> read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::max<std::streamoff>(0, in.tellg())));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

bool equal(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() == text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace

EvalCache::EvalCache(const std::filesystem::path& folder, std::string_view kind, std::string model, std::size_t width)
    : model_(std::move(model)), width_(width) {
  if (folder.empty()) return;
  store::Sha256 hash;
  hash.add(std::as_bytes(std::span(model_)));
  file_ = folder / (std::string(kind) + "-" + hash.hex().substr(0, 16) + ".cache");
  std::error_code ignored;
  if (!std::filesystem::exists(file_, ignored)) return;
  if (!parse(read_whole(file_), model_, width_, rows_)) {
    rows_.clear();
    log::warning("The cache " + file_.string() + " is damaged or of another form. It is not used, and written anew.");
  }
}

EvalCache::Key EvalCache::key_of(std::span<const std::string_view> texts) {
  std::vector<std::byte> bytes;
  for (const std::string_view text : texts) {
    append(bytes, static_cast<std::uint64_t>(text.size()));
    append(bytes, std::as_bytes(std::span(text)));
  }
  return sha256(bytes);
}

std::span<const float> EvalCache::find(const Key& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? std::span<const float>() : std::span<const float>(found->second);
}

void EvalCache::put(const Key& key, std::span<const float> row) {
  if (row.size() != width_) {
    throw Error(ErrorCode::kInternal, "A row of the cache of " + model_ + " has " + std::to_string(row.size()) +
                                          " numbers instead of " + std::to_string(width_) + ".");
  }
  rows_[key].assign(row.begin(), row.end());
  changed_ = true;
}

std::vector<std::byte> EvalCache::bytes() const {
  std::vector<std::byte> out;
  append(out, std::as_bytes(std::span(kMagic)));
  append(out, static_cast<std::uint32_t>(width_));
  append(out, static_cast<std::uint32_t>(model_.size()));
  append(out, std::as_bytes(std::span(model_)));
  append(out, static_cast<std::uint64_t>(rows_.size()));
  for (const auto& [key, row] : rows_) {
    append(out, std::span<const std::byte>(key));
    append(out, std::as_bytes(std::span(row)));
  }
  append(out, std::span<const std::byte>(sha256(out)));
  return out;
}

bool EvalCache::parse(std::span<const std::byte> bytes, std::string_view model, std::size_t width,
                      std::map<Key, std::vector<float>>& rows) {
  constexpr std::size_t kSum = sizeof(Key);
  if (bytes.size() < kSum) return false;
  const auto content = bytes.first(bytes.size() - kSum);
  const Key sum = sha256(content);
  if (!std::equal(sum.begin(), sum.end(), bytes.last(kSum).begin())) return false;
  Reader reader(content);
  if (!equal(reader.take(kMagic.size()), kMagic) || reader.number<std::uint32_t>() != width) return false;
  const auto length = reader.number<std::uint32_t>();
  if (!equal(reader.take(length), model)) return false;
  const auto count = reader.number<std::uint64_t>();
  const std::size_t row_bytes = sizeof(Key) + width * sizeof(float);
  if (!reader.good() || reader.left() % row_bytes != 0 || reader.left() / row_bytes != count) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    Key key{};
    std::memcpy(key.data(), reader.take(key.size()).data(), key.size());
    std::vector<float> row(width);
    if (width > 0) std::memcpy(row.data(), reader.take(width * sizeof(float)).data(), width * sizeof(float));
    rows.insert_or_assign(key, std::move(row));
  }
  return true;
}

void EvalCache::save() {
  if (file_.empty() || !changed_) return;
  const std::filesystem::path part = file_.string() + ".part";
  {
    const store::FileDescriptor out = store::open_file(part, O_WRONLY | O_CREAT | O_TRUNC);
    store::write_all(out, bytes(), part);
  }
  store::rename_file(part, file_);
  changed_ = false;
}

std::filesystem::path default_eval_cache() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/') {
    return std::filesystem::path(xdg) / "jackdaw" / "eval";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw Error(ErrorCode::kInvalidArgument,
                "HOME is not set, so there is no default folder for the cache. Give one with --cache.");
  }
  return std::filesystem::path(home) / ".cache" / "jackdaw" / "eval";
}

}  // namespace jackdaw::server
