#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"
#include "core/ids.h"

namespace jackdaw {

// Where a chunk stands in its document: Page::text.substr(begin, end - begin) of page `page` is the chunk's text.
struct SourceSpan {
  int page = 0;             // Page::number
  std::uint32_t begin = 0;  // bytes
  std::uint32_t end = 0;
  std::vector<Box> boxes;  // one per line, top to bottom as read
  friend bool operator==(const SourceSpan&, const SourceSpan&) = default;
};

// A piece of one page, small enough to embed: the unit that is indexed, found and cited.
struct Chunk {
  std::string text;
  SourceSpan span;
  std::string heading{};  // Section::heading of most of the text; empty: none
};

// What is embedded of a chunk: its heading, if it has one, stands before it in a line of its own.
inline std::string indexed_text(std::string_view heading, std::string_view text) {
  std::string all(heading);
  if (!all.empty()) all += '\n';
  return all.append(text);
}

// A chunk as it is shown to a person or a model: with its id and the document it comes from.
struct Passage {
  ChunkId chunk;
  DocumentId document;
  std::string filename;
  std::string page_label;  // empty where the document has none
  std::string text;
  SourceSpan span;
  bool paged = true;      // false: the format has no pages, so span.page means nothing to a person
  std::string heading{};  // empty: none
};

}  // namespace jackdaw
