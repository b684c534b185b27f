#include "server/health_api.h"

#include <boost/json.hpp>

#include "server/json.h"
#include "server/version.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

http::Response json_response(int status, const json::object& body) {
  http::Response response{
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = dump(body) + "\n"};
  response.headers.set("Cache-Control", "no-store");
  if (status == 503) response.headers.set("Retry-After", "1");
  return response;
}

// What both /health and /readyz say while the program cannot answer.
json::object not_ready(const Assembly& assembly, std::string_view starting, std::string_view failed) {
  if (assembly.failure().empty()) {
    return {{"status", starting}, {"version", kVersion}, {"detail", "models and index are being loaded"}};
  }
  return {{"status", failed}, {"version", kVersion}, {"detail", assembly.failure()}};
}

json::object health_of(const IndexSnapshot& snapshot, const LanguageModel& writer) {
  return {{"status", "ok"},
          {"version", kVersion},
          {"documents", snapshot.documents},
          {"chunks", snapshot.chunks},
          {"index_version", snapshot.version},
          {"provider", writer.provider()},
          {"model", writer.model()}};
}

// Nothing where pages that are pictures of text are not read.
json::value recognizer_to_json(const extract::RecognizerStatus& recognizer) {
  if (!recognizer.usable) return nullptr;
  return json::object{{"version", recognizer.version},
                      {"installed_languages", json::array(recognizer.languages.begin(), recognizer.languages.end())}};
}

json::object readiness_of(const Assembly& assembly, const IndexSnapshot& snapshot, const LanguageModel& writer) {
  json::array degraded;
  if (!assembly.degraded().empty()) degraded.emplace_back(assembly.degraded());
  for (const std::string& warning : assembly.warnings()) degraded.emplace_back(warning);
  if (snapshot.documents == 0) degraded.push_back("no documents yet: questions get 409 until the first upload");
  if (writer.provider() == "extractive") {
    degraded.push_back("no language model is configured: answers are quoted from the documents");
  }
  return {{"status", "ready"},
          {"version", kVersion},
          {"degraded", std::move(degraded)},
          {"ocr", recognizer_to_json(assembly.recognizer())}};
}

}  // namespace

boost::asio::awaitable<void> HealthApi::health(http::Request&, http::ResponseWriter& writer) {
  if (!assembly_.ready()) return writer.send(json_response(503, not_ready(assembly_, "starting", "starting")));
  return writer.send(json_response(200, health_of(*assembly_.snapshot(), assembly_.flows().writers->find({}))));
}

boost::asio::awaitable<void> HealthApi::alive(http::Request&, http::ResponseWriter& writer) {
  return writer.send(json_response(200, {{"status", "alive"}, {"version", kVersion}}));
}

boost::asio::awaitable<void> HealthApi::ready(http::Request&, http::ResponseWriter& writer) {
  if (!assembly_.ready()) return writer.send(json_response(503, not_ready(assembly_, "starting", "failed")));
  return writer.send(
      json_response(200, readiness_of(assembly_, *assembly_.snapshot(), assembly_.flows().writers->find({}))));
}

}  // namespace jackdaw::server
