#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/follow_up.h"
#include "core/answer_event.h"
#include "core/cancellation.h"
#include "core/conversation.h"
#include "core/language_model.h"

namespace jackdaw::answer {

struct QuestionResolverOptions {
  bool use_model = true;                      // false: by rules alone
  std::chrono::milliseconds deadline{2'500};  // of the model; then the rules decide
  std::size_t max_history_tokens = 1'000;     // shown to the model, by text::estimate_tokens; the newest turns
};

struct ResolvedQuestion {
  StandaloneQuestion question;
  QueryOrigin origin = QueryOrigin::kAsAsked;
};

// Makes a question out of a follow-up that can be searched for by itself: a language model that follows instructions
// rewrites it; where there is none, and where it fails, is late or says something else than a question, the rules of
// follow_up.h do. Used on the I/O thread; keeps a reference to the writers.
class QuestionResolver {
 public:
  QuestionResolver(LanguageModels& writers, QuestionResolverOptions options);

  // `history`: oldest first. Throws only what `cancellation` asks for.
  boost::asio::awaitable<ResolvedQuestion> resolve(std::string question, std::vector<PastTurn> history,
                                                   WriterChoice choice, Cancellation cancellation);

 private:
  boost::asio::awaitable<std::string> ask(std::string_view question, std::span<const PastTurn> shown,
                                          const WriterChoice& choice, Cancellation cancellation);

  LanguageModels& writers_;
  const QuestionResolverOptions options_;
};

// What the model is asked. Pure; `mark` fences what people and documents said (prompt_builder.h).
Prompt rewriting_prompt(std::string_view question, std::span<const PastTurn> shown, std::string_view mark);

// The question in what the model said; empty when there is none: several lines, too long, nothing.
std::string rewritten_question(std::string_view said);

}  // namespace jackdaw::answer
