#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"

namespace jackdaw::server {

// The routes that answer questions: POST /query, POST /query/stream and POST /v1/search. Lives on the I/O thread and
// longer than the server.
class AnswersApi {
 public:
  explicit AnswersApi(Assembly& assembly) : assembly_(assembly) {}

  boost::asio::awaitable<void> query(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> query_stream(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> search(http::Request& request, http::ResponseWriter& writer);

 private:
  answer::RunningAnswers::Subscription start(const std::string& body);

  Assembly& assembly_;
};

// The fields of a question, read from the JSON body of /query, /query/stream and /v1/search. Throws Error kInvalidJson,
// kInvalidArgument.
answer::AnswerRequest parse_answer_request(std::string_view body, const Config& config);
answer::RetrievalRequest parse_search_request(std::string_view body, const Config& config);

// The error that ended an answer, for a door that still has its status to send.
Error to_error(const AnswerError& event);
Error to_error(const AnswerCancelled& event);

}  // namespace jackdaw::server
