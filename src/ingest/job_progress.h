#pragma once

#include <cstddef>
#include <optional>

#include "core/document.h"

namespace jackdaw::ingest {

// Where a document is on its way into the collection.
struct JobProgress {
  enum class Stage { kQueued, kExtracting, kEmbedding, kStoring, kReady, kFailed, kCancelled, kRemoved };
  Stage stage = Stage::kQueued;
  int page = 0;                            // from kExtracting on: the last page that was read
  int pages = 0;                           // of how many; 0: not known yet
  bool replaces = false;                   // another version of the document is ready
  bool recognizing = false;                // kExtracting: pictures of text are being read (OCR)
  std::size_t chunk = 0;                   // from kEmbedding on: chunks done
  std::size_t chunks = 0;                  // of how many
  double pages_per_s = 0;                  // since reading began; 0: not known yet
  std::optional<double> eta_s;             // until ready, at the speed so far; nothing: not known yet
  std::optional<DocumentFailure> failure;  // kFailed

  // Nothing follows it.
  bool is_last() const noexcept { return stage >= Stage::kReady; }
};

// What the store says of a document that nobody is reading now: of its replacement, where it has one.
JobProgress progress_of(const Document& document);

}  // namespace jackdaw::ingest
