#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::answer {

enum class TermKind {
  kFunction,  // "the", "however": says nothing by itself
  kWord,
  kNumber,  // a number, a percent or currency sign, a month of a date, "million"
  kModel,   // letters and digits in one word: "A320"
};

// A word, a number or a sign of a text, in the form in which it is compared.
struct Term {
  TermKind kind = TermKind::kWord;
  std::string key;   // case-folded, without plural and possessive; of numbers the value: "1234" for 1,234.0
  std::string stem;  // of words, shorter than the key; of numbers a second reading (68.400 is 68.4 or 68400), or empty
  std::uint32_t begin = 0;  // bytes
  std::uint32_t end = 0;
  bool capital = false;          // begins with one
  bool acronym = false;          // capitals beyond its first letter
  bool starts_sentence = false;  // as far as one can see
  bool footnote = false;         // the number of a footnote, glued to the end of a sentence
  bool month = false;            // of a date; its key is the English name
  bool unit = false;             // what a number counts, behind it: "kg", "months"
};

// All terms in the order of the text. Pure, linear.
std::vector<Term> read_terms(std::string_view text);

// True when one of the terms denies: "not", "no", "never", "cannot", "don't" and their like in some languages. The
// "No." of a number does not.
bool denies(std::string_view text, const std::vector<Term>& terms, std::size_t begin, std::size_t end);

// True when it holds a number, a name or a word that is no function word.
bool has_content(std::string_view text);

}  // namespace jackdaw::answer
