#include "store/byte_codec.h"

#include "core/error.h"

namespace jackdaw::store {
namespace {

std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace

void ByteWriter::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::byte>(value | 0x80));
  bytes_.push_back(static_cast<std::byte>(value));
}

void ByteWriter::signed_number(std::int64_t value) {
  number(zigzag(value));
}

void ByteWriter::bits(std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<std::byte>(value >> shift));
}

void ByteWriter::bits(std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<std::byte>(value >> shift));
}

void ByteWriter::text(std::string_view value) {
  number(value.size());
  const auto bytes = std::as_bytes(std::span(value));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

ByteReader::ByteReader(std::span<const std::byte> bytes, std::byte version, const char* damage)
    : bytes_(bytes), damage_(damage) {
  if (bytes_.empty() || bytes_[0] != version) refuse();
}

std::uint64_t ByteReader::number(std::size_t max_bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < max_bytes && at_ < bytes_.size(); ++i) {
    const auto byte = std::to_integer<std::uint64_t>(bytes_[at_++]);
    if (i + 1 == kVarintBytesOf64Bits && byte > 1) break;  // beyond 64 bits
    value |= (byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    if (byte == 0 && i > 0) break;  // not the shortest form
    return value;
  }
  refuse();
}

std::int64_t ByteReader::signed_number(std::size_t max_bytes) {
  return unzigzag(number(max_bytes));
}

std::size_t ByteReader::number_below(std::size_t bound) {
  const std::uint64_t value = number();
  if (value >= bound) refuse();
  return static_cast<std::size_t>(value);
}

std::size_t ByteReader::count(std::size_t min_bytes_each) {
  const std::uint64_t count = number();
  if (count > (bytes_.size() - at_) / min_bytes_each) refuse();
  return static_cast<std::size_t>(count);
}

std::uint64_t ByteReader::little_endian(std::size_t bytes) {
  if (bytes_.size() - at_ < bytes) refuse();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= std::to_integer<std::uint64_t>(bytes_[at_++]) << (8 * i);
  return value;
}

std::uint32_t ByteReader::bits32() {
  return static_cast<std::uint32_t>(little_endian(4));
}

std::uint64_t ByteReader::bits64() {
  return little_endian(8);
}

std::string ByteReader::text() {
  const std::size_t size = count(1);
  std::string value(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
  at_ += size;
  return value;
}

void ByteReader::expect_end() const {
  if (!at_end()) refuse();
}

void ByteReader::refuse() const {
  throw Error(ErrorCode::kInternal, damage_);
}

}  // namespace jackdaw::store
