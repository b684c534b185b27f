#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace jackdaw::answer {

// One number of a mark, or a range of them: "3" is {3, 3}, "1-3" is {1, 3}.
struct MarkItem {
  int first = 0;
  int last = 0;  // not below `first`
  friend bool operator==(const MarkItem&, const MarkItem&) = default;
};

enum class MarkState { kNone, kPartial, kWhole };

struct MarkReading {
  MarkState state = MarkState::kNone;
  std::vector<MarkItem> items{};  // of a whole mark, in the order of writing, at least one
};

// A text that is longer is no mark.
inline constexpr std::size_t kMaxMarkBytes = 40;

// Reads a text that begins with a bracket as a writer's mark. A mark is a pair of [ ] or of full-width 【 】 around
// numbers of one or two digits and ranges of them, each perhaps after the word "passage" or "source", with commas or
// semicolons between. kPartial: it can still become one. Three digits and more (a year) are no number of a source.
// Pure.
MarkReading read_mark(std::string_view text);

}  // namespace jackdaw::answer
