#include "server/remote_document.h"

#include <boost/json.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Stage = ingest::JobProgress::Stage;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

template <class Number>
Number number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code failure;
  const auto number = value->to_number<Number>(failure);
  return failure ? Number{0} : number;
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

// What runs counts as queued, as in the store.
DocumentStatus status_from(std::string_view word) {
  if (word == "ready") return DocumentStatus::kReady;
  if (word == "failed") return DocumentStatus::kFailed;
  return word == "cancelled" ? DocumentStatus::kCancelled : DocumentStatus::kQueued;
}

std::optional<DocumentFailure> failure_of(const json::object& object) {
  const json::object* error = object_of(object, "error");
  if (error == nullptr) return std::nullopt;
  return DocumentFailure{.code = error_code_from(text_of(*error, "code")).value_or(ErrorCode::kInternal),
                         .message = text_of(*error, "message"),
                         .page = number_of<int>(*error, "page")};
}

struct NamedStage {
  std::string_view name;
  Stage stage;
};
constexpr std::array kStages = {
    NamedStage{"queued", Stage::kQueued},       NamedStage{"extracting", Stage::kExtracting},
    NamedStage{"embedding", Stage::kEmbedding}, NamedStage{"storing", Stage::kStoring},
    NamedStage{"ready", Stage::kReady},         NamedStage{"failed", Stage::kFailed},
    NamedStage{"cancelled", Stage::kCancelled}, NamedStage{"removed", Stage::kRemoved}};

}  // namespace

Document document_from_json(const json::object& object) {
  Document document;
  document.id = {text_of(object, "document_id")};
  document.filename = text_of(object, "filename");
  document.title = text_of(object, "title");
  document.media_type = text_of(object, "media_type");
  document.sha256 = text_of(object, "sha256");
  document.bytes = number_of<std::uint64_t>(object, "bytes");
  document.pages = number_of<int>(object, "pages");
  document.chunks = number_of<std::int64_t>(object, "chunks");
  document.status = status_from(text_of(object, "status"));
  document.source = text_of(object, "source");
  document.failure = failure_of(object);
  if (const json::object* replacement = object_of(object, "replacement")) {
    document.replacement = Replacement{.status = status_from(text_of(*replacement, "status")),
                                       .filename = text_of(*replacement, "filename"),
                                       .sha256 = text_of(*replacement, "sha256"),
                                       .bytes = number_of<std::uint64_t>(*replacement, "bytes"),
                                       .failure = failure_of(*replacement)};
  }
  return document;
}

std::optional<ingest::JobProgress> progress_from_event(std::string_view name, const json::object& data) {
  for (const NamedStage& known : kStages) {
    if (known.name != name) continue;
    ingest::JobProgress progress;
    progress.stage = known.stage;
    progress.page = number_of<int>(data, "page");
    progress.pages = number_of<int>(data, "pages");
    progress.chunk = number_of<std::size_t>(data, "chunk");
    progress.chunks = number_of<std::size_t>(data, "chunks");
    progress.pages_per_s = number_of<double>(data, "pages_per_s");
    const json::value* recognizing = data.if_contains("recognizing");
    progress.recognizing = recognizing != nullptr && recognizing->is_bool() && recognizing->get_bool();
    return progress;
  }
  return std::nullopt;
}

Error error_from_json(const json::object& object) {
  const ErrorCode code = error_code_from(text_of(object, "code")).value_or(ErrorCode::kInternal);
  std::string message = text_of(object, "detail");
  if (message.empty()) message = text_of(object, "message");
  Error error(code, message);
  if (const auto seconds = number_of<std::int64_t>(object, "retry_after_s"); seconds > 0) {
    error.with_retry_after(std::chrono::seconds(seconds));
  }
  return error;
}

}  // namespace jackdaw::server
