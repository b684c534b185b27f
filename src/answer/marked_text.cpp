#include "answer/marked_text.h"

#include <algorithm>
#include <utility>

namespace jackdaw::answer {

void MarkedText::append(std::string_view text) {
  text_ += text;
  for (Mark& mark : marks_) {
    if (!mark.is_known && text_.size() - mark.begin > kMaxWaitingBytes) mark.is_known = true;
  }
}

void MarkedText::add_mark(int number, bool is_known, std::size_t end) {
  const std::string shown = "[" + std::to_string(number) + "]";
  marks_.push_back({is_known, text_.size(), shown.size(), end});
  append(shown);
}

void MarkedText::settle(std::span<const int> numbers) {
  const Mark mark = marks_.front();
  marks_.pop_front();
  if (mark.is_known) return;
  std::string shown;
  for (const int number : numbers) shown += "[" + std::to_string(number) + "]";
  const auto by = static_cast<std::ptrdiff_t>(shown.size()) - static_cast<std::ptrdiff_t>(mark.size);
  text_.replace(mark.begin, mark.size, shown);
  if (by == 0) return;
  moves_.push_back({mark.end, by});
  for (Mark& later : marks_) {
    if (!later.is_known) later.begin = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(later.begin) + by);
  }
}

std::size_t MarkedText::first_waiting() const {
  const auto waits = std::find_if(marks_.begin(), marks_.end(), [](const Mark& mark) { return !mark.is_known; });
  return waits == marks_.end() ? text_.size() : waits->begin;
}

std::string MarkedText::take() {
  const std::size_t size = first_waiting();
  std::string taken = text_.substr(0, size);
  text_.erase(0, size);
  for (Mark& mark : marks_) mark.begin -= std::min(mark.begin, size);
  return taken;
}

std::size_t MarkedText::moved(std::size_t position) const {
  auto at = static_cast<std::ptrdiff_t>(position);
  for (const Move& move : moves_) {
    if (move.from <= position) at += move.by;
  }
  return static_cast<std::size_t>(at);
}

}  // namespace jackdaw::answer
