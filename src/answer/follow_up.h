#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/conversation.h"

namespace jackdaw::answer {

// A question that can be understood without what was said before.
struct StandaloneQuestion {
  std::string text;
  std::vector<MessageId> used_turns;  // PastTurn::question_message of what fed it; empty: it is the question as asked
};

// Makes it by rules alone: when the question has pronouns, ellipsis or too few content words, entities and the topic of
// earlier turns are carried over; when it changes the topic, or stands by itself, it stays as it is. `history`: oldest
// first. Pure and deterministic, at most about a millisecond; never fails. The result has at most
// kMaxStandaloneCharacters code points, unless the question itself has more.
StandaloneQuestion resolve_by_rules(std::string_view question, std::span<const PastTurn> history);

inline constexpr std::size_t kMaxStandaloneCharacters = 600;

}  // namespace jackdaw::answer
