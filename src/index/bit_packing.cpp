#include "index/bit_packing.h"

#include <bit>
#include <cstring>
#include <utility>

namespace jackdaw::index {
namespace {

constexpr std::size_t kStreams = 4;
constexpr std::size_t kSteps = 128 / kStreams;
constexpr unsigned kWordBits = 32;

// One word of each stream.
using Four = std::uint32_t __attribute__((vector_size(16)));

Four load(const std::uint8_t* bytes, std::size_t word) noexcept {
  Four four;
  std::memcpy(&four, bytes + word * sizeof(Four), sizeof(Four));
  return four;
}

template <unsigned kWidth, std::size_t kStep>
void unpack_step(const std::uint8_t* bytes, std::uint32_t* out) noexcept {
  constexpr std::size_t kBit = kStep * kWidth;
  constexpr std::size_t kWord = kBit / kWordBits;
  constexpr unsigned kShift = kBit % kWordBits;
  Four four = load(bytes, kWord) >> kShift;
  if constexpr (kShift + kWidth > kWordBits) four |= load(bytes, kWord + 1) << (kWordBits - kShift);
  if constexpr (kWidth < kWordBits) four &= (std::uint32_t{1} << kWidth) - 1;
  std::memcpy(out + kStep * kStreams, &four, sizeof(Four));
}

// Without a loop or a branch: every shift is a constant.
template <unsigned kWidth>
void unpack_width(const std::uint8_t* bytes, std::uint32_t* out) noexcept {
  if constexpr (kWidth == 0) {
    std::memset(out, 0, sizeof(PackedNumbers));
  } else {
    [&]<std::size_t... kStep>(std::index_sequence<kStep...>) {
      (unpack_step<kWidth, kStep>(bytes, out), ...);
    }(std::make_index_sequence<kSteps>());
  }
}

using Unpack = void (*)(const std::uint8_t*, std::uint32_t*) noexcept;

template <std::size_t... kWidth>
constexpr std::array<Unpack, sizeof...(kWidth)> all_widths(std::index_sequence<kWidth...>) {
  return {unpack_width<static_cast<unsigned>(kWidth)>...};
}

constexpr auto kUnpack = all_widths(std::make_index_sequence<kWordBits + 1>());

}  // namespace

unsigned width_of(const PackedNumbers& numbers) noexcept {
  std::uint32_t all = 0;
  for (const std::uint32_t number : numbers) all |= number;
  return static_cast<unsigned>(std::bit_width(all));
}

void pack(const PackedNumbers& numbers, unsigned width, std::vector<std::uint8_t>& out) {
  std::array<std::uint32_t, 128> words{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t bit = i / kStreams * width;
    const std::size_t place = bit / kWordBits * kStreams + i % kStreams;
    const auto shift = static_cast<unsigned>(bit % kWordBits);
    if (width > 0) words[place] |= numbers[i] << shift;
    if (shift + width > kWordBits) words[place + kStreams] |= numbers[i] >> (kWordBits - shift);
  }
  std::uint8_t bytes[sizeof(words)];
  std::memcpy(bytes, words.data(), sizeof(words));
  out.insert(out.end(), bytes, bytes + packed_bytes(width));
}

void unpack(const std::uint8_t* bytes, unsigned width, PackedNumbers& out) noexcept {
  kUnpack[width](bytes, out.data());
}

void sum_up(std::uint32_t before, PackedNumbers& numbers) noexcept {
  const Four zero{};
  Four sum = {before, before, before, before};
  for (std::size_t step = 0; step < kSteps; ++step) {
    Four four;
    std::memcpy(&four, numbers.data() + step * kStreams, sizeof(Four));
    four += 1;
    four += __builtin_shufflevector(zero, four, 0, 4, 5, 6);
    four += __builtin_shufflevector(zero, four, 0, 1, 4, 5);
    four += sum;
    sum = __builtin_shufflevector(four, four, 3, 3, 3, 3);
    std::memcpy(numbers.data() + step * kStreams, &four, sizeof(Four));
  }
}

}  // namespace jackdaw::index
