#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
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

// What one page says, in reading order. Lines end with LF, a blank line separates paragraphs. Valid UTF-8.
struct Page {
  int number = 0;     // 1-based physical page
  std::string label;  // as printed ("iv"); empty where the document has none
  float width = 0;    // points, crop box, unrotated
  float height = 0;
  std::string text;
  std::vector<Word> words;  // ascending, not overlapping
};

// A file that a person gave us, wholly on disk in a spool file, not yet part of the collection.
struct IncomingFile {
  std::filesystem::path path;  // of the spool file
  std::string filename;        // as given, cleaned: no path, no control characters, valid UTF-8, at most 255 bytes
  std::uint64_t bytes = 0;
  std::string sha256;  // 64 lower-case hex digits
};

enum class DocumentStatus { kReady, kFailed };

// A document as lists show it.
struct Document {
  DocumentId id;
  std::string filename;
  std::string title;       // empty where the file has none
  std::string media_type;  // decided by content
  std::string sha256;      // of the original bytes
  std::uint64_t bytes = 0;
  int pages = 0;  // 0 where the format has none
  std::int64_t chunks = 0;
  DocumentStatus status = DocumentStatus::kReady;
  WallTime created_at{};
  std::vector<std::string> tags;
};

}  // namespace jackdaw
