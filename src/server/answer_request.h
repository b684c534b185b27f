#pragma once

#include "answer/answerer.h"
#include "core/answer_event.h"
#include "core/conversation_store.h"
#include "core/error.h"
#include "server/config.h"
#include "server/json.h"

namespace jackdaw::server {

// What a request for an answer says.
struct WantedAnswer {
  answer::AnswerRequest answer;
  bool stream = false;           // AnswersApi::create alone
  std::optional<NewTurn> place;  // its conversation and parent; the rest is empty
};

// The fields of a question, from the JSON body of /query, /query/stream, /v1/answers and /v1/search. Pure functions.
// Throw Error kInvalidArgument, kTooLarge.
WantedAnswer parse_answer_request(const JsonFields& fields, const Config& config);
answer::RetrievalRequest parse_search_request(const JsonFields& fields, const Config& config);

// The error that ended an answer, for a door that still has its status to send.
Error to_error(const AnswerError& event);
Error to_error(const AnswerCancelled& event);

}  // namespace jackdaw::server
