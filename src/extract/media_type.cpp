#include "extract/media_type.h"

#include <algorithm>
#include <array>

namespace jackdaw::extract {
namespace {

using namespace std::string_view_literals;

struct TypeRow {
  MediaType type;
  std::string_view mime;
  std::string_view words;
};

constexpr std::array kTypes = {
    TypeRow{MediaType::kEmpty, "application/x-empty", "an empty file"},
    TypeRow{MediaType::kPdf, "application/pdf", "a PDF"},
    TypeRow{MediaType::kPng, "image/png", "a PNG image"},
    TypeRow{MediaType::kJpeg, "image/jpeg", "a JPEG image"},
    TypeRow{MediaType::kGif, "image/gif", "a GIF image"},
    TypeRow{MediaType::kTiff, "image/tiff", "a TIFF image"},
    TypeRow{MediaType::kBmp, "image/bmp", "a BMP image"},
    TypeRow{MediaType::kWebp, "image/webp", "a WebP image"},
    TypeRow{MediaType::kZip, "application/zip", "a ZIP archive"},
    TypeRow{MediaType::kOfficeOpenXml, "application/vnd.openxmlformats-officedocument", "a Microsoft Office document"},
    TypeRow{MediaType::kOpenDocument, "application/vnd.oasis.opendocument", "an OpenDocument file"},
    TypeRow{MediaType::kEpub, "application/epub+zip", "an EPUB book"},
    TypeRow{MediaType::kLegacyOffice, "application/x-ole-storage", "an old Microsoft Office document"},
    TypeRow{MediaType::kGzip, "application/gzip", "a gzip archive"},
    TypeRow{MediaType::kSevenZip, "application/x-7z-compressed", "a 7-Zip archive"},
    TypeRow{MediaType::kRar, "application/vnd.rar", "a RAR archive"},
    TypeRow{MediaType::kExecutable, "application/x-executable", "a program"},
    TypeRow{MediaType::kPostScript, "application/postscript", "a PostScript file"},
    TypeRow{MediaType::kRtf, "application/rtf", "an RTF document"},
    TypeRow{MediaType::kHtml, "text/html", "an HTML page"},
    TypeRow{MediaType::kXml, "application/xml", "an XML file"},
    TypeRow{MediaType::kPlainText, "text/plain", "plain text"},
    TypeRow{MediaType::kUnknown, "application/octet-stream", "a file of an unknown kind"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (static_cast<std::size_t>(kTypes[i].type) != i) return false;
  }
  return kTypes.size() == static_cast<std::size_t>(MediaType::kUnknown) + 1;
}
static_assert(in_order(), "one row per type, in the order of the enum");

struct Signature {
  std::string_view bytes;
  MediaType type;
};

constexpr std::array kSignatures = {
    Signature{"%PDF-"sv, MediaType::kPdf},
    Signature{"\x89PNG\r\n\x1a\n"sv, MediaType::kPng},
    Signature{"\xff\xd8\xff"sv, MediaType::kJpeg},
    Signature{"GIF87a"sv, MediaType::kGif},
    Signature{"GIF89a"sv, MediaType::kGif},
    Signature{"II*\0"sv, MediaType::kTiff},
    Signature{"MM\0*"sv, MediaType::kTiff},
    Signature{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, MediaType::kLegacyOffice},
    Signature{"\x1f\x8b\x08"sv, MediaType::kGzip},
    Signature{"7z\xbc\xaf\x27\x1c"sv, MediaType::kSevenZip},
    Signature{"Rar!\x1a\x07"sv, MediaType::kRar},
    Signature{"\x7f"
              "ELF"sv,
              MediaType::kExecutable},
    Signature{"%!PS"sv, MediaType::kPostScript},
    Signature{"{\\rtf"sv, MediaType::kRtf},
};

bool holds(std::string_view bytes, std::string_view part) noexcept {
  return bytes.find(part) != std::string_view::npos;
}

bool starts_with_ignoring_case(std::string_view bytes, std::string_view lower) noexcept {
  return bytes.size() >= lower.size() && std::ranges::equal(bytes.substr(0, lower.size()), lower, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
         });
}

// Office formats are ZIP archives that show what they are in the name or the content of their first entries.
MediaType zip_kind(std::string_view bytes) noexcept {
  if (holds(bytes, "mimetypeapplication/vnd.oasis.opendocument")) return MediaType::kOpenDocument;
  if (holds(bytes, "mimetypeapplication/epub+zip")) return MediaType::kEpub;
  for (const std::string_view entry : {"[Content_Types].xml"sv, "word/"sv, "ppt/"sv, "xl/"sv}) {
    if (holds(bytes, entry)) return MediaType::kOfficeOpenXml;
  }
  return MediaType::kZip;
}

MediaType by_signature(std::string_view bytes) noexcept {
  for (const auto& [signature, type] : kSignatures) {
    if (bytes.starts_with(signature)) return type;
  }
  if (bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("PK\x05\x06"sv)) return zip_kind(bytes);
  if (bytes.starts_with("RIFF"sv) && bytes.substr(0, 12).ends_with("WEBP"sv)) return MediaType::kWebp;
  // Both are words that text may start with: what follows must fit too.
  if (bytes.starts_with("BM"sv) && bytes.size() >= 10 && bytes.substr(6, 4) == "\0\0\0\0"sv) return MediaType::kBmp;
  if (bytes.starts_with("MZ"sv) && holds(bytes.substr(0, 64), "\0"sv)) return MediaType::kExecutable;
  return MediaType::kUnknown;
}

MediaType markup_kind(std::string_view bytes) noexcept {
  if (bytes.starts_with("\xef\xbb\xbf"sv)) bytes.remove_prefix(3);
  bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n\f"), bytes.size()));
  for (const std::string_view start : {"<!doctype html"sv, "<html"sv, "<head"sv, "<body"sv}) {
    if (starts_with_ignoring_case(bytes, start)) return MediaType::kHtml;
  }
  if (!starts_with_ignoring_case(bytes, "<?xml")) return MediaType::kUnknown;
  return holds(bytes, "<html") ? MediaType::kHtml : MediaType::kXml;
}

bool is_control(unsigned char c) noexcept {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b) || c == 0x7f;
}

// How many of every `width` bytes, from byte `place` on, are zero: a share from 0 to 1.
double zeros(std::string_view bytes, std::size_t width, std::size_t place) noexcept {
  std::size_t found = 0;
  std::size_t all = 0;
  for (std::size_t i = place; i < bytes.size(); i += width, ++all) found += bytes[i] == '\0' ? 1 : 0;
  return all == 0 ? 0 : static_cast<double>(found) / static_cast<double>(all);
}

// Without a mark only scripts of the first 256 code points can be told from other binary files: half of the bytes, or
// three quarters, are zero and the others are no control characters.
bool looks_like_wide_text(std::string_view bytes) noexcept {
  constexpr std::size_t kFewestBytes = 8;
  constexpr double kMost = 0.9;
  constexpr double kHardlyAny = 0.02;
  if (bytes.size() < kFewestBytes) return false;
  const bool utf16 = (zeros(bytes, 2, 1) >= kMost && zeros(bytes, 2, 0) <= kHardlyAny) ||
                     (zeros(bytes, 2, 0) >= kMost && zeros(bytes, 2, 1) <= kHardlyAny);
  const bool utf32 = zeros(bytes, 4, 1) + zeros(bytes, 4, 2) >= 2 * kMost &&
                     ((zeros(bytes, 4, 3) >= kMost && zeros(bytes, 4, 0) <= kHardlyAny) ||
                      (zeros(bytes, 4, 0) >= kMost && zeros(bytes, 4, 3) <= kHardlyAny));
  if (!utf16 && !utf32) return false;
  return std::ranges::none_of(bytes, [](unsigned char c) { return c != 0 && is_control(c); });
}

// Text in UTF-8, in UTF-16 or UTF-32, or in an 8-bit code: no control characters but white space.
bool looks_like_text(std::string_view bytes) noexcept {
  if (bytes.starts_with("\xff\xfe"sv) || bytes.starts_with("\xfe\xff"sv)) return true;
  if (bytes.starts_with("\0\0\xfe\xff"sv) || looks_like_wide_text(bytes)) return true;
  return std::ranges::none_of(bytes, [](unsigned char c) { return is_control(c); });
}

}  // namespace

MediaType detect_media_type(std::string_view first_bytes) noexcept {
  const std::string_view bytes = first_bytes.substr(0, kMediaTypeBytes);
  if (bytes.empty()) return MediaType::kEmpty;
  if (const MediaType type = by_signature(bytes); type != MediaType::kUnknown) return type;
  if (const MediaType type = markup_kind(bytes); type != MediaType::kUnknown) return type;
  if (holds(bytes, "%PDF-")) return MediaType::kPdf;
  return looks_like_text(bytes) ? MediaType::kPlainText : MediaType::kUnknown;
}

std::optional<Parser> parser_of(MediaType type) noexcept {
  switch (type) {
    case MediaType::kPdf: return Parser::kPdf;
    case MediaType::kZip:
    case MediaType::kOfficeOpenXml:
    case MediaType::kOpenDocument:
    case MediaType::kEpub:
    // An encrypted DOCX is wrapped in the old container, and its reader says so.
    case MediaType::kLegacyOffice:
    case MediaType::kHtml:
    case MediaType::kPlainText: return Parser::kText;
    default: return std::nullopt;
  }
}

std::string_view mime_name(MediaType type) noexcept {
  return kTypes[static_cast<std::size_t>(type)].mime;
}

std::string_view describe(MediaType type) noexcept {
  return kTypes[static_cast<std::size_t>(type)].words;
}

}  // namespace jackdaw::extract
