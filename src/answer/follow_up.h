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

// Makes it by rules of English alone, pure and deterministic; never fails.
// `history`: oldest first. What the question leaves to be understood is looked for in the questions before it (the
// first, and the newest six, as they were asked and as they were searched for) and written in its place, or behind the
// question in brackets: "What are its symptoms?" becomes "What are lung cancer's symptoms?". Carried over are
// - what a pronoun stands for, and the topic where the question lacks one ("And the main causes?", "the largest?");
// - the full form of a short name ("the experiment" of the Stanford Experiment);
// - the whole question before, to one that names nothing ("Why?", "Tell me more.");
// - the name that the newest answer gave, when the question before asked for one and a pronoun takes it up.
// A question stays as it is, byte for byte, when it is the first, when it names a subject of its own (a change of topic
// is one that does), when nothing was named before, when it is not written in English (a function word of another
// language, or another script: what these rules would add to it would be wrong as often as right), and when it is
// longer than 600 bytes or not UTF-8. The result is valid UTF-8 if the question is, and has at most
// kMaxStandaloneCharacters code points unless the question itself has more.
StandaloneQuestion resolve_by_rules(std::string_view question, std::span<const PastTurn> history);

inline constexpr std::size_t kMaxStandaloneCharacters = 600;

}  // namespace jackdaw::answer
