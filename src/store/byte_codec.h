#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::store {

// The alphabet of the room's compact blobs (docs/storage_format.md, "Compact blobs"): a blob begins with one byte, the
// version of its form, and a value has exactly one encoding. Not shared between threads.

// A number of so many bits needs at most so many bytes.
inline constexpr std::size_t kVarintBytesOf35Bits = 5;
inline constexpr std::size_t kVarintBytesOf64Bits = 10;

class ByteWriter {
 public:
  explicit ByteWriter(std::byte version) { bytes_.push_back(version); }

  void number(std::uint64_t value);        // LEB128 in its shortest form
  void signed_number(std::int64_t value);  // zigzag-coded first
  void bits(std::uint32_t value);          // little endian
  void bits(std::uint64_t value);
  void text(std::string_view value);  // its length, its bytes

  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Reads what ByteWriter wrote, which must outlive it. Takes any bytes: everything throws Error kInternal with the
// sentence `damage` for what ByteWriter does not write.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::byte version, const char* damage);

  std::uint64_t number(std::size_t max_bytes = kVarintBytesOf64Bits);
  std::int64_t signed_number(std::size_t max_bytes = kVarintBytesOf64Bits);
  // A number below `bound`.
  std::size_t number_below(std::size_t bound);
  // How many entries follow; never more than the remaining bytes could hold.
  std::size_t count(std::size_t min_bytes_each);
  std::uint32_t bits32();
  std::uint64_t bits64();
  std::string text();

  bool at_end() const noexcept { return at_ == bytes_.size(); }
  void expect_end() const;

  [[noreturn]] void refuse() const;

 private:
  std::uint64_t little_endian(std::size_t bytes);

  std::span<const std::byte> bytes_;
  std::size_t at_ = 1;
  const char* damage_;
};

}  // namespace jackdaw::store
