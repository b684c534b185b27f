#include "store/byte_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "core/error.h"

namespace jackdaw::store {
namespace {

constexpr std::byte kVersion{3};

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes{kVersion};
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::uint64_t read_number(const std::vector<std::byte>& bytes, std::size_t max_bytes = kVarintBytesOf64Bits) {
  ByteReader reader(bytes, kVersion, "damaged");
  const std::uint64_t value = reader.number(max_bytes);
  reader.expect_end();
  return value;
}

TEST(ByteCodec, GivesBackNumbersOfEverySize) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value : {(std::uint64_t{1} << shift) - 1, std::uint64_t{1} << shift}) {
      ByteWriter writer(kVersion);
      writer.number(value);
      writer.signed_number(static_cast<std::int64_t>(value));
      writer.signed_number(-static_cast<std::int64_t>(value / 2) - 1);
      writer.bits(value);
      writer.bits(static_cast<std::uint32_t>(value));
      const auto bytes = writer.take();
      ByteReader reader(bytes, kVersion, "damaged");
      EXPECT_EQ(reader.number(), value);
      EXPECT_EQ(reader.signed_number(), static_cast<std::int64_t>(value));
      EXPECT_EQ(reader.signed_number(), -static_cast<std::int64_t>(value / 2) - 1);
      EXPECT_EQ(reader.bits64(), value);
      EXPECT_EQ(reader.bits32(), static_cast<std::uint32_t>(value));
      EXPECT_TRUE(reader.at_end());
    }
  }
  EXPECT_EQ(read_number(bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})),
            std::numeric_limits<std::uint64_t>::max());
}

TEST(ByteCodec, RefusesNumbersThatAreCutTooLongOrNotTheShortest) {
  EXPECT_THROW(read_number(bytes_of({})), Error);
  EXPECT_THROW(read_number(bytes_of({0x80})), Error);
  EXPECT_THROW(read_number(bytes_of({0x81, 0x00})), Error);
  EXPECT_THROW(read_number(bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02})), Error);
  EXPECT_THROW(read_number(bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x01})), Error);
  EXPECT_THROW(read_number(bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x01}), kVarintBytesOf35Bits), Error);
  EXPECT_EQ(read_number(bytes_of({0xff, 0xff, 0xff, 0xff, 0x7f}), kVarintBytesOf35Bits), (1ULL << 35) - 1);
  EXPECT_THROW(read_number(bytes_of({0x05, 0x00})), Error) << "bytes behind the end";
}

TEST(ByteCodec, RefusesAnotherVersionAndLengthsBeyondTheEnd) {
  const std::vector<std::byte> none;
  EXPECT_THROW(ByteReader(none, kVersion, "damaged"), Error);
  const auto cut = bytes_of({3, 'a', 'b'});
  EXPECT_THROW(ByteReader(cut, std::byte{4}, "damaged"), Error);
  ByteReader reader(cut, kVersion, "the sentence");
  try {
    reader.text();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    EXPECT_STREQ(error.what(), "the sentence");
  }
  EXPECT_THROW(ByteReader(cut, kVersion, "damaged").count(1), Error);
  EXPECT_THROW(ByteReader(cut, kVersion, "damaged").bits32(), Error);
  EXPECT_THROW(ByteReader(cut, kVersion, "damaged").number_below(3), Error);
  EXPECT_EQ(ByteReader(cut, kVersion, "damaged").number_below(4), 3U);
  const auto whole = bytes_of({2, 'a', 'b'});
  EXPECT_EQ(ByteReader(whole, kVersion, "damaged").text(), "ab");
}

}  // namespace
}  // namespace jackdaw::store
