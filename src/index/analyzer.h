#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::index {

// Grows when the same text and options give other terms.
inline constexpr int kAnalyzerVersion = 1;

struct AnalyzerOptions {
  // Snowball English stemmer.
  bool stem = true;
  // Leaves out English function words ("the", "what").
  bool drop_stop_words = true;
  // Longer terms are cut at the last code point border before this, so that a base64 line costs no more than a word.
  std::size_t max_term_bytes = 64;
};

// Turns text into the terms that BM25 counts: NFKC_Casefold, then the words of UAX #29, then stop words, then the
// stemmer. Text is normalised before it is cut into words, so that two texts that match under NFKC_Casefold (full-width
// letters, ligatures, composed or not) always give the same terms; cutting first would let the written form decide
// where a word ends. Immutable: any thread may use one analyzer at any time. Any bytes are fine as text.
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
  AnalyzerOptions options_;
};

}  // namespace jackdaw::index
