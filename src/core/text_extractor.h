#pragma once

#include <functional>
#include <string>

#include "core/cancellation.h"
#include "core/document.h"

namespace jackdaw {

// What is known about a file once all its pages were read.
struct ExtractionSummary {
  std::string media_type;
  std::string title;  // from the document's metadata, cleaned; may be empty
  int pages = 0;
};

// Says what a file says. Safe from any thread; blocks while a confined child process does the work.
class TextExtractor {
 public:
  virtual ~TextExtractor() = default;

  // Calls `on_page` for each page in order, on the calling thread; what it throws ends the extraction. Throws Error:
  // kUnsupportedMediaType (by content, never by name), kEncryptedDocument, kDamagedDocument (with the page it reached),
  // kTooLarge, kUnavailable when the sandbox cannot be set up, and what `cancellation` asks for.
  virtual ExtractionSummary extract(const IncomingFile& file, const std::function<void(Page&&)>& on_page,
                                    const Cancellation& cancellation) = 0;
};

}  // namespace jackdaw
