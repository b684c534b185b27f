#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/prompt.h"
#include "core/ranking.h"

namespace jackdaw::answer {

struct PromptOptions {
  std::size_t max_prompt_tokens = 6000;  // rules, passages and question, by text::estimate_tokens; at least 500
  double temperature = 0.2;              // 0..2; low: the answer should follow the passages
  int max_tokens = 800;                  // of the answer, 1..8,192
};

// Writes down the question and its passages for a language model: the rules, then the numbered passages, the question
// last. Pure.
//
// Each passage stands between two lines that hold `mark`, 26 random characters made for this request, so that no
// document can know it; where a passage holds the mark or something that looks like such a line, it is broken up.
// Beyond the budget the last passages are left out; when not even the first fits, it is cut at a sentence end or
// grapheme border. The question is never cut. Prompt::passages holds exactly the passages that the messages show.
Prompt build_prompt(std::string question, std::vector<RetrievedPassage> passages, const PromptOptions& options,
                    std::string_view mark);

}  // namespace jackdaw::answer
