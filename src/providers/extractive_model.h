#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/compute.h"
#include "core/language_model.h"
#include "core/reranker.h"

namespace jackdaw::providers {

// The limits are logits of ms-marco-MiniLM-L-12-v2; another reranker needs its own (limits_of). Measured on ClapNQ, the
// best sentence of one passage, 150 questions that the passage answers and 150 that it does not: above 0 are 87% and
// 29%, above -3 93% and 38%, above 3 68% and 12%; in 82% of the former the best sentence is one that people chose. No
// limit parts the two: a quote is shown to be judged, not as a promise that it answers. On single sentences the
// distilled reranker scores lower, at about equal worth: jackdaw-rerank-l6 has 85% and 29% above -2, 91% and 39% above
// -4, the best one chosen by people in 81%.
//
// The margin, on the 298 answerable questions that have a sentence people chose among what can be quoted, their passage
// and the two others nearest by words, at most three quotes: of the kept sentences 66% were chosen by people without a
// margin, 71% with 2.5, 72% with 1.5, 76% when only the best is kept; of those beyond the best 56%, 63% and 63%. A
// chosen one is among the kept for 83%, 81%, 78% and 74% of the questions. 2 keeps a stray sentence in an answer of the
// sample's retrieval case (1.84 below the best), 1.5 does not.
struct ExtractiveOptions {
  float keep_above = 0.0F;     // a sentence above it is quoted
  float margin = 1.5F;         // and only when it is at most so far below the best one
  float answer_above = -3.0F;  // the best sentence must be above it, else nothing in the documents answers
  std::size_t max_quotes = 3;
  std::size_t max_passages = 2;     // that the quotes come from
  std::size_t max_sentences = 160;  // that are scored; a bound on the work
};

// The limits for a reranker, by its name (Reranker::name()); those above for one that is not known.
ExtractiveOptions limits_of(std::string_view reranker);

// Answers without a language model: quotes the sentences of the passages that answer the question best by the reranker,
// word for word, each with its file and page. It writes nothing of its own but says what it is, and says so when
// nothing answers (FinishReason::kNoEvidence). Shared by all answers; keeps references to what it is given.
class ExtractiveModel : public LanguageModel {
 public:
  ExtractiveModel(Reranker& reranker, Compute& compute, ExtractiveOptions options = {});

  const std::string& provider() const noexcept override { return provider_; }
  const std::string& model() const noexcept override { return model_; }
  bool follows_instructions() const noexcept override { return false; }
  // Gives its text word by word.
  std::unique_ptr<WriterStream> write(Prompt prompt, Cancellation cancellation) override;

 private:
  const std::string provider_ = "extractive";
  const std::string model_ = "quotes";
  Reranker& reranker_;
  Compute& compute_;
  const ExtractiveOptions options_;
};

}  // namespace jackdaw::providers
