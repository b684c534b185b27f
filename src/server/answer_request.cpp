#include "server/answer_request.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/text.h"
#include "server/json.h"
#include "server/rfc3339.h"

namespace jackdaw::server {
namespace {

constexpr int kSearchTopK = 10;

std::string parse_question(const JsonFields& fields, const Config& config) {
  const auto question = fields.text("question");
  if (!question) {
    throw Error(ErrorCode::kInvalidArgument, "The field \"question\" is missing. Send {\"question\": \"...\"}.")
        .with_field("question");
  }
  if (text::count_code_points(*question) > config.max_question_characters) {
    throw Error(ErrorCode::kTooLarge, "The question is longer than " + std::to_string(config.max_question_characters) +
                                          " characters. Ask a shorter one.")
        .with_field("question");
  }
  return *question;
}

Error invalid(std::string_view field, const std::string& why) {
  Error error(ErrorCode::kInvalidArgument, why);
  error.with_field(std::string(field));
  return error;
}

std::vector<DocumentId> parse_ids(const std::vector<std::string>& ids) {
  std::vector<DocumentId> out;
  for (const std::string& id : ids) {
    if (!is_well_formed_id(id)) {
      throw invalid("filter.document_ids", "\"" + id + "\" is not a document id. GET /v1/documents lists them.");
    }
    out.push_back({id});
  }
  return out;
}

std::vector<std::string> parse_tags(const std::vector<std::string>& tags) {
  try {
    return clean_tags(tags);
  } catch (Error& error) {
    throw error.with_field("filter.tags");
  }
}

std::vector<std::string> parse_media_types(const std::vector<std::string>& types) {
  for (const std::string& type : types) {
    if (type.find('/') == std::string::npos) {
      throw invalid("filter.media_types", "\"" + type + "\" is not a media type such as application/pdf.");
    }
  }
  return types;
}

std::optional<WallTime> parse_time(const JsonFields& fields, std::string_view field) {
  const auto text = fields.text("filter", field);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) {
    throw invalid("filter." + std::string(field),
                  "\"" + *text + "\" is not a time such as 2026-11-22T21:16:31Z or a day such as 2026-11-22.");
  }
  return time;
}

DocumentFilter parse_filter(const JsonFields& fields) {
  const auto list = [&](std::string_view field) {
    return fields.texts("filter", field).value_or(std::vector<std::string>{});
  };
  DocumentFilter filter;
  filter.documents = parse_ids(list("document_ids"));
  filter.tags = parse_tags(list("tags"));
  filter.media_types = parse_media_types(list("media_types"));
  filter.created_from = parse_time(fields, "created_from");
  filter.created_before = parse_time(fields, "created_before");
  return filter;
}

// "root": a new beginning.
std::optional<NewTurn> parse_place(const JsonFields& fields) {
  const auto conversation = fields.text("conversation_id");
  const auto parent = fields.text("parent_message_id");
  if (!conversation) {
    if (parent) throw invalid("parent_message_id", "parent_message_id needs the conversation_id that it belongs to.");
    return std::nullopt;
  }
  if (!is_well_formed_id(*conversation)) {
    throw Error(ErrorCode::kNotFound, "There is no such conversation. GET /v1/conversations lists them.")
        .with_field("conversation_id");
  }
  NewTurn turn;
  turn.conversation = {*conversation};
  turn.at_start = parent == "root";
  if (!parent || turn.at_start) return turn;
  if (!is_well_formed_id(*parent)) {
    throw invalid("parent_message_id",
                  "parent_message_id must be the id of a message of the conversation, or \"root\".");
  }
  turn.parent = MessageId{*parent};
  return turn;
}

}  // namespace

WantedAnswer parse_answer_request(const JsonFields& fields, const Config& config) {
  WantedAnswer wanted;
  answer::AnswerRequest& request = wanted.answer;
  request.retrieval.question = parse_question(fields, config);
  request.retrieval.top_k = static_cast<std::size_t>(
      fields.integer("top_k", 1, static_cast<std::int64_t>(answer::kMaxTopK)).value_or(config.top_k));
  request.retrieval.rerank = fields.boolean("rerank").value_or(config.rerank);
  request.retrieval.filter = parse_filter(fields);
  request.retrieval.drop_duplicates = config.drop_duplicates;
  request.temperature = fields.number("temperature", 0, 2);
  if (const auto tokens = fields.integer("max_tokens", 1, config.max_max_tokens)) {
    request.max_tokens = static_cast<int>(*tokens);
  }
  request.writer = {fields.text("provider").value_or(""), fields.text("model").value_or("")};
  if (const auto word = fields.text("on_disconnect")) {
    if (*word != "cancel" && *word != "continue") {
      throw Error(ErrorCode::kInvalidArgument, "The field \"on_disconnect\" must be \"cancel\" or \"continue\".")
          .with_field("on_disconnect");
    }
    request.on_disconnect = *word == "cancel" ? answer::OnDisconnect::kCancel : answer::OnDisconnect::kContinue;
  }
  wanted.place = parse_place(fields);
  return wanted;
}

answer::RetrievalRequest parse_search_request(const JsonFields& fields, const Config& config) {
  answer::RetrievalRequest request;
  request.question = parse_question(fields, config);
  request.top_k = static_cast<std::size_t>(
      fields.integer("top_k", 1, static_cast<std::int64_t>(answer::kMaxTopK)).value_or(kSearchTopK));
  request.rerank = fields.boolean("rerank").value_or(config.rerank);
  request.filter = parse_filter(fields);
  return request;
}

Error to_error(const AnswerError& event) {
  Error error(event.code, event.message);
  error.with_retryable(event.retryable);
  if (event.retry_after_s) error.with_retry_after(std::chrono::seconds(*event.retry_after_s));
  return error;
}

Error to_error(const AnswerCancelled& event) {
  switch (event.reason) {
    case CancelReason::kShutdown:
      return {ErrorCode::kShuttingDown, "The server is shutting down. Ask again in a moment."};
    case CancelReason::kDeadline:
      return {ErrorCode::kDeadlineExceeded, "The answer took longer than an answer may take. Ask again."};
    default: return {ErrorCode::kCancelled, "The answer was cancelled."};
  }
}

}  // namespace jackdaw::server
