#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "core/document.h"
#include "extract/confined/protocol.h"

namespace jackdaw::extract {

// What a document may cost its reader. Beyond any of them the reader throws a Refusal.
struct ReadLimits {
  std::size_t max_pages = 5'000;            // slides, sheets; not the pieces of a text without pages
  std::size_t max_characters = 20'000'000;  // of text that comes out, code points
  std::size_t max_entries = 10'000;         // of an archive
  std::size_t max_decoded_bytes = std::size_t{256}
                                  << 20;  // of an archive or a mail: all entries that are read together
  // Of an entry of an archive. Honest documents stay below 30, sheets of repeated cells reach 100.
  std::size_t max_ratio = 200;
};

// Marks and elements nested deeper are no document that a person wrote.
inline constexpr std::size_t kMaxDepth = 512;

// What a document says. `media_type` is one of protocol::kMediaTypes.
struct ParsedText {
  std::string media_type;
  std::string title;
  bool paged = false;  // the pages are slides or sheets, not pieces of a text
  std::vector<Page> pages;
};

// Why a document cannot be read: becomes a kFailure frame. The only exception of the readers but std::bad_alloc.
class Refusal : public std::exception {
 public:
  explicit Refusal(protocol::FailureReason reason, std::string detail = {})
      : reason_(reason), detail_(std::move(detail)) {}

  protocol::FailureReason reason() const noexcept { return reason_; }
  const std::string& detail() const noexcept { return detail_; }
  const char* what() const noexcept override { return detail_.c_str(); }

 private:
  protocol::FailureReason reason_;
  std::string detail_;
};

}  // namespace jackdaw::extract
