#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/follow_up_words.h"
#include "core/conversation.h"

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

struct ReadQuestion {
  std::string text;  // valid UTF-8, cut to a bounded length
  std::vector<WrittenWord> words;
  std::vector<NounGroup> groups;

  std::string_view written(const NounGroup& group) const;
  // noun_key of each of its words that count for a match, sorted.
  std::vector<std::string> keys(const NounGroup& group) const;
  std::vector<std::string> keys() const;  // of all content words
};

ReadQuestion read_question(std::string_view utf8);

// Something that the conversation was about.
struct Topic {
  std::string text;
  std::vector<std::string> keys;
  std::string head;      // noun_key of its last word
  std::string article;   // that stood before it; may be empty
  std::size_t turn = 0;  // newest place in the history whose own words named it
  double weight = 0;
  bool named = false;
  bool plural = false;
};

// What was spoken of, the likeliest subject of a question that names none first.
std::vector<Topic> topics(std::span<const PastTurn> history);

}  // namespace jackdaw::answer
