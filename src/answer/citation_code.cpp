#include "answer/citation_code.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kFenceLength = 3;

bool is_indentation(char c) {
  return c == ' ' || c == '\t' || c == '>';
}

}  // namespace

bool CodeTracker::is_code(char next) const noexcept {
  switch (state_) {
    case State::kProse: return false;
    case State::kOpening: return mark_ == '`' ? next != ' ' && next != '\n' : length_ >= kFenceLength;
    case State::kSpanRun: return run_ != length_ && next != '\n';
    case State::kSpan: return next != '\n';
    case State::kFenceInfo:
    case State::kFence: return true;
  }
  return false;
}

void CodeTracker::read(char c) noexcept {
  switch (state_) {
    case State::kProse: return read_prose(c);
    case State::kOpening: return read_opening(c);
    case State::kSpan:
    case State::kSpanRun: return read_span(c);
    case State::kFenceInfo:
      if (c == '\n') {
        state_ = State::kFence;
        start_line();
      } else if (c == '`' && mark_ == '`') {  // the line of a fence has none: it was code in a line
        state_ = State::kSpanRun;
        run_ = 1;
      }
      return;
    case State::kFence: return read_fence(c);
  }
}

void CodeTracker::leave_span() noexcept {
  if (!in_fence()) state_ = State::kProse;
}

void CodeTracker::start_line() noexcept {
  line_open_ = true;
  fence_may_end_ = true;
  escaped_ = false;
  run_ = 0;
}

void CodeTracker::read_prose(char c) noexcept {
  if (c == '\n') return start_line();
  if (!escaped_ && (c == '`' || (c == '~' && line_open_))) {
    state_ = State::kOpening;
    mark_ = c;
    length_ = 1;
    return;
  }
  escaped_ = c == '\\' && !escaped_;
  line_open_ = line_open_ && is_indentation(c);
}

void CodeTracker::read_opening(char c) noexcept {
  if (c == mark_) {
    ++length_;
    return;
  }
  if (line_open_ && length_ >= kFenceLength) {
    state_ = State::kFenceInfo;
    return read(c);
  }
  line_open_ = false;
  const bool opens = is_code(c);
  state_ = opens ? State::kSpan : State::kProse;
  if (!opens) read_prose(c);
}

void CodeTracker::read_span(char c) noexcept {
  if (c == '`') {
    run_ = state_ == State::kSpanRun ? run_ + 1 : 1;
    state_ = State::kSpanRun;
    return;
  }
  const bool closed = state_ == State::kSpanRun && run_ == length_;
  line_open_ = false;
  state_ = closed || c == '\n' ? State::kProse : State::kSpan;
  if (state_ == State::kProse) read_prose(c);
}

void CodeTracker::read_fence(char c) noexcept {
  if (c == '\n') {
    if (fence_may_end_ && run_ >= length_) state_ = State::kProse;
    return start_line();
  }
  if (c == mark_ && (run_ > 0 || line_open_)) {
    ++run_;
    fence_may_end_ = fence_may_end_ && line_open_;
  } else if (c == ' ' || c == '\t' || (c == '>' && run_ == 0)) {
    if (run_ > 0) line_open_ = false;
  } else {
    fence_may_end_ = false;
    line_open_ = false;
  }
}

}  // namespace jackdaw::answer
