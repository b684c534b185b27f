#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/ids.h"

namespace jackdaw {

// [x0, y0, x1, y1] in PDF points (1/72 inch), origin at the top left of the unrotated page's crop box, x0 <= x1,
// y0 <= y1.
struct Box {
  float x0 = 0;
  float y0 = 0;
  float x1 = 0;
  float y1 = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

// A word of a page: its bytes in Page::text, and one box for each line that it touches (two for a word that was
// hyphenated over a line end).
struct Word {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::vector<Box> boxes;
  friend bool operator==(const Word&, const Word&) = default;
};

// From byte `begin` of Page::text on, the text stands under these headings.
struct Section {
  std::uint32_t begin = 0;
  std::string heading;  // outermost first, joined by kHeadingSeparator, at most kMaxHeadingBytes; empty: under none
  friend bool operator==(const Section&, const Section&) = default;
};
inline constexpr char kHeadingSeparator[] = " \u203a ";  // "Warranty > Exclusions" with a single angle quotation mark
inline constexpr std::size_t kMaxHeadingBytes = 400;

// What one page says, in reading order. Lines end with LF, a blank line separates paragraphs. Valid UTF-8. Where the
// format has no pages, a piece of the text that begins at a paragraph.
struct Page {
  int number = 0;     // 1-based: the physical page, slide or sheet, or the place among the pieces
  std::string label;  // as printed ("iv"), a sheet's name; empty where the document has none
  float width = 0;    // points, crop box, unrotated
  float height = 0;
  std::string text;
  std::vector<Word> words;        // ascending, not overlapping; none where nothing is known about places
  std::vector<Section> sections;  // ascending by `begin`; not stored, chunks keep their heading
  bool recognized = false;        // read from a picture (OCR)
};

// A file that a person gave us, wholly on disk in a spool file, not yet part of the collection.
struct IncomingFile {
  std::filesystem::path path;  // of the spool file
  std::string filename;        // as given, cleaned: no path, no control characters, valid UTF-8, at most 255 bytes
  std::uint64_t bytes = 0;
  std::string sha256;  // 64 lower-case hex digits
};

// kQueued: accepted, its bytes are safe, it is being read or will be. kReady: can be found.
enum class DocumentStatus { kReady, kFailed, kQueued, kCancelled };

// Why a document could not be read, or not wholly.
struct DocumentFailure {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // a sentence for a person
  int page = 0;         // the last page that was reached; 0: none
  friend bool operator==(const DocumentFailure&, const DocumentFailure&) = default;
};

// New bytes for a document that goes on answering with its old ones until they are ready.
struct Replacement {
  DocumentStatus status = DocumentStatus::kQueued;  // never kReady: then it is the document
  std::string filename;
  std::string sha256;
  std::uint64_t bytes = 0;
  std::optional<DocumentFailure> failure;
};

// A document as lists show it.
struct Document {
  DocumentId id;
  std::string filename;
  std::string title;       // empty where the file has none
  std::string media_type;  // decided by content; empty before it was read
  std::string sha256;      // of the original bytes
  std::uint64_t bytes = 0;
  int pages = 0;  // 0 where the format has none, and before it was read
  std::int64_t chunks = 0;
  DocumentStatus status = DocumentStatus::kReady;
  WallTime created_at{};
  std::vector<std::string> tags{};  // clean_tags() in core/document_store.h
  std::string source{};             // the absolute path that it was read from, where one was given
  std::vector<int> pages_without_text{};
  // kFailed: why. kReady: it is there in part, because the caller wanted what could be read.
  std::optional<DocumentFailure> failure{};
  std::optional<Replacement> replacement{};
};

}  // namespace jackdaw
