#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::answer {

// The text of an answer on its way to its reader. A mark whose source is known is shown at once. One that stands for a
// passage of several sources waits for what it supports, and the text behind it with it: then it is shown with the
// number of the source that has it, or with several. Positions are code points of the text as if each mark had been
// shown with the number it was written with; `moved` tells where they are in the text that is shown. Not shared between
// threads.
class MarkedText {
 public:
  void append(std::string_view text);
  // A mark that is written "[number]"; `end` is the position behind it. It waits unless it `is_known`.
  void add_mark(int number, bool is_known, std::size_t end);

  // The oldest mark that was not settled yet. There is one.
  bool next_is_known() const { return marks_.front().is_known; }
  // That mark is shown with `numbers`, at least one; for one that is known they are its own.
  void settle(std::span<const int> numbers);

  // What can be shown now and was not taken yet.
  std::string take();
  std::size_t moved(std::size_t position) const;

 private:
  struct Mark {
    bool is_known = false;
    std::size_t begin = 0;  // bytes of text_, of one that waits
    std::size_t size = 0;
    std::size_t end = 0;  // position
  };
  struct Move {
    std::size_t from = 0;   // position
    std::ptrdiff_t by = 0;  // of all positions from there on
  };
  std::size_t first_waiting() const;

  std::string text_;        // not taken yet
  std::deque<Mark> marks_;  // not settled yet
  std::vector<Move> moves_;
};

// Bytes that wait for a mark at most; then it is known by the number that was written.
inline constexpr std::size_t kMaxWaitingBytes = 1024;

}  // namespace jackdaw::answer
