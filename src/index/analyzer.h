#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace jackdaw::index {

// Grows when the same text and options give other terms.
inline constexpr int kAnalyzerVersion = 2;

enum class AnalyzerLanguage {
  kEnglish,
  kUnicode,  // any: words as they are written, none left out
};

struct AnalyzerOptions {
  AnalyzerLanguage language = AnalyzerLanguage::kEnglish;
  // English only: the Snowball stemmer.
  bool stem = true;
  // English only: leaves out function words ("the", "what").
  bool drop_stop_words = true;
  // Longer terms are cut at the last code point border before this, so that a base64 line costs no more than a word.
  std::size_t max_term_bytes = 64;
};

// Turns text into the terms that BM25 counts: NFKC_Casefold, then the words of UAX #29, then, for English, stop words
// and the stemmer. Runs of Han, kana and Hangul become overlapping pairs of letters in either language, a letter alone
// stands for itself: "東京都" gives "東京" and "京都", so that a question need not cut words as the document did. Text
// is normalised before it is cut into words, so that two texts that match under NFKC_Casefold (full-width letters,
// ligatures, composed or not) always give the same terms; cutting first would let the written form decide where a word
// ends. Takes time in proportion to the text. Immutable: any thread may use one analyzer at any time. Any bytes are
// fine as text.
class Analyzer {
 public:
  explicit Analyzer(const AnalyzerOptions& options = {});

  // In order of occurrence, repeated as they repeat. Never holds an empty term.
  std::vector<std::string> terms(std::string_view text) const;

  // In words, what decides the terms: the options, kAnalyzerVersion, and a checksum of the terms of one text, since the
  // Unicode tables and the stemmer of another version of their libraries may give others. Terms that were made under
  // another fingerprint must not be searched with this analyzer's.
  std::string fingerprint() const;

 private:
  void add_words(std::string_view text, std::vector<std::string>& terms) const;
  void add_pairs(std::string_view text, std::span<const text::CodePoint> run, std::vector<std::string>& terms) const;

  AnalyzerOptions options_;
};

}  // namespace jackdaw::index
