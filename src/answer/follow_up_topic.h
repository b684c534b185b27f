#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/conversation.h"

namespace jackdaw::answer {

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
  bool place = false;     // a name behind "in", "near" and the like
  bool answered = false;  // only the newest answer named it
};

// What was spoken of, the likeliest subject of a question that names none first.
std::vector<Topic> topics(std::span<const PastTurn> history);

}  // namespace jackdaw::answer
