#include "server/conversation_json.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "core/text.h"
#include "server/answer_json.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

json::object answer_to_json(const ConversationMessage& message, const LookAtAnswer& look) {
  std::optional<StoredAnswer> elsewhere;
  if (!message.ended) elsewhere = look(message.answer);
  const bool is_lost = !message.ended && !elsewhere;
  if (is_lost) elsewhere = StoredAnswer{.id = message.answer, .question = {}, .events = {}};
  json::object out = to_json(message.ended ? *message.ended : *elsewhere);
  if (is_lost) out["status"] = "lost";
  out["text"] = out["answer"];
  for (const char* known : {"answer", "question", "created_at", "conversation_id", "message_id", "question_message_id"})
    out.erase(known);
  return out;
}

json::object message_to_json(const ConversationMessage& message, const LookAtAnswer& look) {
  json::object out{{"id", message.id.value}};
  out["parent_id"] = message.parent ? json::value(message.parent->value) : json::value(nullptr);
  out["role"] = message.role == Role::kUser ? "user" : "assistant";
  out["created_at"] = to_rfc3339(message.created_at);
  if (message.role == Role::kUser) {
    out["text"] = message.question;
    return out;
  }
  for (auto& [key, value] : answer_to_json(message, look)) out[key] = std::move(value);
  return out;
}

// From the beginning to the newest message.
std::vector<const ConversationMessage*> newest_branch(const std::vector<ConversationMessage>& messages) {
  std::map<MessageId, const ConversationMessage*> by_id;
  for (const ConversationMessage& message : messages) by_id[message.id] = &message;
  std::vector<const ConversationMessage*> branch;
  const ConversationMessage* at = messages.empty() ? nullptr : &messages.back();
  while (at != nullptr && branch.size() < messages.size()) {
    branch.push_back(at);
    const auto parent = at->parent ? by_id.find(*at->parent) : by_id.end();
    at = parent == by_id.end() ? nullptr : parent->second;
  }
  std::reverse(branch.begin(), branch.end());
  return branch;
}

// Each line behind `prefix`.
std::string lines_of(std::string_view text, std::string_view prefix) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.append(prefix).append(text.substr(at, end - at)).append("\n");
    at = end + 1;
  }
  return out;
}

std::string in_one_line(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' || c == '\r' ? ' ' : c;
  return out;
}

// In one line, and nothing that a reader of Markdown would make a picture or a link of.
std::string as_words(std::string_view text) {
  std::string out;
  for (const char c : in_one_line(text)) {
    if (std::string_view("\\[]()!<>*_`#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// An answer is Markdown, but opening the file must not ask anybody for a picture.
std::string without_pictures(std::string_view answer) {
  std::string out;
  for (std::size_t at = 0; at < answer.size(); ++at) {
    const bool opens = answer[at] == '<' || (answer[at] == '!' && answer.substr(at + 1, 1) == "[");
    if (opens && !out.ends_with('\\')) out += '\\';
    out += answer[at];
  }
  return out;
}

std::string source_line(int number, const RetrievedPassage& source) {
  std::string line = "- [" + std::to_string(number) + "] ";
  if (source.deleted) return line + "a document that was deleted since\n";
  line += as_words(source.passage.filename);
  if (source.passage.paged && source.passage.span.page > 0) {
    line += ", page " + std::to_string(source.passage.span.page);
  }
  return line + "\n";
}

std::string answer_text(const StoredAnswer& answer) {
  std::string text;
  for (const AnswerEvent& event : answer.events) {
    if (const auto* token = std::get_if<AnswerToken>(&event)) text += token->text;
  }
  return text;
}

std::string answer_to_markdown(const ConversationMessage& message, const LookAtAnswer& look) {
  if (!message.ended) {
    return look(message.answer) ? "*This answer is still being written.*\n" : "*This answer was not finished.*\n";
  }
  std::string out = without_pictures(answer_text(*message.ended)) + "\n";
  const std::string_view status = status_of(*message.ended);
  if (status != "complete") out += "\n*This answer is not complete: it was " + std::string(status) + ".*\n";
  for (const AnswerEvent& event : message.ended->events) {
    const auto* sources = std::get_if<AnswerSources>(&event);
    if (sources == nullptr || sources->passages.empty()) continue;
    out += "\nSources:\n";
    int number = 0;
    for (const RetrievedPassage& source : sources->passages) out += source_line(++number, source);
  }
  return out;
}

}  // namespace

json::object to_json(const Conversation& conversation, const RunningIn& running_in) {
  const auto running = running_in(conversation.id);
  return {{"conversation_id", conversation.id.value},
          {"title", conversation.title},
          {"created_at", to_rfc3339(conversation.created_at)},
          {"updated_at", to_rfc3339(conversation.updated_at)},
          {"messages", conversation.messages},
          {"running_answer_id", running ? json::value(running->value) : json::value(nullptr)}};
}

json::object to_json(const ConversationPage& page, const RunningIn& running_in) {
  json::array conversations;
  for (const Conversation& conversation : page.conversations) {
    conversations.push_back(to_json(conversation, running_in));
  }
  json::object out{{"conversations", std::move(conversations)}};
  out["next"] = cursor_to_json(page.next);
  return out;
}

json::object messages_to_json(const std::vector<ConversationMessage>& messages, const LookAtAnswer& look) {
  json::array out;
  for (const ConversationMessage& message : messages) out.push_back(message_to_json(message, look));
  json::object body;
  body["messages"] = std::move(out);
  return body;
}

std::string to_markdown(const Conversation& conversation, const std::vector<ConversationMessage>& messages,
                        const LookAtAnswer& look) {
  const std::string title = as_words(conversation.title);
  std::string out = "# " + (title.empty() ? std::string("Conversation") : title) + "\n";
  for (const ConversationMessage* message : newest_branch(messages)) {
    out += "\n";
    out += message->role == Role::kUser ? lines_of(message->question, "> ") : answer_to_markdown(*message, look);
  }
  return out;
}

}  // namespace jackdaw::server
