#pragma once

#include <cstddef>

namespace jackdaw::answer {

// Follows a text in Markdown as it streams and tells what of it is code: between fences of three or more ` or ~
// (however far they are set in), and between runs of equally many backticks in one line. A run that is never closed
// lasts to the end of its line; one with white space behind it opens nothing, as in ``quoted''. Not shared between
// threads.
class CodeTracker {
 public:
  // True when `next`, the character behind those read, stands in code; of what is not ASCII the first byte is enough.
  bool is_code(char next) const noexcept;
  bool in_fence() const noexcept { return state_ == State::kFence || state_ == State::kFenceInfo; }
  // The character behind those read has a backslash before it that is not escaped itself.
  bool escaped() const noexcept { return escaped_; }
  void read(char c) noexcept;  // every byte of the text
  void leave_span() noexcept;  // what was read as the begin of code in a line was none

 private:
  enum class State { kProse, kOpening, kSpan, kSpanRun, kFenceInfo, kFence };
  void read_prose(char c) noexcept;
  void read_opening(char c) noexcept;
  void read_span(char c) noexcept;
  void read_fence(char c) noexcept;
  void start_line() noexcept;

  State state_ = State::kProse;
  char mark_ = '`';            // what the code was opened with
  std::size_t length_ = 0;     // of the run that opened it
  std::size_t run_ = 0;        // of the run that may close it
  bool line_open_ = true;      // only white space and > so far in this line
  bool fence_may_end_ = true;  // nothing in this line of the fence speaks against it
  bool escaped_ = false;
};

}  // namespace jackdaw::answer
