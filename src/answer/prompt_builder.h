#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/prompt_passages.h"
#include "core/conversation.h"
#include "core/prompt.h"
#include "core/ranking.h"

namespace jackdaw::answer {

// What went before the question in its conversation.
struct SaidBefore {
  std::span<const PastTurn> history{};  // oldest first
  std::string standalone_question{};    // what the passages were searched for with; empty: the question
};

struct PromptOptions {
  std::size_t max_prompt_tokens = 6000;   // rules, passages and question, by text::estimate_tokens; at least 500
  std::size_t max_history_tokens = 1500;  // of past turns, at most half of the above
  double temperature = 0.2;               // 0..2; low: the answer should follow the passages
  int max_tokens = 800;                   // of the answer, 1..8,192
  bool merge_neighbours = true;           // chunks that touch on a page are shown as one passage
};

struct BuiltPrompt {
  Prompt prompt;
  std::vector<PromptPassage> shown;  // Prompt::passages, with what each is made of; a place is one among the found
};

// Writes down the question and its passages for a language model: the rules, what was said before, then in the last
// message the numbered passages and the question. Pure. Nothing before the last message depends on the question, so a
// provider's prefix cache knows it again.
//
// Each passage is fenced (fence.h) with a `mark` made for this request. It has the number that its chunk has among
// `found`, from 1; where chunks are merged that of the best of them, and the others' numbers are not shown.
// Beyond the budget the last of `found` are left out; when not even the first fits, it is cut at a sentence end or
// grapheme border. The question is never cut. Prompt::passages holds exactly the passages that the messages show.
BuiltPrompt build_prompt(std::string question, std::vector<RetrievedPassage> found, const PromptOptions& options,
                         std::string_view mark, const SaidBefore& said = {});

// Past turns as messages, oldest first: answers without their marks, the long ones cut, turns without an answer left
// out. Beyond the budget the oldest turns are dropped, half a budget's worth at a time, so that the beginning stays the
// same from one question to the next for as long as it can.
std::vector<Message> remembered(std::span<const PastTurn> history, std::size_t max_tokens);

// The answer without [1] and its like.
std::string without_marks(std::string_view answer);

}  // namespace jackdaw::answer
