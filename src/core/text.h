#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// UTF-8 text by the Unicode standard's rules. All functions are pure and may be called from any thread. Offsets are
// bytes. Text that is not valid UTF-8 is never an error: each maximal ill-formed part counts as one U+FFFD.
namespace jackdaw::text {

// A half-open range of bytes.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// One code point and where it was read.
struct CodePoint {
  char32_t value = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

bool is_valid_utf8(std::string_view utf8) noexcept;
// Ill-formed parts and NUL replaced by U+FFFD.
std::string sanitize(std::string_view utf8);
std::vector<CodePoint> decode(std::string_view utf8);
void append_utf8(std::string& out, char32_t code_point);
std::size_t count_code_points(std::string_view utf8) noexcept;
// The longest prefix of at most `max_code_points` that ends at a grapheme border.
std::string_view truncate(std::string_view utf8, std::size_t max_code_points);

// Borders by UAX #29, ascending, from 0 to size() (both included; {0} for empty text).
std::vector<std::size_t> grapheme_borders(std::string_view utf8);
// Sentences by UAX #29 with the English list of abbreviations; they cover the text without gaps, trailing white space
// belongs to the sentence before it.
std::vector<Range> sentences(std::string_view utf8);
// The words of UAX #29 that hold a letter, a digit or an ideograph; in order.
std::vector<Range> words(std::string_view utf8);

// Full case folding, locale-independent.
std::string fold_case(std::string_view utf8);
// NFKC with case folding and without default-ignorable code points (NFKC_Casefold): for matching, never for display.
std::string normalize_for_matching(std::string_view utf8);
std::string nfc(std::string_view utf8);

// Properties of one code point, for tokenizers.
bool is_white_space(char32_t c) noexcept;
// General category Cc, Cf, Cn, Co or Cs, without tab, LF and CR.
bool is_control(char32_t c) noexcept;
// General category P*, or one of the ASCII symbols.
bool is_punctuation(char32_t c) noexcept;
// General category Mn.
bool is_nonspacing_mark(char32_t c) noexcept;
// A letter of the scripts that put no space between words, or particles behind them: Han, Hiragana, Katakana, Hangul.
bool is_cjk(char32_t c) noexcept;
// Canonical decomposition of one code point (itself when there is none).
std::u32string decompose(char32_t c);
// Full lower case of one code point, locale-independent.
std::u32string to_lower(char32_t c);
// NFD of a whole text, with the source range of each resulting code point.
std::vector<CodePoint> decode_nfd(std::string_view utf8);

// A cautious guess at the number of language-model tokens: about one for four ASCII letters, one for each two other
// characters. For budgets, not for billing.
std::size_t estimate_tokens(std::string_view utf8) noexcept;

std::string_view trim(std::string_view utf8) noexcept;

}  // namespace jackdaw::text
