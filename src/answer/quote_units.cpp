#include <algorithm>
#include <span>
#include <string>

#include "answer/quote_finder.h"

namespace jackdaw::answer {
namespace {

constexpr std::string_view kWhite = " \t\r\n\f\v";

struct Line {
  text::Range at;              // with its LF
  std::string_view shown;      // trimmed
  std::size_t characters = 0;  // of it
  bool ends_part = false;      // the next line does not go on with it
};

char32_t first_character(std::string_view text) {
  return text.empty() ? U' ' : text::decode(text.substr(0, 4)).front().value;
}

bool begins_large(std::string_view text) {
  const char32_t c = first_character(text);
  return (c >= U'0' && c <= U'9') || text::to_lower(c) != std::u32string(1, c);
}

bool begins_small(std::string_view text) {
  const char32_t c = first_character(text);
  return (c >= U'a' && c <= U'z') || (c >= U'\u00df' && c <= U'\u00ff') || (c >= U'\u03b1' && c <= U'\u045f');
}

bool begins_item(std::string_view text) {
  for (const std::string_view mark : {"- ", "* ", "+ ", "\u2022", "\u2023", "\u25aa", "\u25e6", "\u2013 ", "|"}) {
    if (text.starts_with(mark)) return true;
  }
  return false;
}

bool ends_sentence(std::string_view text) {
  while (text.ends_with('"') || text.ends_with(')') || text.ends_with('\'')) text.remove_suffix(1);
  for (const std::string_view end : {".", "!", "?", ":", "\u3002"}) {
    if (text.ends_with(end)) return true;
  }
  return false;
}

std::vector<Line> lines_of(std::string_view passage) {
  std::vector<Line> lines;
  for (std::size_t at = 0; at < passage.size();) {
    const std::size_t feed = passage.find('\n', at);
    const std::size_t end = feed == std::string_view::npos ? passage.size() : feed + 1;
    const std::string_view shown = text::trim(passage.substr(at, end - at));
    lines.push_back({{at, end}, shown, text::count_code_points(shown), false});
    at = end;
  }
  return lines;
}

// True when the line was wrapped because the next one's first word had no room. Letters differ in width: it is a guess.
bool is_full(const Line& line, const Line& next, std::size_t longest) {
  const std::string_view word = next.shown.substr(0, next.shown.find(' '));
  return (line.characters + 1 + text::count_code_points(word)) * 10 >= longest * 8;
}

// The rows of a table begin large, as a rule; wrapped lines do so now and then.
bool are_rows(std::span<const Line> block) {
  std::size_t breaks = 0;
  std::size_t large = 0;
  for (std::size_t i = 1; i < block.size(); ++i) {
    if (ends_sentence(block[i - 1].shown)) continue;
    ++breaks;
    if (begins_large(block[i].shown)) ++large;
  }
  return large >= 2 && large * 3 > breaks * 2;
}

void mark_parts(std::vector<Line>& lines) {
  std::size_t longest = 0;
  for (const Line& line : lines) longest = std::max(longest, line.characters);
  for (std::size_t begin = 0; begin < lines.size();) {
    std::size_t end = begin;
    while (end < lines.size() && !lines[end].shown.empty()) ++end;
    const bool rows = are_rows({lines.data() + begin, end - begin});
    for (std::size_t i = begin; i < end; ++i) {
      const bool last = i + 1 == end;
      lines[i].ends_part = last || begins_item(lines[i + 1].shown) ||
                           (!begins_small(lines[i + 1].shown) && (rows || !is_full(lines[i], lines[i + 1], longest)));
    }
    begin = std::max(end, begin + 1);
  }
}

void add_sentences(std::string_view passage, text::Range part, std::vector<text::Range>& units) {
  std::string flat(passage.substr(part.begin, part.end - part.begin));
  std::replace_if(
      flat.begin(), flat.end(), [](char c) { return c == '\n' || c == '\r' || c == '\f' || c == '\v'; }, ' ');
  for (const text::Range& sentence : text::sentences(flat)) {
    const std::size_t begin = flat.find_first_not_of(kWhite, sentence.begin);
    if (begin >= sentence.end) continue;
    const std::size_t end = flat.find_last_not_of(kWhite, sentence.end - 1) + 1;
    units.push_back({part.begin + begin, part.begin + end});
  }
}

}  // namespace

std::vector<text::Range> quotable_units(std::string_view passage) {
  auto lines = lines_of(passage);
  mark_parts(lines);
  std::vector<text::Range> units;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].ends_part && !lines[i].shown.empty()) continue;
    add_sentences(passage, {begin, lines[i].at.end}, units);
    begin = lines[i].at.end;
  }
  if (begin < passage.size()) add_sentences(passage, {begin, passage.size()}, units);
  return units;
}

}  // namespace jackdaw::answer
