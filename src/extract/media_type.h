#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace jackdaw::extract {

// What a file is, by its first bytes and never by its name. Pure functions, safe from any thread; they read nothing but
// what they are given and never throw.
enum class MediaType {
  kEmpty,
  kPdf,
  kPng,
  kJpeg,
  kGif,
  kTiff,
  kBmp,
  kWebp,
  kZip,
  kOfficeOpenXml,
  kOpenDocument,
  kEpub,
  kLegacyOffice,
  kGzip,
  kSevenZip,
  kRar,
  kExecutable,
  kPostScript,
  kRtf,
  kHtml,
  kXml,
  kPlainText,
  kUnknown,
};

// How many of the first bytes matter. A PDF's header may stand anywhere within them (ISO 32000-1, Annex H.3.4.1), since
// mail and download programs put lines in front of it.
inline constexpr std::size_t kMediaTypeBytes = 1024;

// `first_bytes` is the whole file when it is shorter than kMediaTypeBytes; more bytes are ignored.
MediaType detect_media_type(std::string_view first_bytes) noexcept;

// The confined programs that read documents.
enum class Parser {
  kPdf,   // jackdaw-parse
  kText,  // jackdaw-parse-text: everything else, which it tells apart by the whole file
};

// Who reads such a file; none when nobody does, and describe() says what it is instead. jackdaw-parse-text may still
// refuse it: only the whole file shows that a ZIP archive holds no document.
std::optional<Parser> parser_of(MediaType type) noexcept;

// "application/pdf".
std::string_view mime_name(MediaType type) noexcept;

// As part of a sentence: "a PNG image", "plain text", "an empty file".
std::string_view describe(MediaType type) noexcept;

}  // namespace jackdaw::extract
