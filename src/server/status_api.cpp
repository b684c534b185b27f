#include "server/status_api.h"

#include <boost/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include "answer/retriever.h"
#include "server/api.h"
#include "server/json.h"
#include "server/version.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

json::array texts(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

// Each provider with the models of it that a request may name.
json::array writers_to_json(const std::vector<WriterChoice>& in_use) {
  json::array out;
  for (const WriterChoice& choice : in_use) {
    if (out.empty() || out.back().as_object().at("provider").as_string() != choice.provider) {
      out.push_back(json::object{{"provider", choice.provider}, {"models", json::array()}});
    }
    out.back().as_object().at("models").as_array().push_back(json::value(choice.model));
  }
  return out;
}

json::object defaults_of(const Config& config) {
  return {{"top_k", config.top_k},
          {"rerank", config.rerank},
          {"max_tokens", config.max_tokens},
          {"temperature", config.temperature}};
}

json::object limits_of(const Config& config) {
  return {{"question_characters", config.max_question_characters},
          {"upload_bytes", config.max_upload_bytes},
          {"upload_files", config.max_upload_files},
          {"max_tokens", config.max_max_tokens},
          {"top_k", answer::kMaxTopK},
          {"title_characters", kMaxConversationTitleCharacters}};
}

}  // namespace

json::value recognizer_to_json(const extract::RecognizerStatus& recognizer) {
  if (!recognizer.usable) return nullptr;
  return json::object{{"version", recognizer.version}, {"installed_languages", texts(recognizer.languages)}};
}

std::vector<std::string> degraded_parts(Assembly& assembly) {
  std::vector<std::string> degraded;
  if (!assembly.degraded().empty()) degraded.push_back(assembly.degraded());
  degraded.insert(degraded.end(), assembly.warnings().begin(), assembly.warnings().end());
  if (assembly.snapshot()->documents == 0) {
    degraded.emplace_back("no documents yet: questions get 409 until the first upload");
  }
  if (assembly.flows().writers->find({}).provider() == "extractive") {
    degraded.emplace_back("no language model is configured: answers are quoted from the documents");
  }
  return degraded;
}

boost::asio::awaitable<void> StatusApi::get(http::Request& request, http::ResponseWriter& writer) {
  const Config& config = assembly_.config();
  json::object body{{"version", kVersion}, {"ready", assembly_.ready()}};
  body["defaults"] = defaults_of(config);
  body["limits"] = limits_of(config);
  if (!assembly_.ready()) {
    body["degraded"] =
        json::array{assembly_.failure().empty() ? "models and index are being loaded" : assembly_.failure()};
    co_await writer.send(json_response(200, body));
    co_return;
  }
  Flows& flows = assembly_.flows();
  const auto count = [&] { return assembly_.store().count(); };
  const std::int64_t documents = co_await assembly_.storage().run(Lane::kInteractive, request.cancellation, count);
  const LanguageModel& first = flows.writers->find({});
  json::object writer_in_use{{"provider", first.provider()}, {"model", first.model()}};
  writer_in_use["fallback"] = texts(config.models.fallback);
  body["writer"] = std::move(writer_in_use);
  body["writers"] = writers_to_json(flows.writers->in_use());
  body["documents"] = json::object{{"all", documents}, {"searchable", assembly_.snapshot()->documents}};
  body["ocr"] = recognizer_to_json(assembly_.recognizer());
  body["degraded"] = texts(degraded_parts(assembly_));
  co_await writer.send(json_response(200, body));
}

}  // namespace jackdaw::server
