#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/prompt_passages.h"
#include "core/answer_event.h"
#include "core/ranking.h"

namespace jackdaw::answer {

// Reads an answer as it streams and takes the writer's marks for what they are: [1], [2][3], [1, 2], [1-3], 【1】,
// [passage 1], [Source 2].
//
// - A mark that names a source is shown as [n], a list as [1][2]. The k-th mark that is shown is that of citation k;
//   its number is the source of that citation.
// - A mark of a source that the writer saw as part of a passage of several stands for that passage. It is shown with
//   the number of the source that has the quote, or with several where only together they have it; while its claim is
//   not complete it is held back with what follows it, at most kMaxWaitingBytes (marked_text.h).
// - A mark, or a number of a list, that names no source is left out, with the spaces before it, and counted. Such a
//   number has one or two digits: [2024] is text.
// - Code, \[1] and brackets that stand in a passage or a file name just so, with the words before them, are text.
// - What would make a link of a mark does not: a space parts it from a "(", a "[" or, at a line's begin, a ":" that
//   follows it.
// - Beyond kMaxCitations marks are left out as if they named no source.
//
// What is told does not depend on how the text was cut, so long as it is cut between code points. Time is linear in the
// text but for the passages that are searched for each citation. Not shared between threads.
class CitationReader {
 public:
  // `sources` by their numbers; they outlive this. The writer saw each of them as a passage by itself.
  explicit CitationReader(std::span<const RetrievedPassage> sources);
  // The writer saw of them what is `shown`, and no other can be cited. A place is one in `sources`.
  CitationReader(std::span<const RetrievedPassage> sources, std::vector<PromptPassage> shown);
  ~CitationReader();
  CitationReader(CitationReader&&) noexcept;
  CitationReader& operator=(CitationReader&&) noexcept;

  struct Step {
    std::string text;                 // to be shown now; may be empty
    std::vector<Citation> citations;  // whose claim is complete now; boxes are those of the whole passage
  };
  // The next piece of the writer's text. What may still become a mark is held back, and the spaces before it: at most
  // kMaxHeldBytes.
  Step read(std::string_view piece);
  // Nothing more comes: what was held back is text.
  Step finish();

  int dropped_marks() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr std::size_t kMaxHeldBytes = 48;
inline constexpr std::size_t kMaxCitations = 200;  // of one answer

}  // namespace jackdaw::answer
