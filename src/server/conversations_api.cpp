#include "server/conversations_api.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "http/content_disposition.h"
#include "server/api.h"
#include "server/conversation_json.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

Error no_such_conversation(std::string_view id) {
  return {ErrorCode::kNotFound, "There is no conversation " + std::string(id) + ". GET /v1/conversations lists them."};
}

ConversationId conversation_id_of(const http::Request& request) {
  const std::string_view id = request.path_value("id");
  if (!is_well_formed_id(id)) throw Error(ErrorCode::kNotFound, "There is no such conversation.");
  return {std::string(id)};
}

RunningIn running_in(const answer::RunningAnswers& answers) {
  return [&answers](const ConversationId& id) { return answers.answer_of(id); };
}

ConversationQuery parse_query(const http::Request& request) {
  ConversationQuery query;
  query.limit = parse_limit(request);
  query.after = request.query_value("after").value_or("");
  query.text = request.query_value("q").value_or("");
  if (!text::is_valid_utf8(query.text)) {
    throw Error(ErrorCode::kInvalidArgument, "The query parameter \"q\" is not valid UTF-8.").with_field("q");
  }
  return query;
}

// A name for the file, from whatever the title holds.
std::string file_name_of(const Conversation& conversation, std::string_view extension) {
  std::string name;
  for (const text::CodePoint& c : text::decode(text::truncate(conversation.title, 80))) {
    const bool is_safe = !text::is_control(c.value) && c.value >= U' ' && c.value != U'/' && c.value != U'\\';
    text::append_utf8(name, is_safe ? c.value : U' ');
  }
  const std::string_view trimmed = text::trim(name);
  return std::string(trimmed.empty() ? "conversation" : trimmed) + "." + std::string(extension);
}

std::string title_in(std::string_view body) {
  return body.empty() ? std::string() : JsonFields(body).text("title").value_or("");
}

std::string required_title_in(std::string_view body) {
  auto title = JsonFields(body).text("title");
  if (!title) {
    throw Error(ErrorCode::kInvalidArgument, "The field \"title\" is missing. Send {\"title\": \"...\"}.")
        .with_field("title");
  }
  return std::move(*title);
}

}  // namespace

boost::asio::awaitable<void> ConversationsApi::create(http::Request& request, http::ResponseWriter& writer) {
  const answer::RunningAnswers& answers = *assembly_.flows().answers;
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  const std::string title = title_in(body);
  const auto make = [&] { return assembly_.conversations().create_conversation(title); };
  const Conversation made = co_await assembly_.keeping().run(Lane::kInteractive, request.cancellation, make);
  http::Response response = json_response(201, to_json(made, running_in(answers)));
  response.headers.set("Location", "/v1/conversations/" + made.id.value);
  co_await writer.send(std::move(response));
}

boost::asio::awaitable<void> ConversationsApi::list(http::Request& request, http::ResponseWriter& writer) {
  const answer::RunningAnswers& answers = *assembly_.flows().answers;
  const ConversationQuery query = parse_query(request);
  const auto read = [&] { return assembly_.conversations().list_conversations(query); };
  const ConversationPage page = co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, read);
  co_await writer.send(json_response(200, to_json(page, running_in(answers))));
}

boost::asio::awaitable<void> ConversationsApi::get(http::Request& request, http::ResponseWriter& writer) {
  const answer::RunningAnswers& answers = *assembly_.flows().answers;
  const ConversationId id = conversation_id_of(request);
  const Conversation found = co_await find(id, request.cancellation);
  co_await writer.send(json_response(200, to_json(found, running_in(answers))));
}

boost::asio::awaitable<void> ConversationsApi::rename(http::Request& request, http::ResponseWriter& writer) {
  const answer::RunningAnswers& answers = *assembly_.flows().answers;
  const ConversationId id = conversation_id_of(request);
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  const std::string title = required_title_in(body);
  const auto change = [&] { return assembly_.conversations().rename_conversation(id, title); };
  const auto renamed = co_await assembly_.keeping().run(Lane::kInteractive, request.cancellation, change);
  if (!renamed) throw no_such_conversation(id.value);
  co_await writer.send(json_response(200, to_json(*renamed, running_in(answers))));
}

boost::asio::awaitable<void> ConversationsApi::remove(http::Request& request, http::ResponseWriter& writer) {
  const ConversationId id = conversation_id_of(request);
  const answer::RunningAnswers::Claim claim = co_await end_and_claim(id);
  const auto forget = [&] { return assembly_.conversations().remove_conversation(id); };
  const bool removed = co_await assembly_.keeping().run(Lane::kInteractive, Cancellation(), forget);
  if (!removed) throw no_such_conversation(id.value);
  co_await writer.send(no_content());
}

boost::asio::awaitable<answer::RunningAnswers::Claim> ConversationsApi::end_and_claim(ConversationId id) {
  answer::RunningAnswers& answers = *assembly_.flows().answers;
  while (const auto running = answers.answer_of(id)) {
    if (!answers.is_running(*running)) {
      // Its question is just being written down, or another removal is on its way.
      throw Error(ErrorCode::kConflict, "The conversation is busy. Try again in a moment.")
          .with_answer(running->value)
          .with_retryable(true);
    }
    answer::RunningAnswers::Subscription last_words = answers.subscribe(*running, 0);
    answers.cancel(*running);
    while (co_await last_words.next()) {
    }
  }
  const AnswerId nobody;
  co_return answers.claim(id, nobody);
}

// What its answers are that the store does not have yet: for another thread to look at.
LookAtAnswer ConversationsApi::unended(const ConversationId& id,
                                       const std::vector<ConversationMessage>& messages) const {
  const answer::RunningAnswers& answers = *assembly_.flows().answers;
  std::map<AnswerId, StoredAnswer> found;
  for (const ConversationMessage& message : messages) {
    if (message.role != Role::kAssistant || message.ended) continue;
    if (auto answer = answers.look(message.answer)) {
      found.emplace(message.answer, std::move(*answer));
    } else if (answers.answer_of(id) == message.answer) {
      found.emplace(message.answer, StoredAnswer{.id = message.answer, .question = {}, .events = {}});  // it begins
    }
  }
  return [found = std::move(found)](const AnswerId& answer) -> std::optional<StoredAnswer> {
    const auto place = found.find(answer);
    return place == found.end() ? std::nullopt : std::optional(place->second);
  };
}

// A conversation may be long: its text is made on a thread that may take its time.
boost::asio::awaitable<void> ConversationsApi::messages(http::Request& request, http::ResponseWriter& writer) {
  const ConversationId id = conversation_id_of(request);
  const std::vector<ConversationMessage> messages = co_await messages_of(id, request.cancellation);
  const LookAtAnswer look = unended(id, messages);
  http::Response response = co_await assembly_.storage().run(
      Lane::kInteractive, request.cancellation, [&] { return json_response(200, messages_to_json(messages, look)); });
  co_await writer.send(std::move(response));
}

boost::asio::awaitable<void> ConversationsApi::export_to(http::Request& request, http::ResponseWriter& writer) {
  const std::string format(request.query_value("format").value_or("md"));
  if (format != "md" && format != "json") {
    throw Error(ErrorCode::kInvalidArgument, "The format must be md or json.").with_field("format");
  }
  const ConversationId id = conversation_id_of(request);
  const Conversation conversation = co_await find(id, request.cancellation);
  const std::vector<ConversationMessage> messages = co_await messages_of(id, request.cancellation);
  const LookAtAnswer look = unended(id, messages);
  const std::optional<AnswerId> running = assembly_.flows().answers->answer_of(id);
  const auto write = [&]() -> http::Response {
    if (format == "md") {
      return {.status = 200,
              .headers = {{"Content-Type", "text/markdown; charset=utf-8"}, {"Cache-Control", "no-store"}},
              .body = to_markdown(conversation, messages, look)};
    }
    json::object body = to_json(conversation, [&](const ConversationId&) { return running; });
    body["messages"] = messages_to_json(messages, look)["messages"];
    return json_response(200, body);
  };
  http::Response response = co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, write);
  response.headers.set("Content-Disposition",
                       http::format_content_disposition("attachment", file_name_of(conversation, format)));
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_await writer.send(std::move(response));
}

boost::asio::awaitable<Conversation> ConversationsApi::find(ConversationId id, Cancellation cancellation) {
  const auto read = [&] { return assembly_.conversations().find_conversation(id); };
  auto found = co_await assembly_.storage().run(Lane::kInteractive, cancellation, read);
  if (!found) throw no_such_conversation(id.value);
  co_return std::move(*found);
}

boost::asio::awaitable<std::vector<ConversationMessage>> ConversationsApi::messages_of(ConversationId id,
                                                                                       Cancellation cancellation) {
  const auto read = [&] { return assembly_.conversations().messages_of(id); };
  auto found = co_await assembly_.storage().run(Lane::kInteractive, cancellation, read);
  if (!found) throw no_such_conversation(id.value);
  // An answer that ended while they were read is in the store now, and in memory no more.
  const answer::RunningAnswers& answers = *assembly_.flows().answers;
  const auto is_elsewhere = [&](const ConversationMessage& message) {
    return message.role == Role::kUser || message.ended || answers.look(message.answer) ||
           answers.answer_of(id) == message.answer;
  };
  if (!std::ranges::all_of(*found, is_elsewhere)) {
    found = co_await assembly_.storage().run(Lane::kInteractive, cancellation, read);
    if (!found) throw no_such_conversation(id.value);
  }
  co_return std::move(*found);
}

}  // namespace jackdaw::server
