#include "server/glob.h"

#include <algorithm>

#include "core/text.h"

namespace jackdaw::server {
namespace {

std::u32string letters_of(std::string_view utf8) {
  std::u32string letters;
  for (const text::CodePoint& c : text::decode(utf8)) letters.push_back(c.value);
  return letters;
}

std::vector<std::u32string_view> split(std::u32string_view path) {
  std::vector<std::u32string_view> segments;
  for (;;) {
    const std::size_t end = path.find(U'/');
    segments.push_back(path.substr(0, end));
    if (end == std::u32string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

// The classic match with one place to return to: only the last run that may be anything needs to grow.
template <class IsRun, class Fits>
bool match_with_runs(std::size_t patterns, std::size_t items, const IsRun& is_run, const Fits& fits) {
  std::size_t p = 0;
  std::size_t i = 0;
  std::size_t last_run = patterns;  // none yet
  std::size_t run_end = 0;
  while (i < items) {
    if (p < patterns && is_run(p)) {
      last_run = p++;
      run_end = i;
    } else if (p < patterns && fits(p, i)) {
      ++p;
      ++i;
    } else if (last_run < patterns) {
      p = last_run + 1;
      i = ++run_end;
    } else {
      return false;
    }
  }
  while (p < patterns && is_run(p)) ++p;
  return p == patterns;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  const std::u32string letters = letters_of(pattern);
  for (const std::u32string_view segment : split(letters)) segments_.push_back(parse_segment(segment));
}

// `at` stands after '['. Nothing but a plain bracket, and `at` unchanged, when no ']' follows.
Glob::Token Glob::parse_set(std::u32string_view text, std::size_t& at) {
  Token set{.kind = Token::Kind::kSet, .letter = 0, .ranges = {}, .negated = false};
  std::size_t i = at;
  if (i < text.size() && (text[i] == U'!' || text[i] == U'^')) {
    set.negated = true;
    ++i;
  }
  const std::size_t first = i;
  for (; i < text.size() && (text[i] != U']' || i == first); ++i) {
    const char32_t low = text[i];
    char32_t high = low;
    if (i + 2 < text.size() && text[i + 1] == U'-' && text[i + 2] != U']') {
      high = text[i + 2];
      i += 2;
    }
    set.ranges.emplace_back(low, high);
  }
  if (i >= text.size()) return {.kind = Token::Kind::kLiteral, .letter = U'[', .ranges = {}, .negated = false};
  at = i + 1;
  return set;
}

Glob::Segment Glob::parse_segment(std::u32string_view text) {
  Segment segment;
  if (text == U"**") {
    segment.any_folders = true;
    return segment;
  }
  for (std::size_t at = 0; at < text.size();) {
    const char32_t letter = text[at++];
    Token token;
    token.letter = letter;
    if (letter == U'*') token.kind = Token::Kind::kAnyRun;
    if (letter == U'?') token.kind = Token::Kind::kAnyOne;
    if (letter == U'[') token = parse_set(text, at);
    if (letter == U'\\' && at < text.size()) token.letter = text[at++];
    segment.tokens.push_back(std::move(token));
  }
  return segment;
}

bool Glob::fits(const Token& token, char32_t letter) {
  switch (token.kind) {
    case Token::Kind::kLiteral: return token.letter == letter;
    case Token::Kind::kAnyOne:
    case Token::Kind::kAnyRun: return true;
    case Token::Kind::kSet: break;
  }
  const bool listed = std::any_of(token.ranges.begin(), token.ranges.end(), [letter](const auto& range) {
    return range.first <= letter && letter <= range.second;
  });
  return listed != token.negated;
}

bool Glob::fits(const Segment& segment, std::u32string_view name) {
  const auto& tokens = segment.tokens;
  return match_with_runs(
      tokens.size(), name.size(), [&](std::size_t t) { return tokens[t].kind == Token::Kind::kAnyRun; },
      [&](std::size_t t, std::size_t i) { return fits(tokens[t], name[i]); });
}

bool Glob::matches(std::string_view path) const {
  const std::u32string letters = letters_of(path);
  const auto names = split(letters);
  return match_with_runs(
      segments_.size(), names.size(), [&](std::size_t s) { return segments_[s].any_folders; },
      [&](std::size_t s, std::size_t i) { return fits(segments_[s], names[i]); });
}

std::string quoted_for_glob(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

}  // namespace jackdaw::server
