#pragma once

#include <string>
#include <string_view>

namespace jackdaw::providers {

// Takes the reasoning out that some servers leave at the start of an answer, between <think> and </think>, and the
// white space after it. Tags may be cut at any place. A <think> after other text is text. Not shared between threads.
class ThinkFilter {
 public:
  // What of `text`, and of what was held back before, belongs to the answer.
  std::string feed(std::string_view text);
  // No more text comes: what was held back and turned out to be no tag.
  std::string finish();

  // Everything from here on is answer: feed() would give back what it gets.
  bool is_past() const noexcept { return state_ == State::kAnswer; }
  bool has_thought() const noexcept { return has_thought_; }

 private:
  enum class State { kStart, kThinking, kAfter, kAnswer };
  std::string held_;  // kStart: white space and the beginning of a tag; kThinking: the beginning of the end tag
  State state_ = State::kStart;
  bool has_thought_ = false;
};

}  // namespace jackdaw::providers
