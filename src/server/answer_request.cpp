#include "server/answer_request.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/text.h"
#include "server/json.h"

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

SearchFilter parse_filter(const JsonFields& fields) {
  if (!fields.texts("filter", "tags").value_or(std::vector<std::string>{}).empty()) {
    throw Error(ErrorCode::kInvalidArgument, "No document has tags yet, so filter.tags would leave nothing to search.")
        .with_field("filter.tags");
  }
  SearchFilter filter;
  for (const std::string& id : fields.texts("filter", "document_ids").value_or(std::vector<std::string>{})) {
    if (!is_well_formed_id(id)) {
      throw Error(ErrorCode::kInvalidArgument, "\"" + id + "\" is not a document id. GET /v1/documents lists them.")
          .with_field("filter.document_ids");
    }
    filter.documents.push_back({id});
  }
  return filter;
}

}  // namespace

answer::AnswerRequest parse_answer_request(const JsonFields& fields, const Config& config) {
  answer::AnswerRequest request;
  request.retrieval.question = parse_question(fields, config);
  request.retrieval.top_k = static_cast<std::size_t>(
      fields.integer("top_k", 1, static_cast<std::int64_t>(answer::kMaxTopK)).value_or(config.top_k));
  request.retrieval.rerank = fields.boolean("rerank").value_or(config.rerank);
  request.retrieval.filter = parse_filter(fields);
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
  return request;
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
