#include "index/analyzer.h"

#include <libstemmer.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <stdexcept>

#include "core/checksum.h"
#include "core/text.h"

namespace jackdaw::index {
namespace {

// Function words of English and what is left of them once an apostrophe was cut by a tokenizer elsewhere; ascending.
constexpr auto kStopWords = std::to_array<std::string_view>(
    {"a",     "about", "after", "again",  "all",    "also", "am",    "an",     "and",   "any",   "are",
     "as",    "at",    "be",    "been",   "being",  "both", "but",   "by",     "can",   "could", "did",
     "do",    "does",  "doing", "during", "each",   "for",  "from",  "had",    "has",   "have",  "having",
     "he",    "her",   "here",  "hers",   "him",    "his",  "how",   "i",      "if",    "in",    "into",
     "is",    "it",    "its",   "itself", "just",   "me",   "my",    "no",     "nor",   "not",   "of",
     "on",    "or",    "our",   "ours",   "own",    "same", "she",   "should", "so",    "some",  "such",
     "than",  "that",  "the",   "their",  "theirs", "them", "then",  "there",  "these", "they",  "this",
     "those", "to",    "too",   "very",   "was",    "we",   "were",  "what",   "when",  "where", "which",
     "while", "who",   "whom",  "why",    "will",   "with", "would", "you",    "your",  "yours"});
static_assert(std::is_sorted(kStopWords.begin(), kStopWords.end()));

// Words of many scripts and endings, with forms that normalisation folds.
constexpr std::string_view kProbe =
    "The geese\u2019s \uFB01les, generously organised: na\u00EFve caf\u00E9s, STRASSE stra\u00DFe, \uFF21\uFF22\uFF23, "
    "3.14 and "
    "12,000 km\u00B2; \u65E5\u672C\u8A9E \u0E20\u0E32\u0E29\u0E32\u0E44\u0E17\u0E22 "
    "\u0627\u0644\u0639\u0631\u0628\u064A\u0629 "
    "\u0939\u093F\u0928\u094D\u0926\u0940 don't co-operate e.g. x_1 flying skies relational conditional happily dying "
    "\U0001F426";
constexpr char kTermBorder[] = {'\n'};

bool is_stop_word(std::string_view word) noexcept {
  return std::binary_search(kStopWords.begin(), kStopWords.end(), word);
}

// A libstemmer handle holds the word it works on: one for each thread.
class Stemmer {
 public:
  Stemmer() : handle_(sb_stemmer_new("english", "UTF_8"), sb_stemmer_delete) {
    if (!handle_) throw std::runtime_error("libstemmer has no English stemmer");
  }

  void stem(std::string& word) {
    const sb_symbol* stem =
        sb_stemmer_stem(handle_.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
    if (stem == nullptr) throw std::bad_alloc();
    word.assign(reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(handle_.get())));
  }

 private:
  std::unique_ptr<sb_stemmer, decltype(&sb_stemmer_delete)> handle_;
};

Stemmer& stemmer() {
  thread_local Stemmer made;
  return made;
}

// The longest prefix of at most `limit` bytes that ends at a code point border.
std::string_view cut(std::string_view word, std::size_t limit) noexcept {
  if (word.size() <= limit) return word;
  while (limit > 0 && (static_cast<unsigned char>(word[limit]) & 0xC0) == 0x80) --limit;
  return word.substr(0, limit);
}

// The stemmer knows possessives only by the ASCII apostrophe, documents are set with the typographic one.
std::string with_straight_apostrophes(std::string text) {
  constexpr std::string_view kTypographic = "\u2019";
  std::size_t at = text.find(kTypographic);
  if (at == std::string::npos) return text;
  std::string straight;
  straight.reserve(text.size());
  std::size_t begin = 0;
  for (; at != std::string::npos; at = text.find(kTypographic, begin)) {
    straight.append(text, begin, at - begin).push_back('\'');
    begin = at + kTypographic.size();
  }
  return straight.append(text, begin);
}

// Every letter that is_cjk() has a first byte as high.
bool may_hold_cjk(std::string_view utf8) noexcept {
  return std::any_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xE1; });
}

}  // namespace

Analyzer::Analyzer(const AnalyzerOptions& options) : options_(options) {
  if (options_.language == AnalyzerLanguage::kEnglish) return;
  options_.stem = false;
  options_.drop_stop_words = false;
}

std::vector<std::string> Analyzer::terms(std::string_view text) const {
  const std::string normal = with_straight_apostrophes(text::normalize_for_matching(text));
  const std::string_view all = normal;
  std::vector<std::string> terms;
  terms.reserve(all.size() / 6);
  if (!may_hold_cjk(all)) {
    add_words(all, terms);
    return terms;
  }
  const std::vector<text::CodePoint> letters = text::decode(all);
  for (auto begin = letters.begin(); begin != letters.end();) {
    const bool is_cjk = text::is_cjk(begin->value);
    const auto end = std::find_if(begin, letters.end(),
                                  [&](const text::CodePoint& letter) { return text::is_cjk(letter.value) != is_cjk; });
    if (is_cjk) {
      add_pairs(all, {begin, end}, terms);
    } else {
      add_words(all.substr(begin->begin, std::prev(end)->end - begin->begin), terms);
    }
    begin = end;
  }
  return terms;
}

void Analyzer::add_words(std::string_view text, std::vector<std::string>& terms) const {
  for (const text::Range& range : text::words(text)) {
    const std::string_view word = text.substr(range.begin, range.end - range.begin);
    if (options_.drop_stop_words && is_stop_word(word)) continue;
    std::string term(cut(word, options_.max_term_bytes));
    if (options_.stem) stemmer().stem(term);
    if (!term.empty()) terms.push_back(std::move(term));
  }
}

void Analyzer::add_pairs(std::string_view text, std::span<const text::CodePoint> run,
                         std::vector<std::string>& terms) const {
  for (std::size_t first = 0; first == 0 || first + 1 < run.size(); ++first) {
    const std::size_t last = std::min(first + 1, run.size() - 1);
    const std::string_view pair = text.substr(run[first].begin, run[last].end - run[first].begin);
    if (const std::string_view term = cut(pair, options_.max_term_bytes); !term.empty()) terms.emplace_back(term);
  }
}

std::string Analyzer::fingerprint() const {
  Checksum checksum;
  for (const std::string& term : terms(kProbe)) {
    checksum.add(std::as_bytes(std::span(term)));
    checksum.add(std::as_bytes(std::span(kTermBorder)));
  }
  const std::string language = options_.language == AnalyzerLanguage::kEnglish ? "english" : "unicode";
  return "analyzer=" + std::to_string(kAnalyzerVersion) + " language=" + language +
         " stem=" + std::to_string(options_.stem) + " stop_words=" + std::to_string(options_.drop_stop_words) +
         " max_term_bytes=" + std::to_string(options_.max_term_bytes) + " probe=" + std::to_string(checksum.value());
}

}  // namespace jackdaw::index
