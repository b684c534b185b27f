#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace jackdaw::index {

// 128 numbers in as many bits each as the largest needs, in four streams side by side (posting_list.h says how they
// lie), so that four at a time are unpacked by the vector instructions that every machine has. Pure functions.
using PackedNumbers = std::array<std::uint32_t, 128>;

// Bits of the largest number: 0 to 32.
unsigned width_of(const PackedNumbers& numbers) noexcept;
constexpr std::size_t packed_bytes(unsigned width) noexcept {
  return std::size_t{16} * width;
}

// Appends packed_bytes(width) bytes; the numbers have at most `width` bits.
void pack(const PackedNumbers& numbers, unsigned width, std::vector<std::uint8_t>& out);
// Reads packed_bytes(width) bytes; `width` is at most 32.
void unpack(const std::uint8_t* bytes, unsigned width, PackedNumbers& out) noexcept;

// Turns distances less one into what they lead to: out[i] = out[i - 1] + 1 + out[i], modulo 2^32, from `before` on.
void sum_up(std::uint32_t before, PackedNumbers& numbers) noexcept;

}  // namespace jackdaw::index
