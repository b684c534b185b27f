#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer_event.h"
#include "core/ranking.h"

namespace jackdaw::answer {

// The place in a passage that carries a claim.
struct Quote {
  std::uint32_t begin = 0;  // bytes of Passage::text; equal to `end`: there is none
  std::uint32_t end = 0;
  bool verified = false;
};

// The sentence of `passage` (or two that follow each other, where one alone does not hold it) that matches `claim`
// best, and whether it says it: every number, date and name of the claim occurs in it, and enough of its other words.
// Pure. Work is bounded by the lengths of both.
Quote find_quote(std::string_view claim, std::string_view passage);

// Reads an answer as it streams and takes the writer's marks, [1] or [2][3] or [1, 2], for what they are. Marks that
// name a source stay in the text as [n]; a mark that names none is left out and counted; brackets that are no marks,
// and whatever stands in code, are text. What is told does not depend on how the text was cut into pieces, except where
// the pieces of text end. Not shared between threads.
class CitationReader {
 public:
  // `passages` are the sources, by their numbers; they outlive this.
  explicit CitationReader(std::span<const RetrievedPassage> passages);

  struct Step {
    std::string text;                 // to be shown now; may be empty
    std::vector<Citation> citations;  // whose claim is complete now; boxes are those of the whole passage
  };
  // The next piece of the writer's text. What may still become a mark is held back, a few characters at most.
  Step read(std::string_view piece);
  // Nothing more comes: what was held back is text.
  Step finish();

  int dropped_marks() const noexcept;

 private:
  struct State;
};

}  // namespace jackdaw::answer
