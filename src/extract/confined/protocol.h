#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What jackdaw-parse writes to its standard output: the words that both sides share.
//
//   stream  = magic frame*
//   frame   = kind:u8 length:u32 payload        (length counts the payload alone)
//   kDocument payload = pages:u32 title:string
//   kPage     payload = number:u32 width:f32 height:f32 label:string text:string words:u32 word*
//   word              = begin:u32 end:u32 boxes:u16 box*        box = x0:f32 y0:f32 x1:f32 y1:f32
//   kEnd      payload = pages:u32
//   kFailure  payload = reason:u8 page:u32 detail:string
//   kReady    payload = (none)
//   string  = length:u32 bytes                  (UTF-8)
//
// Numbers are little-endian, f32 is IEEE 754 binary32. A document is kDocument, then exactly `pages` kPage frames
// numbered from 1, then kEnd; kFailure may stand in place of any frame and ends the stream, as does kReady, the only
// answer to the self check. The magic carries the version: a side that finds another one refuses.
namespace jackdaw::extract::protocol {

inline constexpr std::string_view kMagic = "jdparse1";

enum class FrameKind : std::uint8_t { kDocument = 1, kPage = 2, kEnd = 3, kFailure = 4, kReady = 5 };

enum class FailureReason : std::uint8_t {
  kPassword = 1,    // needs a password that is not empty
  kProtection = 2,  // protected in a way that the parser does not know
  kFormat = 3,      // not readable as a PDF
  kTooManyPages = 4,
  kTooManyCharacters = 5,
  kPageTooLarge = 6,  // one page's frame would exceed kMaxFrameBytes
  kOutOfMemory = 7,
  kSandbox = 8,  // the limits or the filter could not be set; detail says which
  kInput = 9,    // standard input could not be read; detail says why
};
inline constexpr auto kLastFailureReason = FailureReason::kInput;

// kind and length.
inline constexpr std::size_t kFrameHeadBytes = 5;

// A page of print has less than 10,000 characters and takes about 100 KiB with its boxes.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 20;

// Of the title, a label and a failure's detail.
inline constexpr std::size_t kMaxShortStringBytes = 4096;

// Coordinates beyond this many points (350 m) are no place on a page.
inline constexpr float kMaxCoordinate = 1e6F;

}  // namespace jackdaw::extract::protocol
