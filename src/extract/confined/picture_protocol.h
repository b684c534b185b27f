#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// A picture of a page on its way from jackdaw-parse, which draws it, to jackdaw-ocr, which reads it: what all sides
// share.
//
//   stream  = picture*
//   picture = magic width:u32 height:u32 dpi:u32 quarter:u32 pixels       (width * height bytes, row by row, 0 is
//   black)
//
// Numbers are little-endian. `quarter`: the page is turned that many times clockwise to be looked at, and so it was
// drawn. jackdaw-parse writes one picture or none. jackdaw-ocr reads any number of them and answers in the words of
// protocol.h: kDocument with kMaxPictures pages once it is ready, then for each picture a kPage, numbered from 1, whose
// size and boxes are in pixels of that picture. The stream ends where the server ends it.
namespace jackdaw::extract::picture_protocol {

inline constexpr std::string_view kMagic = "jdpict01";
inline constexpr std::size_t kHeadBytes = kMagic.size() + 4 * sizeof(std::uint32_t);

inline constexpr std::uint32_t kMaxPictures = 1'000'000;
// A0 at 160 dots per inch.
inline constexpr std::size_t kMaxPixels = 40'000'000;
inline constexpr std::uint32_t kMaxEdge = 30'000;  // Tesseract counts in 16 bits
inline constexpr std::uint32_t kMaxDpi = 600;

struct PictureHead {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t dpi = 0;
  std::uint32_t quarter = 0;  // 0..3

  std::size_t pixels() const noexcept { return std::size_t{width} * height; }
  bool is_sane() const noexcept {
    return width > 0 && height > 0 && width <= kMaxEdge && height <= kMaxEdge && pixels() <= kMaxPixels && dpi > 0 &&
           dpi <= kMaxDpi && quarter <= 3;
  }
};

using HeadBytes = std::array<char, kHeadBytes>;

inline HeadBytes encode(const PictureHead& head) {
  HeadBytes bytes{};
  auto* out = std::ranges::copy(kMagic, bytes.begin()).out;
  for (const std::uint32_t value : {head.width, head.height, head.dpi, head.quarter}) {
    for (unsigned shift = 0; shift < 32; shift += 8) *out++ = static_cast<char>((value >> shift) & 0xFF);
  }
  return bytes;
}

// Nothing when it is no head of a picture or promises more than the limits above allow.
inline std::optional<PictureHead> decode(const HeadBytes& bytes) {
  if (!std::string_view(bytes.data(), bytes.size()).starts_with(kMagic)) return std::nullopt;
  const char* in = bytes.data() + kMagic.size();
  PictureHead head;
  for (std::uint32_t* value : {&head.width, &head.height, &head.dpi, &head.quarter}) {
    for (unsigned shift = 0; shift < 32; shift += 8)
      *value |= std::uint32_t{static_cast<unsigned char>(*in++)} << shift;
  }
  return head.is_sane() ? std::optional(head) : std::nullopt;
}

}  // namespace jackdaw::extract::picture_protocol
