#include "core/checksum.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace jackdaw {
namespace {

static_assert(std::endian::native == std::endian::little, "the words of a checksum are little endian");

// Odd, with bits everywhere. The first spreads a word before it meets its lane, so that two small changes far apart do
// not cancel each other.
constexpr std::uint64_t kOfWord = 0xD6E8FEB86659FD93;
constexpr std::uint64_t kOfLane = 0x9E3779B97F4A7C15;

constexpr std::uint64_t mix(std::uint64_t lane, std::uint64_t word) noexcept {
  return std::rotl(lane + word * kOfWord, 31) * kOfLane;
}

}  // namespace

void Checksum::take(Lanes& lanes, const std::byte* stripes, std::size_t count) noexcept {
  Lanes at = lanes;  // a copy the compiler may keep in registers
  for (; count > 0; --count, stripes += kStripeBytes) {
    Lanes words;
    std::memcpy(words.data(), stripes, kStripeBytes);
    for (std::size_t lane = 0; lane < kLanes; ++lane) at[lane] = mix(at[lane], words[lane]);
  }
  lanes = at;
}

void Checksum::add(std::span<const std::byte> bytes) noexcept {
  const std::size_t begun = bytes_ % kStripeBytes;
  bytes_ += bytes.size();
  if (begun > 0) {
    const std::size_t some = std::min(bytes.size(), kStripeBytes - begun);
    std::copy_n(bytes.begin(), some, waiting_.begin() + static_cast<std::ptrdiff_t>(begun));
    if (begun + some < kStripeBytes) return;
    take(lanes_, waiting_.data(), 1);
    bytes = bytes.subspan(some);
  }
  take(lanes_, bytes.data(), bytes.size() / kStripeBytes);
  const auto rest = bytes.last(bytes.size() % kStripeBytes);
  std::copy(rest.begin(), rest.end(), waiting_.begin());
}

std::uint64_t Checksum::value() const noexcept {
  Lanes lanes = lanes_;
  if (const std::size_t begun = bytes_ % kStripeBytes; begun > 0) {
    auto last = waiting_;
    std::fill(last.begin() + static_cast<std::ptrdiff_t>(begun), last.end(), std::byte{0});
    take(lanes, last.data(), 1);
  }
  std::uint64_t folded = mix(0, bytes_);
  for (const std::uint64_t lane : lanes) folded = mix(folded, lane);
  return folded ^ (folded >> 32);
}

}  // namespace jackdaw
