#pragma once

#include <cstddef>
#include <vector>

#include "core/chunk.h"
#include "core/document.h"

namespace jackdaw::ingest {

enum class ChunkStyle {
  kCharacters,  // as long as allowed, whatever the text is about
  kSections,    // one section, or an even part of it
};

// Lengths are counted in Unicode code points.
struct ChunkerOptions {
  std::size_t max_characters = 500;     // 50..8,000; about 120 tokens: well inside the embedder's window of 256
  std::size_t overlap_characters = 50;  // at most half of max_characters; 0: none
  bool strict = false;                  // cut exactly at max_characters, whatever stands there; of kCharacters alone
  ChunkStyle style = ChunkStyle::kCharacters;
};

// Cuts the text of one page into chunks for the index. Immutable: any number of threads may share it.
//
// A chunk is an exact slice of Page::text and no border lies inside a grapheme, so a single grapheme longer than
// max_characters is the one thing that makes a chunk longer. Taken without their overlaps the chunks give back the
// page, except for slices that are nothing but white space: those become no chunk.
//
// kCharacters: a chunk ends at the last paragraph end within its last fifth, else at the last sentence end there, else
// at the last word end there, else at max_characters. The next chunk begins about overlap_characters before that end,
// at a word border where one is near.
//
// kSections: a chunk does not cross the border of a section (Page::sections), unless sections shorter than a quarter of
// max_characters and their neighbours fit into one. A section longer than max_characters is cut into parts of about the
// same length, at the end of a paragraph, a sentence or a line near the even cut, in this order of preference. Within a
// section the next chunk begins with the last sentences, else lines, before it that fit into overlap_characters.
//
// Time and memory grow linearly with the page, whatever is on it.
class Chunker {
 public:
  // Throws Error kInvalidArgument for options out of range.
  explicit Chunker(ChunkerOptions options);

  // In page order. `page.text` is valid UTF-8 of less than 2 GiB.
  std::vector<Chunk> cut(const Page& page) const;

 private:
  void cut_part(const Page& page, std::size_t begin, std::size_t end, std::vector<Chunk>& chunks) const;

  ChunkerOptions options_;
};

}  // namespace jackdaw::ingest
