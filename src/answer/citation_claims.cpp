#include "answer/citation_claims.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "answer/quote_words.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kMaxTailBytes = 8192;
constexpr std::size_t kKeptTailBytes = 4096;  // a longer claim is cut off at its begin
constexpr std::size_t kMaxOriginBytes = 40;   // behind the file name: ", page 2 (printed as iv)"

// White space, emphasis, what a block begins with, and what is left of the sentence before.
constexpr std::string_view kBeforeClaim = " \t\r\n*_~#>|.,;:!?)]";
constexpr std::string_view kBehindClaim = " \t\r\n*_~|([,;:";

constexpr std::array kClosingQuotes = {"\""sv, "\u201d"sv, "\u00bb"sv, "\u300d"sv};
constexpr std::array kOpeningQuotes = {"\""sv, "\u201c"sv, "\u00ab"sv, "\u300c"sv};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool begins_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_indentation(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(" \t\r"), line.size()));
}

// The bytes of "- ", "* ", "12. " or "3) " that a list's item begins with.
std::size_t list_marker(std::string_view line) {
  std::size_t size = 0;
  if (line.starts_with('-') || line.starts_with('*') || line.starts_with('+')) size = 1;
  if (line.starts_with("\u2022")) size = 3;
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (digits >= 1 && digits <= 3 && digits < line.size() && (line[digits] == '.' || line[digits] == ')')) {
    size = digits + 1;
  }
  return size > 0 && size < line.size() && is_space(line[size]) ? size + 1 : 0;
}

bool stands_alone(std::string_view line) {
  return line.starts_with('#') || line.starts_with('|');
}

// Where the last block of the text begins: a paragraph, a list's item, a table's row or a heading.
std::size_t last_block(std::string_view text) {
  std::size_t block = 0;
  bool before_ends = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = without_indentation(text.substr(at, end - at));
    // What follows the text's last LF may still become an item or a row: it has not begun yet.
    const bool begins = at > 0 && (before_ends || list_marker(line) > 0 || stands_alone(line));
    if (begins || line.empty()) block = line.empty() ? std::min(end + 1, text.size()) : at;
    before_ends = line.empty() || stands_alone(line);
    if (end == text.size()) break;
    at = end + 1;
    if (at == text.size() && before_ends) block = at;
  }
  return block;
}

text::Range trim_claim(std::string_view text, text::Range range) {
  const auto view = [&] { return text.substr(range.begin, range.end - range.begin); };
  for (bool again = true; std::exchange(again, false);) {
    while (range.begin < range.end && kBeforeClaim.find(text[range.begin]) != std::string_view::npos) ++range.begin;
    if (const std::size_t marker = list_marker(view()); marker > 0) {
      range.begin += marker;
      again = true;
    }
  }
  while (range.end > range.begin && kBehindClaim.find(text[range.end - 1]) != std::string_view::npos) --range.end;
  return range;
}

template <class List>
std::size_t ends_with_one_of(std::string_view text, const List& list) {
  for (const std::string_view end : list) {
    if (text.ends_with(end)) return end.size();
  }
  return 0;
}

// The end of the text without "(magpie-7.pdf, page 2)"; nothing when it has none.
std::optional<std::size_t> before_origin(std::string_view text, std::span<const std::string> names) {
  const std::string_view shown = text::trim(text);
  if (!shown.ends_with(')')) return std::nullopt;
  for (const std::string& name : names) {
    const std::size_t at = name.empty() ? std::string_view::npos : text.rfind("(" + name);
    if (at == std::string_view::npos || at == 0 || !is_space(text[at - 1])) continue;
    const std::string_view behind = text.substr(at + 1 + name.size());
    if (behind.size() <= kMaxOriginBytes && behind.find('\n') == std::string_view::npos) return at;
  }
  return std::nullopt;
}

// Where the quotation begins that the text ends with.
std::optional<std::size_t> quotation_begin(std::string_view text) {
  for (std::size_t i = 0; i < kClosingQuotes.size(); ++i) {
    const std::string_view opening = kOpeningQuotes[i];
    if (!text.ends_with(kClosingQuotes[i])) continue;
    const std::string_view inside = text.substr(0, text.size() - kClosingQuotes[i].size());
    // A paragraph that is one quotation may hold other ones.
    const std::size_t lead = inside.size() - without_indentation(inside).size();
    if (inside.substr(lead).starts_with(opening)) return lead;
    for (std::size_t at = inside.rfind(opening); at != std::string_view::npos; at = inside.rfind(opening, at - 1)) {
      if (at == 0 || is_space(inside[at - 1]) || inside[at - 1] == '(') return at;
    }
  }
  return std::nullopt;
}

// Sentences in a paragraph: an LF in it is only where its line was wrapped.
std::vector<text::Range> sentences_of(std::string_view paragraph) {
  std::string flat(paragraph);
  std::replace(flat.begin(), flat.end(), '\n', ' ');
  std::replace(flat.begin(), flat.end(), '\r', ' ');
  return text::sentences(flat);
}

bool is_parenthesis(std::string_view sentence) {
  const std::string_view shown = text::trim(sentence);
  return shown.starts_with('(') && (shown.ends_with(')') || shown.ends_with(").")) &&
         shown.find(')') >= shown.size() - 2;
}

// The last sentence of the text with something in it. A parenthesis belongs to the sentence before.
text::Range last_sentence(std::string_view text) {
  const auto sentences = sentences_of(text);
  for (std::size_t i = sentences.size(); i-- > 0;) {
    const std::string_view sentence = text.substr(sentences[i].begin, sentences[i].end - sentences[i].begin);
    if (i > 0 && is_parenthesis(sentence)) continue;
    if (has_content(sentence)) return {sentences[i].begin, text.size()};
  }
  return {text.size(), text.size()};
}

// Where the claim stands that the text ends with; its last block begins at `block`.
text::Range claim_at_end(std::string_view text, std::size_t block, std::span<const std::string> names) {
  std::string_view part = text.substr(block);
  if (const auto origin = before_origin(part, names)) part = part.substr(0, *origin);
  part = trim_end(part);
  const auto quotation = quotation_begin(part);
  text::Range range = quotation ? text::Range{*quotation, part.size()} : last_sentence(part);
  return {block + range.begin, block + range.end};
}

// The first sentence of the text with something in it.
text::Range first_sentence(std::string_view text) {
  for (const text::Range& sentence : sentences_of(text)) {
    if (has_content(text.substr(sentence.begin, sentence.end - sentence.begin))) return sentence;
  }
  return {text.size(), text.size()};
}

// True for "", ",", "and": what stands between marks that go together.
bool only_joins(std::string_view text) {
  const auto terms = read_terms(text);
  return std::all_of(terms.begin(), terms.end(), [](const Term& term) {
    return term.key == "and" || term.key == "or" || term.key == "und" || term.key == "et" || term.key == "y";
  });
}

}  // namespace

bool ClaimText::ends_with_origin(std::string_view text, std::span<const std::string> names) {
  return before_origin(text, names).has_value();
}

std::vector<ClaimText::Supported> ClaimText::append(std::string_view text) {
  std::vector<Supported> settled;
  for (const char c : text) {
    tail_ += c;
    if (begins_code_point(c)) ++shown_;
    if (c != '\n' && tail_.size() < kMaxTailBytes) continue;
    for (auto& one : settle_at_line_end()) settled.push_back(std::move(one));
    if (tail_.size() >= kMaxTailBytes) cut();
  }
  return settled;
}

void ClaimText::append_code(std::string_view text) {
  if (!tail_.empty()) {
    const Claim before = claim_before(trim_end(tail_));
    if (before.end > before.begin) last_ = before;
  }
  shown_ += static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
  restart();
  after_marks_ = false;
}

std::vector<ClaimText::Supported> ClaimText::add(Marks marks, std::string_view shown) {
  std::vector<Supported> settled;
  const std::size_t block = last_block(tail_);
  const bool joins = after_marks_ && block == 0 && only_joins(tail_);
  if (!waiting_.empty() && (joins || !has_content(tail_))) {
    waiting_.push_back(std::move(marks.sources));
  } else if (joins) {
    settled.push_back({std::move(marks.sources), last_});
  } else {
    if (!waiting_.empty()) settled = settle(claim_of(first_sentence(tail_)));
    const Claim claim = claim_of(claim_at_end(tail_, block, marks.names));
    if (claim.end > claim.begin) {
      last_ = claim;
      settled.push_back({std::move(marks.sources), claim});
    } else {
      const Claim before = claim_before(trim_end(std::string_view(tail_).substr(0, block)));
      otherwise_ = before.end > before.begin ? before : last_;
      bare_ = trim_end(std::string_view(tail_).substr(block)).empty();
      waiting_.push_back(std::move(marks.sources));
    }
  }
  shown_ += text::count_code_points(shown);
  restart();
  after_marks_ = true;
  return settled;
}

std::vector<ClaimText::Supported> ClaimText::finish() {
  return waiting_.empty() ? std::vector<Supported>() : settle(claim_of(first_sentence(tail_)));
}

// An empty claim is the one before the marks.
std::vector<ClaimText::Supported> ClaimText::settle(Claim claim) {
  const bool otherwise = claim.end == claim.begin && otherwise_.end > otherwise_.begin;
  last_ = otherwise ? otherwise_ : std::move(claim);
  std::vector<Supported> settled;
  for (auto& sources : std::exchange(waiting_, {})) settled.push_back({std::move(sources), last_});
  return settled;
}

std::vector<ClaimText::Supported> ClaimText::settle_at_line_end() {
  if (waiting_.empty()) return {};
  Claim claim = claim_of(first_sentence(tail_));
  const bool found = claim.end > claim.begin;
  if (found || (bare_ && otherwise_.end > otherwise_.begin)) return settle(std::move(claim));
  restart();  // nothing of it is needed again
  after_marks_ = false;
  return {};
}

Claim ClaimText::claim_of(text::Range range) const {
  const std::string_view tail = tail_;
  const auto trimmed = trim_claim(tail, range);
  const std::size_t begin = tail_begin_ + text::count_code_points(tail.substr(0, trimmed.begin));
  const std::string_view words = tail.substr(trimmed.begin, trimmed.end - trimmed.begin);
  return {begin, begin + text::count_code_points(words), std::string(words)};
}

// Of the last paragraph with something in it.
Claim ClaimText::claim_before(std::string_view text) const {
  return claim_of(claim_at_end(text, last_block(text), {}));
}

void ClaimText::restart() {
  tail_.clear();
  tail_begin_ = shown_;
}

void ClaimText::cut() {
  std::size_t from = tail_.size() - kKeptTailBytes;
  while (from < tail_.size() && !begins_code_point(tail_[from])) ++from;
  tail_begin_ += text::count_code_points(std::string_view(tail_).substr(0, from));
  tail_.erase(0, from);
  after_marks_ = false;
}

}  // namespace jackdaw::answer
