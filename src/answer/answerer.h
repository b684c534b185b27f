#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

#include "answer/citations.h"
#include "answer/prompt_builder.h"
#include "answer/question_resolver.h"
#include "answer/quote_places.h"
#include "answer/retriever.h"
#include "core/answer_event.h"
#include "core/cancellation.h"
#include "core/conversation.h"
#include "core/language_model.h"

namespace jackdaw::answer {

// What happens to an answer when its last reader goes away.
enum class OnDisconnect { kCancel, kContinue };

// What belongs to an answer in a conversation.
struct ConversationTurn {
  ConversationPlace place;
  std::vector<PastTurn> history;  // oldest first
};

struct AnswerRequest {
  RetrievalRequest retrieval;  // the question as it was asked
  AnswerId id{};               // empty: a new one
  std::optional<ConversationTurn> turn{};
  OnDisconnect on_disconnect = OnDisconnect::kCancel;
  WriterChoice writer;
  std::optional<double> temperature;  // 0..2; nothing: the configured one
  std::optional<int> max_tokens;      // 1..8,192; nothing: the configured one
  bool keep = false;  // its asker knows its id: it can be read again when it has ended; implied by `turn`
};

// Where the events of an answer go. It may take its time: the answer waits. It throws Error kTooLarge when the answer
// has grown beyond what is kept; events that end an answer are always taken.
using AnswerSink = std::function<boost::asio::awaitable<void>(AnswerEvent)>;

// Answers questions: resolve, retrieve, prompt, write, cite. Its coroutines may run on any executor of one thread. It
// keeps references to what it is given and outlives its coroutines.
class Answerer {
 public:
  Answerer(QuestionResolver& resolver, Retriever& retriever, LanguageModels& writers, QuotePlaces& places,
           PromptOptions options);

  // What can be refused before any work starts: throws Error kEmptyQuestion, kTooLarge, kInvalidArgument (a
  // writer that is not in use, too), kNotReady.
  void check(const AnswerRequest& request) const;

  // Runs one answer and gives its events to `sink`, exactly one that ends it included, and that one last. `queued_ms`
  // is how long the request waited before. Throws only what `sink` throws for an event that ends the answer.
  boost::asio::awaitable<void> answer(AnswerId id, AnswerRequest request, double queued_ms, Cancellation cancellation,
                                      AnswerSink sink);

 private:
  struct Run;
  boost::asio::awaitable<void> tell(Run& run);
  boost::asio::awaitable<void> resolve(Run& run);
  boost::asio::awaitable<void> retrieve(Run& run);
  boost::asio::awaitable<void> write(Run& run);
  boost::asio::awaitable<void> show(Run& run, CitationReader::Step step);
  boost::asio::awaitable<void> show_rest(Run& run);
  boost::asio::awaitable<void> write_token(Run& run, std::string text);
  boost::asio::awaitable<void> cite(Run& run, Citation citation);

  QuestionResolver& resolver_;
  Retriever& retriever_;
  LanguageModels& writers_;
  QuotePlaces& places_;
  const PromptOptions options_;
};

}  // namespace jackdaw::answer
