#pragma once

#include <string_view>

#include "answer/answerer.h"
#include "core/answer_event.h"
#include "core/error.h"
#include "server/config.h"

namespace jackdaw::server {

// The fields of a question, read from the JSON body of /query, /query/stream, /v1/answers and /v1/search. Throw Error
// kInvalidJson, kInvalidArgument, kTooLarge.
answer::AnswerRequest parse_answer_request(std::string_view body, const Config& config);
answer::RetrievalRequest parse_search_request(std::string_view body, const Config& config);

// The error that ended an answer, for a door that still has its status to send.
Error to_error(const AnswerError& event);
Error to_error(const AnswerCancelled& event);

}  // namespace jackdaw::server
