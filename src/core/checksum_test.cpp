#include "core/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace jackdaw {
namespace {

std::vector<std::byte> some_bytes(std::size_t count) {
  std::mt19937 random(5);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

std::uint64_t of(std::span<const std::byte> bytes) {
  Checksum checksum;
  checksum.add(bytes);
  return checksum.value();
}

TEST(Checksum, DoesNotDependOnThePiecesThatTheBytesComeIn) {
  const auto bytes = some_bytes(1000);
  std::mt19937 random(6);
  for (int round = 0; round < 200; ++round) {
    Checksum pieces;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t some = std::min<std::size_t>(random() % 200, bytes.size() - at);
      pieces.add(std::span(bytes).subspan(at, some));
      at += some;
    }
    ASSERT_EQ(pieces.value(), of(bytes));
  }
}

TEST(Checksum, SeesEveryFlippedBitAndEveryCut) {
  auto bytes = some_bytes(200);
  std::set<std::uint64_t> seen{of(bytes)};
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(seen.insert(of(std::span(bytes).first(size))).second) << size;
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_TRUE(seen.insert(of(bytes)).second) << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(Checksum, TellsZerosByTheirNumber) {
  std::set<std::uint64_t> seen;
  const std::vector<std::byte> zeros(300);
  for (std::size_t size = 0; size <= zeros.size(); ++size) {
    EXPECT_TRUE(seen.insert(of(std::span(zeros).first(size))).second) << size;
  }
}

// The form of the file depends on it.
TEST(Checksum, IsTheSameOnEveryMachine) {
  std::vector<std::byte> counted(100);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::byte>(i);
  EXPECT_EQ(of(counted), 0xbe60cb8e1955eb2bU);
}

}  // namespace
}  // namespace jackdaw
