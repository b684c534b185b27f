#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

#include "answer/prompt_builder.h"
#include "answer/retriever.h"
#include "core/answer_event.h"
#include "core/cancellation.h"
#include "core/language_model.h"

namespace jackdaw::answer {

// What happens to an answer when its last reader goes away.
enum class OnDisconnect { kCancel, kContinue };

struct AnswerRequest {
  RetrievalRequest retrieval;
  OnDisconnect on_disconnect = OnDisconnect::kCancel;
  WriterChoice writer;
  std::optional<double> temperature;  // 0..2; nothing: the configured one
  std::optional<int> max_tokens;      // 1..8,192; nothing: the configured one
  bool keep = false;                  // its asker knows its id: it can be read again when it has ended
};

// Where the events of an answer go. It may take its time: the answer waits. It throws Error kTooLarge when the answer
// has grown beyond what is kept; events that end an answer are always taken.
using AnswerSink = std::function<boost::asio::awaitable<void>(AnswerEvent)>;

// Answers questions: retrieve, prompt, write. Its coroutines may run on any executor of one thread. It keeps references
// to what it is given and outlives its coroutines.
class Answerer {
 public:
  Answerer(Retriever& retriever, LanguageModels& writers, PromptOptions options);

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
  boost::asio::awaitable<void> retrieve(Run& run);
  boost::asio::awaitable<void> write(Run& run);
  boost::asio::awaitable<void> write_token(Run& run, std::string text);

  Retriever& retriever_;
  LanguageModels& writers_;
  const PromptOptions options_;
};

}  // namespace jackdaw::answer
