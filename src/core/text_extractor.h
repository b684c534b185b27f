#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/document.h"

namespace jackdaw {

struct ExtractionRequest {
  std::filesystem::path path;  // of the bytes, on disk
  std::string filename;        // for messages
  std::string password{};      // empty: none. Goes nowhere but to the child
  bool keep_partial = false;   // when the file cannot be read to its end: keep the pages before it
};

// Who hears of the pages, on the thread that called extract(). What one of them throws ends the extraction.
struct ExtractionEvents {
  // Once, before the first page, with their number as far as it is known.
  std::function<void(int pages)> on_open{};
  // Each page, in order. Page::recognized: it took OCR, seconds of work.
  std::function<void(Page&&)> on_page;
  // A page without text is about to be recognised: a result of an earlier attempt saves that. May be empty.
  std::function<std::optional<Page>(int number)> recognized_before{};
};

// What is known about a file once all its pages were read.
struct ExtractionSummary {
  std::string media_type;
  std::string title;                         // from the document's metadata, cleaned; may be empty
  int pages = 0;                             // 0 where the format has none
  std::vector<int> pages_without_text{};     // ascending; after OCR, where there is one
  std::optional<DocumentFailure> failure{};  // only with keep_partial: why the rest is missing
};

// Says what a file says. Safe from any thread; blocks while a confined child process does the work.
class TextExtractor {
 public:
  virtual ~TextExtractor() = default;

  // Throws Error: kUnsupportedMediaType (by content, never by name), kEncryptedDocument, kDamagedDocument (with the
  // page it reached), kTooLarge, kUnavailable when the sandbox cannot be set up, and what `cancellation` asks for.
  virtual ExtractionSummary extract(const ExtractionRequest& request, const ExtractionEvents& events,
                                    const Cancellation& cancellation) = 0;
};

}  // namespace jackdaw
