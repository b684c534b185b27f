#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What the confined children (jackdaw-parse and the like) write to their standard output: the words that both sides
// share.
//
//   stream  = magic frame*
//   frame   = kind:u8 length:u32 payload        (length counts the payload alone)
//   kDocument payload = pages:u32 paged:u8 media_type:string title:string
//   kPage     payload = number:u32 width:f32 height:f32 pictures:u8 label:string text:string words:u32 word*
//                       sections:u32 section*
//   word              = begin:u32 end:u32 boxes:u16 box*        box = x0:f32 y0:f32 x1:f32 y1:f32
//   section           = begin:u32 heading:string
//   kEnd      payload = pages:u32
//   kFailure  payload = reason:u8 page:u32 detail:string
//   kReady    payload = (none)
//   string  = length:u32 bytes                  (UTF-8)
//
// Numbers are little-endian, f32 is IEEE 754 binary32. A document is kDocument, then exactly `pages` kPage frames
// numbered from 1, then kEnd; kFailure may stand in place of any frame and ends the stream, as does kReady, the only
// answer to the self check. `paged` is 1 when the pages are pages, slides or sheets, 0 when they are pieces of a text
// that has none; `media_type` is one of kMediaTypes; `pictures` is how many images are drawn on a page with fewer than
// kFewWords words, 255 for more. The magic carries the version: a side that finds another one refuses.
namespace jackdaw::extract::protocol {

inline constexpr std::string_view kMagic = "jdparse2";

enum class FrameKind : std::uint8_t { kDocument = 1, kPage = 2, kEnd = 3, kFailure = 4, kReady = 5 };

enum class FailureReason : std::uint8_t {
  kPassword = 1,    // needs a password that is not empty, and none was given
  kProtection = 2,  // protected in a way that the parser does not know
  kFormat = 3,      // not readable as what it starts like; detail may say what that is ("a PDF")
  kTooManyPages = 4,
  kTooManyCharacters = 5,
  kPageTooLarge = 6,  // one page's frame would exceed kMaxFrameBytes
  kOutOfMemory = 7,
  kSandbox = 8,         // the limits or the filter could not be set; detail says which
  kInput = 9,           // standard input could not be read; detail says why
  kUnsupported = 10,    // of a format that is not read; detail says which ("a ZIP archive")
  kArchive = 11,        // an archive inside breaks a limit; detail says which
  kWrongPassword = 12,  // the password that was given does not open it
  kRecognizer = 13,     // Tesseract or a language of it is missing or does not work; detail says which
};
inline constexpr auto kLastFailureReason = FailureReason::kRecognizer;

// What a document may be.
inline constexpr std::array<std::string_view, 16> kMediaTypes = {
    "application/pdf",
    "text/plain",
    "text/markdown",
    "text/html",
    "text/csv",
    "text/tab-separated-values",
    "application/json",
    "application/x-ndjson",
    "message/rfc822",
    "application/epub+zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
};
constexpr bool is_media_type(std::string_view name) {
  return std::ranges::find(kMediaTypes, name) != kMediaTypes.end();
}

// kind and length.
inline constexpr std::size_t kFrameHeadBytes = 5;

// A page of print has less than 10,000 characters and takes about 100 KiB with its boxes.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 20;

// Of the title, a label, a media type and a failure's detail.
inline constexpr std::size_t kMaxShortStringBytes = 4096;

// Coordinates beyond this many points (350 m) are no place on a page.
inline constexpr float kMaxCoordinate = 1e6F;

// A page with fewer words than this that shows a picture is likely a picture of text.
inline constexpr std::size_t kFewWords = 5;

// Where a child finds the password of the document, when one was given: a pipe, closed behind its last byte.
inline constexpr int kPasswordDescriptor = 3;
inline constexpr std::size_t kMaxPasswordBytes = 1024;

}  // namespace jackdaw::extract::protocol
