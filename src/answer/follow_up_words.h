#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace jackdaw::answer {

// What English a word is, as far as a list of words can say it. One word may be several.
enum class WordClass : std::uint16_t {
  kPersonal = 1 << 0,       // it, they, his: stands for something that was named
  kDemonstrative = 1 << 1,  // this, those
  kQuestion = 1 << 2,       // what, how, who
  kAuxiliary = 1 << 3,      // is, did, could
  kPreposition = 1 << 4,    // of, about
  kConjunction = 1 << 5,    // and, because
  kFunction = 1 << 6,       // any word that carries grammar alone; all of the above are
  kVerb = 1 << 7,           // a common verb: ends a group of nouns, names no topic
  kRelational = 1 << 8,     // symptoms, author: of something; incomplete without it
  kVague = 1 << 9,          // main, best, other, thing: says little about any topic
  kForeign = 1 << 10,       // a function word of another European language that is none in English
  kEnglish = 1 << 11,       // a function word of English that is none in those
  kPairing = 1 << 12,       // role, difference: of one thing in, from or on another; incomplete with one alone
};

struct WrittenWord {
  text::Range range;   // in the text, without a possessive 's
  std::string folded;  // lower case, without a possessive 's
  std::uint16_t classes = 0;
  bool capital = false;     // begins with a capital letter, or has one within
  bool digit = false;       // holds a digit
  bool first = false;       // of its sentence
  bool possessive = false;  // had 's
  bool joined = false;      // nothing but blanks, hyphens and signs of a name stand between it and the word before
  bool comma = false;       // a comma, colon, dash, bracket or end of sentence stands before it

  bool is(WordClass one) const noexcept { return (classes & static_cast<std::uint16_t>(one)) != 0; }
  // Could be part of what a text is about.
  bool is_content() const noexcept { return !is(WordClass::kFunction) && !is(WordClass::kVerb); }
  // Says by itself what a text is about.
  bool is_specific() const noexcept { return is_content() && !is(WordClass::kRelational) && !is(WordClass::kVague); }
};

// The words of valid UTF-8, in order. Cost grows with the text's length: the caller bounds it.
std::vector<WrittenWord> read_words(std::string_view utf8);

// Whether the rules of English may be applied to a text: it is written in Latin letters and has no more function words
// of another language than of English. A text without any (a name, a number) is taken for English.
bool looks_english(std::string_view utf8, const std::vector<WrittenWord>& words);

// Singular and plural of a regular noun have one key.
std::string noun_key(std::string_view folded);

}  // namespace jackdaw::answer
