#include "providers/quotes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "core/squeeze.h"
#include "core/text.h"

namespace jackdaw::providers {
namespace {

constexpr std::size_t kWrappedLineCharacters = 32;  // a line shorter than this was not wrapped for lack of room
constexpr std::size_t kSentenceWords = 5;           // fewer are a heading or a fragment, unless they state a value
constexpr std::size_t kRowWords = 7;         // the same for a line that neither ends as a sentence nor holds a digit
constexpr std::size_t kUnitCharacters = 3;   // a longer word behind a number, if capital, is no unit
constexpr std::size_t kMarkedWordBytes = 4;  // "operators.1" has a footnote mark, "No.1" has none

constexpr std::array<std::string_view, 9> kBullets = {"• ", "‣ ", "▪ ", "◦ ", "· ", "– ", "— ", "- ", "* "};

constexpr std::array<std::string_view, 18> kPointingWords = {"it",    "its",   "he",   "she",   "his",     "her",
                                                             "they",  "their", "them", "this",  "these",   "that",
                                                             "those", "such",  "both", "there", "however", "also"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_digit);
}

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Line {
  std::string text;
  std::size_t length = 0;  // characters
  bool in_rows = false;    // of a table or a list rather than of wrapped text
};

char32_t first_character(std::string_view text) {
  return text.empty() ? U' ' : text::decode(text.substr(0, 4)).front().value;
}

bool ends_sentence(std::string_view line) {
  while (line.ends_with('"') || line.ends_with(')') || line.ends_with('\'')) line.remove_suffix(1);
  return line.ends_with('.') || line.ends_with('!') || line.ends_with('?') || line.ends_with(':') ||
         line.ends_with("。");
}

// A small letter of the Latin, Greek or Cyrillic alphabet.
bool begins_small(std::string_view line) {
  const char32_t c = first_character(line);
  return (c >= U'a' && c <= U'z') || (c >= U'\u00df' && c <= U'\u00ff') || (c >= U'\u03b1' && c <= U'\u03c9') ||
         (c >= U'\u0430' && c <= U'\u045f');
}

bool begins_capital(std::string_view text) {
  const char32_t c = first_character(text);
  return text::to_lower(c) != std::u32string(1, c);
}

bool begins_with_bullet(std::string_view line) {
  return std::any_of(kBullets.begin(), kBullets.end(), [&](const auto bullet) { return line.starts_with(bullet); });
}

// A raised number that the page's text gives a line of its own.
bool is_footnote_mark(std::string_view line) {
  return !line.empty() && line.size() <= 2 && std::all_of(line.begin(), line.end(), is_digit);
}

// The lines of a table or a list begin large, as a rule; those of wrapped text begin so only now and then.
void mark_rows(std::span<Line> block) {
  std::size_t breaks = 0;
  std::size_t before_large = 0;
  for (std::size_t i = 0; i + 1 < block.size(); ++i) {
    const std::string& next = block[i + 1].text;
    if (ends_sentence(block[i].text) || is_footnote_mark(next)) continue;
    ++breaks;
    if (begins_capital(next) || is_digit(next[0])) ++before_large;
  }
  if (before_large < 2 || before_large * 3 <= breaks * 2) return;
  for (Line& line : block) line.in_rows = true;
}

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line = text::squeeze(text.substr(0, end));
    const std::size_t length = text::count_code_points(line);
    lines.push_back({std::move(line), length});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto is_blank = [](const Line& line) { return line.text.empty(); };
  for (auto begin = lines.begin(); begin != lines.end();) {
    const auto end = std::find_if(begin, lines.end(), is_blank);
    mark_rows({begin, end});
    begin = std::find_if_not(end, lines.end(), is_blank);
  }
  return lines;
}

// True when the next line's first word had no room left on this one. Letters differ in width, so it is a guess.
bool is_full(const Line& line, std::string_view next, std::size_t longest) {
  const std::size_t word = text::count_code_points(next.substr(0, next.find(' ')));
  return (line.length + 1 + word) * 10 >= longest * 8;
}

bool goes_on(const Line& line, std::string_view next, std::size_t longest) {
  if (line.text.empty() || next.empty() || begins_with_bullet(next)) return false;
  if (begins_small(next)) {
    return !ends_sentence(line.text) || (line.text.ends_with(':') && !line.in_rows && is_full(line, next, longest));
  }
  if (line.in_rows || is_footnote_mark(next) || ends_sentence(line.text)) return false;
  return line.length >= kWrappedLineCharacters && is_full(line, next, longest);
}

// "214 km" in large type, and below it "of range with the camera pod".
bool is_captioned_figure(const Line& line, std::string_view caption) {
  return !line.text.empty() && is_digit(line.text[0]) && line.length < kWrappedLineCharacters &&
         !ends_sentence(line.text) && begins_small(caption);
}

// The number of lines from `first` on that are one part of the text. At least one.
std::size_t lines_of_part(std::span<const Line> lines, std::size_t longest) {
  std::size_t count = 1;
  if (lines.size() > 2 && lines[1].text.empty() && is_captioned_figure(lines[0], lines[2].text)) count = 3;
  while (count < lines.size()) {
    const std::string& next = lines[count].text;
    const bool marked = is_footnote_mark(next) && count + 1 < lines.size() && !lines[count - 1].text.empty() &&
                        !ends_sentence(lines[count - 1].text) && begins_small(lines[count + 1].text);
    if (!marked && !goes_on(lines[count - 1], next, longest)) break;
    count += marked ? 2 : 1;
  }
  return count;
}

// "two operators.1 It needs" becomes "two operators. It needs": the mark would keep the sentences together.
std::string without_footnote_marks(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] != '.' && text[i] != '!' && text[i] != '?') continue;
    const std::string_view word = std::string_view(out).substr(0, out.size() - 1);
    if (word.size() < kMarkedWordBytes || !std::all_of(word.end() - kMarkedWordBytes, word.end(), is_ascii_letter)) {
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const std::string_view behind = rest.substr(digits);
    const bool ends = behind.empty() || (behind[0] == ' ' && begins_capital(behind.substr(1)));
    if (digits >= 1 && digits <= 2 && ends) i += digits;
  }
  return out;
}

std::vector<std::string_view> split_at_spaces(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// "Magpie-7" is one word.
std::size_t count_words(std::string_view text) {
  const auto words = text::words(text);
  const auto is_tail = [&](const text::Range& word) { return word.begin > 0 && text[word.begin - 1] == '-'; };
  return words.size() - static_cast<std::size_t>(std::count_if(words.begin(), words.end(), is_tail));
}

// "List price: €68,400" and "Mass 12 kg" state a value; "5 Dimensions", "Magpie-7", "Chapter 3 Safety" and "Data sheet
// 2" are names.
bool states_value(std::string_view text) {
  const auto words = split_at_spaces(text);
  if (words.empty() || is_digit(words[0][0])) return false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!has_digit(word) || is_ascii_letter(word[0])) continue;
    const bool is_bare =
        std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.' || c == ','; });
    if (!is_bare || words[i - 1].ends_with(':')) return true;
    if (i + 1 == words.size()) continue;
    if (!begins_capital(words[i + 1]) || text::count_code_points(words[i + 1]) <= kUnitCharacters) return true;
  }
  return false;
}

bool is_quotable(std::string_view part) {
  const std::size_t words = count_words(part);
  if (words < kSentenceWords) return words >= 2 && states_value(part);
  const bool is_label = part.find(": ") != std::string_view::npos;
  return words >= kRowWords || ends_sentence(part) || has_digit(part) || is_label || begins_with_bullet(part);
}

bool points_back(std::string_view sentence) {
  const auto words = text::words(text::truncate(sentence, 40));
  if (words.empty()) return false;
  const std::string first = text::fold_case(sentence.substr(words[0].begin, words[0].end - words[0].begin));
  return std::find(kPointingWords.begin(), kPointingWords.end(), first) != kPointingWords.end();
}

// Passages overlap: of a part that stands in another one too, whole or cut, the longer is kept.
void add_unless_repeated(std::vector<Quotable>& known, Quotable candidate, std::span<const RetrievedPassage> passages) {
  const auto in_same_document = [&](const Quotable& other) {
    return passages[other.passage].passage.document == passages[candidate.passage].passage.document;
  };
  if (std::any_of(known.begin(), known.end(), [&](const Quotable& other) {
        return in_same_document(other) && other.text.find(candidate.text) != std::string::npos;
      })) {
    return;
  }
  std::erase_if(known, [&](const Quotable& other) {
    return in_same_document(other) && candidate.text.find(other.text) != std::string::npos;
  });
  known.push_back(std::move(candidate));
}

std::string origin(const Passage& passage) {
  std::string text = " (" + text::squeeze(passage.filename);
  if (passage.paged && passage.span.page > 0) text += ", page " + std::to_string(passage.span.page);
  return text + ")";
}

}  // namespace

std::vector<std::string> split_into_sentences(std::string_view text) {
  const auto lines = lines_of(text);
  std::size_t longest = 0;
  for (const auto& line : lines) longest = std::max(longest, line.length);
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < lines.size();) {
    const std::size_t end = i + lines_of_part(std::span(lines).subspan(i), longest);
    std::string joined;
    for (; i < end; ++i) joined += lines[i].text + " ";
    const std::string part = without_footnote_marks(text::squeeze(joined));
    for (const auto& range : text::sentences(part)) {
      std::string sentence = text::squeeze(std::string_view(part).substr(range.begin, range.end - range.begin));
      if (!sentence.empty()) sentences.push_back(std::move(sentence));
    }
  }
  return sentences;
}

std::vector<Quotable> quotables(std::span<const RetrievedPassage> passages, std::size_t limit) {
  std::vector<Quotable> found;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    const Passage& passage = passages[i].passage;
    const auto sentences = split_into_sentences(passage.text);
    for (std::size_t place = 0; place < sentences.size() && found.size() < limit; ++place) {
      // What begins small at the begin of a passage is the rest of a sentence that the passage before holds.
      const bool is_rest = place == 0 && passage.span.begin > 0 && begins_small(sentences[0]);
      if (is_rest || !is_quotable(sentences[place])) continue;
      Quotable candidate{i, place, sentences[place], "", 0};
      // A heading is not what "It" points to.
      const bool follows_sentence = place > 0 && ends_sentence(sentences[place - 1]);
      if (follows_sentence && points_back(sentences[place])) candidate.before = sentences[place - 1];
      add_unless_repeated(found, std::move(candidate), passages);
    }
  }
  return found;
}

std::vector<Quotable> choose(std::vector<Quotable> scored, std::span<const RetrievedPassage> passages,
                             const QuoteLimits& limits) {
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.logit > b.logit; });
  const float at_least = scored.front().logit - limits.margin;
  std::vector<Quotable> chosen;
  std::set<std::size_t> from;
  for (Quotable& candidate : scored) {
    if (chosen.size() >= limits.max_quotes) break;
    if (!chosen.empty() && (candidate.logit <= limits.keep_above || candidate.logit < at_least)) break;
    if (!from.contains(candidate.passage) && from.size() >= limits.max_passages) continue;
    from.insert(candidate.passage);
    chosen.push_back(std::move(candidate));
  }
  // Documents by their best passage's rank, then by where it stands.
  const auto document_rank = [&](const Quotable& quote) {
    const auto first = std::find_if(passages.begin(), passages.end(), [&](const auto& found) {
      return found.passage.document == passages[quote.passage].passage.document;
    });
    return first - passages.begin();
  };
  std::sort(chosen.begin(), chosen.end(), [&](const Quotable& a, const Quotable& b) {
    const SourceSpan& in_a = passages[a.passage].passage.span;
    const SourceSpan& in_b = passages[b.passage].passage.span;
    return std::tuple(document_rank(a), in_a.page, in_a.begin, a.passage, a.place) <
           std::tuple(document_rank(b), in_b.page, in_b.begin, b.passage, b.place);
  });
  return chosen;
}

std::vector<std::string> format(std::span<const Quotable> chosen, const Prompt& prompt) {
  std::vector<std::string> paragraphs;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Quotable& first = chosen[i];
    std::string quote = first.before.empty() ? first.text : first.before + " " + first.text;
    while (i + 1 < chosen.size() && chosen[i + 1].passage == first.passage &&
           chosen[i + 1].place == chosen[i].place + 1 && ends_sentence(chosen[i].text)) {
      quote += " " + chosen[++i].text;
    }
    paragraphs.push_back("\"" + quote + "\"" + origin(prompt.passages[first.passage].passage) + " [" +
                         std::to_string(prompt.number_of(first.passage)) + "]");
  }
  return paragraphs;
}

}  // namespace jackdaw::providers
