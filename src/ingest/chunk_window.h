#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "ingest/chunker.h"

// How Chunker finds the borders of one chunk after the other. Offsets are bytes of valid UTF-8.
namespace jackdaw::ingest {

// A run of white space: the first code point behind it, and the last white one; both where it began when there is none.
struct WhiteRun {
  std::size_t end = 0;
  std::size_t last = 0;
};
WhiteRun white_run(std::string_view text, std::size_t at);
// The grapheme border nearest to the run's end: its end, unless what follows is a mark that combines with white space.
std::size_t content_after(std::string_view text, const WhiteRun& run);
bool is_white(std::string_view text);

// The part of a text that decides about one chunk. Offsets are relative to the chunk's begin.
class ChunkWindow {
 public:
  // `aim`: how many characters the chunk should have, at most options.max_characters; of kSections alone. The text must
  // outlive this.
  ChunkWindow(std::string_view text, std::size_t begin, std::size_t aim, const ChunkerOptions& options);

  bool reaches_end() const noexcept { return reaches_end_; }  // of the text
  std::size_t hard_end() const noexcept { return hard_end_; }

  // Where the chunk ends.
  std::size_t end() const;
  // Where the chunk after one that ends at `end` begins; `end` itself when there is no room for an overlap.
  std::size_t next_begin(std::size_t end) const;

 private:
  void find_hard_end(std::string_view rest, std::size_t limit);
  bool is_border(std::size_t at) const;
  bool is_white_before(std::size_t at) const;
  bool is_word_begin(std::size_t at) const;
  bool ends_paragraph(std::size_t at) const;
  std::optional<std::size_t> paragraph_end() const;
  std::optional<std::size_t> sentence_end() const;
  std::optional<std::size_t> word_end() const;
  // Of kSections: the end of a paragraph, sentence or line that lies best.
  std::optional<std::size_t> nearest_end() const;
  // Of kSections: the first sentence that begins in the range, else the first line, else `end`.
  std::size_t sentence_or_line_begin(std::size_t from, std::size_t end) const;
  // Where sentences end, line ends that part none being blanks.
  std::vector<std::size_t> flowing_sentence_ends() const;

  const ChunkerOptions& options_;
  std::string_view text_;
  std::vector<std::size_t> borders_;
  std::size_t soft_end_ = 0;  // from here on a chunk may end
  std::size_t aim_end_ = 0;   // of kSections: where it should
  std::size_t hard_end_ = 0;
  bool reaches_end_ = false;
};

}  // namespace jackdaw::ingest
