#pragma once

#include <boost/asio/awaitable.hpp>

#include "core/answer_store.h"
#include "http/request.h"
#include "http/response.h"
#include "server/answer_request.h"
#include "server/assembly.h"

namespace jackdaw::server {

// The routes that answer questions: POST /query, POST /query/stream, POST /v1/search, and /v1/answers with what is
// beneath it. Lives on the I/O thread and longer than the server.
class AnswersApi {
 public:
  explicit AnswersApi(Assembly& assembly) : assembly_(assembly) {}

  boost::asio::awaitable<void> query(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> query_stream(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> search(http::Request& request, http::ResponseWriter& writer);

  boost::asio::awaitable<void> create(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> get(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> events(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> cancel(http::Request& request, http::ResponseWriter& writer);

 private:
  // Throws what can be refused before any work starts.
  boost::asio::awaitable<answer::RunningAnswers::Subscription> start(WantedAnswer wanted);
  // An answer that has ended, from the store or from memory; its passages of deleted documents say so.
  boost::asio::awaitable<StoredAnswer> find_ended(AnswerId id);
  boost::asio::awaitable<void> mark_deleted(StoredAnswer& answer);

  Assembly& assembly_;
};

}  // namespace jackdaw::server
