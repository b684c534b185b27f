#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "answer/follow_up_words.h"

namespace jackdaw::answer {

// Words of a text that together name something: "lung cancer", "Museum of Art", "iPhone 15", or a quoted name.
struct NounGroup {
  std::size_t first = 0;  // of read_words()
  std::size_t last = 0;   // included
  bool named = false;     // a name, a quoted title, or a model number
  bool specific = false;  // says something of what it is about; "the main symptoms" does not
  bool complete = false;  // needs nothing more to be understood; "the environmental effects" does
  bool plural = false;
  bool asked_for = false;  // "which teams ...", "are there any films": what is not known yet
  bool topical = false;    // what its sentence asks about: "tell me about X", "what is X", "does X ..."
};

// A text as the rules see it. Owns everything.
struct ReadQuestion {
  std::string text;  // valid UTF-8, cut to a bounded length
  std::vector<WrittenWord> words;
  std::vector<NounGroup> groups;

  std::string_view written(const NounGroup& group) const;
  // noun_key of each of its words that count for a match, sorted.
  std::vector<std::string> keys(const NounGroup& group) const;
  std::vector<std::string> keys() const;  // of all content words
};

// Any bytes are fine; only a bounded part of them at the beginning is read.
ReadQuestion read_question(std::string_view utf8);

}  // namespace jackdaw::answer
