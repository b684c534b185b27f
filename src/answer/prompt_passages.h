#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/ranking.h"

namespace jackdaw::answer {

struct PromptPassagesOptions {
  std::size_t top_k = 3;          // chunks that are chosen, at most
  bool merge_neighbours = true;   // chosen chunks that touch in their document become one passage
  bool drop_duplicates = true;    // a chunk that says what a better one says gives its place to the next
  double duplicate_share = 0.85;  // 0..1: from this share of common word triples on, of the shorter text, it is one
};

// A passage as the prompt shows it, made of one chunk, or of several that follow each other on a page.
struct PromptPassage {
  // One of the chunks as it is, in which it is merged: the best of them, with its id, score and reasons; text, span and
  // boxes are of the whole.
  RetrievedPassage passage;
  // Where each of its chunks begins and ends in `passage.passage.text`, in reading order. Neighbours overlap as their
  // chunks do.
  struct Part {
    ChunkId chunk;
    std::size_t begin = 0;  // bytes
    std::size_t end = 0;
    std::size_t place = 0;  // of the chunk among those that were found; 0 is the best
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts;

  std::size_t best_place() const;  // of its parts
};

// Chooses what the prompt shows from `found`, which is ordered best first and may hold more than top_k: those that are
// left when duplicates are dropped take the places. The result is ordered by the best chunk of each passage. Chunks are
// merged only where they are what their spans say, and say the same where they overlap. Passages that are gone
// (RetrievedPassage::deleted) are left out. Pure; time grows with the length of the texts, and with the square of
// top_k.
std::vector<PromptPassage> choose_passages(std::vector<RetrievedPassage> found, const PromptPassagesOptions& options);

// The share of the word triples of the shorter text that the other one holds as well (w-shingling, Broder 1997), words
// compared without case and punctuation; for texts of less than three words 1 when they are the same words, else 0.
double common_share(std::string_view a, std::string_view b);

}  // namespace jackdaw::answer
