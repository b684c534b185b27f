#include "answer/citation_marks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/text.h"

namespace jackdaw::answer {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kLabels = {"passages"sv, "passage"sv, "sources"sv, "source"sv};  // a longer one before its prefix
constexpr std::array kCommas = {","sv, ";"sv, "\uff0c"sv, "\u3001"sv, "\uff1b"sv};
constexpr std::array kDashes = {"-"sv, "\u2010"sv, "\u2011"sv, "\u2013"sv};

// What a part of the text turned out to be; kEnd: the text ended before it could be told.
enum class Found { kNo, kYes, kEnd };

class MarkCursor {
 public:
  explicit MarkCursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  void skip_spaces() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  Found take(std::string_view wanted) {
    if (rest_.starts_with(wanted)) {
      rest_.remove_prefix(wanted.size());
      return Found::kYes;
    }
    return wanted.starts_with(rest_) ? Found::kEnd : Found::kNo;
  }

  template <class List>
  Found take_one_of(const List& list) {
    Found found = Found::kNo;
    for (const std::string_view wanted : list) {
      const Found one = take(wanted);
      if (one == Found::kYes) return one;
      if (one == Found::kEnd) found = one;
    }
    return found;
  }

  // "passage 1" or "passage" at the end; no label at all is kNo.
  Found take_label() {
    const std::string folded = text::fold_case(rest_);
    for (const std::string_view label : kLabels) {
      if (std::string_view(folded).starts_with(label)) {
        rest_.remove_prefix(label.size());
        return Found::kYes;
      }
      if (label.starts_with(folded)) return Found::kEnd;
    }
    return Found::kNo;
  }

  // One or two digits.
  std::optional<int> take_number() {
    const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (digits == 0 || digits > 2) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) value = value * 10 + (c - '0');
    rest_.remove_prefix(digits);
    return value;
  }

 private:
  std::string_view rest_;
};

// An item with the spaces around it.
Found take_item(MarkCursor& cursor, std::vector<MarkItem>& items) {
  cursor.skip_spaces();
  if (cursor.at_end() || cursor.take_label() == Found::kEnd) return Found::kEnd;
  cursor.skip_spaces();
  if (cursor.at_end()) return Found::kEnd;
  const auto first = cursor.take_number();
  if (!first) return Found::kNo;
  cursor.skip_spaces();
  const Found dash = cursor.take_one_of(kDashes);
  if (dash == Found::kEnd) return Found::kEnd;
  auto last = first;
  if (dash == Found::kYes) {
    cursor.skip_spaces();
    if (cursor.at_end()) return Found::kEnd;
    last = cursor.take_number();
    if (!last) return Found::kNo;
    cursor.skip_spaces();
  }
  items.push_back({std::min(*first, *last), std::max(*first, *last)});
  return cursor.at_end() ? Found::kEnd : Found::kYes;
}

MarkReading read_items(MarkCursor cursor, std::string_view closing) {
  MarkReading reading;
  for (;;) {
    const Found item = take_item(cursor, reading.items);
    if (item == Found::kNo) return {};
    if (item == Found::kEnd) return {MarkState::kPartial};
    switch (cursor.take(closing)) {
      case Found::kYes: reading.state = MarkState::kWhole; return cursor.at_end() ? reading : MarkReading{};
      case Found::kEnd: return {MarkState::kPartial};
      case Found::kNo: break;
    }
    const Found comma = cursor.take_one_of(kCommas);
    if (comma == Found::kNo) return {};
    if (comma == Found::kEnd) return {MarkState::kPartial};
  }
}

}  // namespace

MarkReading read_mark(std::string_view text) {
  if (text.empty() || text.size() > kMaxMarkBytes) return {};
  for (const auto& [opening, closing] : {std::pair{"["sv, "]"sv}, {"\u3010"sv, "\u3011"sv}}) {
    MarkCursor cursor(text);
    const Found found = cursor.take(opening);
    if (found == Found::kEnd) return {MarkState::kPartial};
    if (found == Found::kYes) return read_items(cursor, closing);
  }
  return {};
}

}  // namespace jackdaw::answer
