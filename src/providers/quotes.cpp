#include "providers/quotes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "core/text.h"

namespace jackdaw::providers {
namespace {

constexpr std::size_t kWrappedLineCharacters = 40;  // a line shorter than this was not wrapped for lack of room
constexpr std::size_t kSentenceWords = 5;           // fewer are a heading or a fragment, unless they state a value

constexpr std::array<std::string_view, 18> kPointingWords = {"it",    "its",   "he",   "she",   "his",     "her",
                                                             "they",  "their", "them", "this",  "these",   "that",
                                                             "those", "such",  "both", "there", "however", "also"};

std::string squeeze(std::string_view text) {
  std::string out;
  bool pending = false;
  for (const auto& c : text::decode(text)) {
    if (text::is_white_space(c.value)) {
      pending = !out.empty();
      continue;
    }
    if (std::exchange(pending, false)) out += ' ';
    text::append_utf8(out, c.value);
  }
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(squeeze(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool ends_sentence(std::string_view line) {
  while (line.ends_with('"') || line.ends_with(')') || line.ends_with('\'')) line.remove_suffix(1);
  return line.ends_with('.') || line.ends_with('!') || line.ends_with('?') || line.ends_with(':') ||
         line.ends_with("。");
}

// A small letter of the Latin, Greek or Cyrillic alphabet.
bool begins_small(std::string_view line) {
  if (line.empty()) return false;
  const char32_t c = text::decode(line.substr(0, 4)).front().value;
  return (c >= U'a' && c <= U'z') || (c >= U'\u00df' && c <= U'\u00ff') || (c >= U'\u03b1' && c <= U'\u03c9') ||
         (c >= U'\u0430' && c <= U'\u045f');
}

bool goes_on(std::string_view line, std::string_view next, std::size_t longest) {
  if (line.empty() || next.empty()) return false;
  if (begins_small(next)) return !ends_sentence(line);
  const std::size_t length = text::count_code_points(line);
  return !ends_sentence(line) && length >= kWrappedLineCharacters && length * 10 >= longest * 7;
}

bool has_digit(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos;
}

bool is_quotable(const std::string& sentence) {
  const std::size_t words = text::words(sentence).size();
  if (words >= kSentenceWords) return true;
  // "List price: €68,400" states a value; "5 Dimensions" is a heading.
  return words >= 2 && has_digit(sentence) && !has_digit(sentence.substr(0, 1));
}

bool points_back(std::string_view sentence) {
  const auto words = text::words(text::truncate(sentence, 40));
  if (words.empty()) return false;
  const std::string first = text::fold_case(sentence.substr(words[0].begin, words[0].end - words[0].begin));
  return std::find(kPointingWords.begin(), kPointingWords.end(), first) != kPointingWords.end();
}

// True when the sentence was quoted from an overlapping passage of the same document already, or a part of it was.
bool is_repeated(const std::vector<Quotable>& known, const Quotable& candidate,
                 std::span<const RetrievedPassage> passages) {
  return std::any_of(known.begin(), known.end(), [&](const Quotable& other) {
    return passages[other.passage].passage.document == passages[candidate.passage].passage.document &&
           (other.text.find(candidate.text) != std::string::npos ||
            candidate.text.find(other.text) != std::string::npos);
  });
}

std::string origin(const Passage& passage) {
  std::string text = " (" + squeeze(passage.filename);
  if (passage.span.page > 0) text += ", page " + std::to_string(passage.span.page);
  return text + ")";
}

}  // namespace

std::vector<std::string> split_into_sentences(std::string_view text) {
  const auto lines = lines_of(text);
  std::size_t longest = 0;
  for (const auto& line : lines) longest = std::max(longest, text::count_code_points(line));
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string block = lines[i];
    while (i + 1 < lines.size() && goes_on(lines[i], lines[i + 1], longest)) block += " " + lines[++i];
    for (const auto& range : text::sentences(block)) {
      std::string sentence = squeeze(std::string_view(block).substr(range.begin, range.end - range.begin));
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
      if (place > 0 && points_back(sentences[place])) candidate.before = sentences[place - 1];
      if (!is_repeated(found, candidate, passages)) found.push_back(std::move(candidate));
    }
  }
  return found;
}

std::vector<Quotable> choose(std::vector<Quotable> scored, std::span<const RetrievedPassage> passages,
                             const QuoteLimits& limits) {
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.logit > b.logit; });
  std::vector<Quotable> chosen;
  std::set<std::size_t> from;
  for (Quotable& candidate : scored) {
    if (chosen.size() >= limits.max_quotes) break;
    if (!chosen.empty() && candidate.logit <= limits.keep_above) break;
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

std::vector<std::string> format(std::span<const Quotable> chosen, std::span<const RetrievedPassage> passages) {
  std::vector<std::string> paragraphs;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Quotable& first = chosen[i];
    std::string quote = first.before.empty() ? first.text : first.before + " " + first.text;
    while (i + 1 < chosen.size() && chosen[i + 1].passage == first.passage &&
           chosen[i + 1].place == chosen[i].place + 1) {
      quote += " " + chosen[++i].text;
    }
    paragraphs.push_back("\"" + quote + "\"" + origin(passages[first.passage].passage) + " [" +
                         std::to_string(first.passage + 1) + "]");
  }
  return paragraphs;
}

}  // namespace jackdaw::providers
