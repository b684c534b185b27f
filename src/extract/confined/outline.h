#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/document.h"

namespace jackdaw::extract {

// The bookmarks of a document, which become the headings of its pages' text. Knows nothing of where they come from. Not
// shared between threads.
class Outline {
 public:
  struct Entry {
    int page = 0;              // 1-based
    std::optional<float> x{};  // page coordinates, where the bookmark names a place on the page
    std::optional<float> y{};
    std::string heading;  // Section::heading
  };

  explicit Outline(std::vector<Entry> entries);

  // Fills page.sections from what begins on the page and what is still open from the pages before; to be called for
  // each page, in order. `left` and `top` are the crop box's, in page coordinates.
  void mark(Page& page, float left, float top);

 private:
  std::vector<Entry> entries_;  // by ascending page
  std::size_t next_ = 0;
  std::string open_;
};

// "Part I > Chapter 2" with kHeadingSeparator, at most kMaxHeadingBytes: outer titles are left out when it is longer.
// Empty titles do not show.
std::string heading_path(const std::vector<std::string>& titles);

}  // namespace jackdaw::extract
