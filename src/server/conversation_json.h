#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/answer_store.h"
#include "core/conversation.h"
#include "core/conversation_store.h"

namespace boost::json {
class object;
}  // namespace boost::json

// Conversations as JSON and as Markdown, in the words of docs/http_api.md, section 2. Pure functions.
namespace jackdaw::server {

// The answer that is being written in a conversation; nothing: none.
using RunningIn = std::function<std::optional<AnswerId>(const ConversationId&)>;
// An answer that was not kept (yet) but is in memory.
using LookAtAnswer = std::function<std::optional<StoredAnswer>(const AnswerId&)>;

boost::json::object to_json(const Conversation& conversation, const RunningIn& running_in);
boost::json::object to_json(const ConversationPage& page, const RunningIn& running_in);
// `{"messages": [...]}`
boost::json::object messages_to_json(const std::vector<ConversationMessage>& messages, const LookAtAnswer& look);

// The branch of the newest message, from the beginning, for people to read: questions, answers, and what they rest on.
std::string to_markdown(const Conversation& conversation, const std::vector<ConversationMessage>& messages,
                        const LookAtAnswer& look);

}  // namespace jackdaw::server
