#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"
#include "server/conversation_json.h"

namespace jackdaw::server {

// The routes of conversations: /v1/conversations and what is beneath it. Their questions are asked through AnswersApi.
// Lives on the I/O thread and longer than the server.
class ConversationsApi {
 public:
  explicit ConversationsApi(Assembly& assembly) : assembly_(assembly) {}

  boost::asio::awaitable<void> create(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> list(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> get(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> rename(http::Request& request, http::ResponseWriter& writer);
  // Ends the answer that is being written in it first.
  boost::asio::awaitable<void> remove(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> messages(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> export_to(http::Request& request, http::ResponseWriter& writer);

 private:
  boost::asio::awaitable<Conversation> find(ConversationId id, Cancellation cancellation);
  boost::asio::awaitable<std::vector<ConversationMessage>> messages_of(ConversationId id, Cancellation cancellation);
  LookAtAnswer unended(const ConversationId& id, const std::vector<ConversationMessage>& messages) const;
  // Nobody asks in it while the claim lives.
  boost::asio::awaitable<answer::RunningAnswers::Claim> end_and_claim(ConversationId id);

  Assembly& assembly_;
};

}  // namespace jackdaw::server
