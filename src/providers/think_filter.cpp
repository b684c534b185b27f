#include "providers/think_filter.h"

#include <algorithm>

namespace jackdaw::providers {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
constexpr std::string_view kWhiteSpace = " \t\r\n";
// More white space than this before a tag is an answer; what is held back stays small.
constexpr std::size_t kMaxLeadingSpace = 256;

}  // namespace

std::string ThinkFilter::feed(std::string_view text) {
  held_ += text;
  if (state_ == State::kStart) {
    const std::size_t begin = std::min(held_.find_first_not_of(kWhiteSpace), held_.size());
    const std::string_view head = std::string_view(held_).substr(begin, kOpen.size());
    if (head == kOpen) {
      state_ = State::kThinking;
      has_thought_ = true;
      held_.erase(0, begin + kOpen.size());
    } else if (kOpen.starts_with(head) && begin <= kMaxLeadingSpace) {
      return {};
    } else {
      return finish();
    }
  }
  if (state_ == State::kThinking) {
    const std::size_t end = held_.find(kClose);
    if (end == std::string::npos) {
      held_.erase(0, held_.size() - std::min(held_.size(), kClose.size() - 1));
      return {};
    }
    state_ = State::kAfter;
    held_.erase(0, end + kClose.size());
  }
  if (state_ == State::kAfter) {
    const std::size_t begin = held_.find_first_not_of(kWhiteSpace);
    held_.erase(0, begin);
    if (begin == std::string::npos) return {};
  }
  return finish();
}

std::string ThinkFilter::finish() {
  std::string answer = state_ == State::kThinking ? std::string() : std::move(held_);
  held_.clear();
  state_ = State::kAnswer;
  return answer;
}

}  // namespace jackdaw::providers
