#include "server/health_api.h"

#include <boost/json.hpp>

#include "server/api.h"
#include "server/json.h"
#include "server/status_api.h"
#include "server/version.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

http::Response report(int status, const json::object& body) {
  http::Response response = json_response(status, body);
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

json::object readiness_of(Assembly& assembly) {
  const std::vector<std::string> degraded = degraded_parts(assembly);
  return {{"status", "ready"},
          {"version", kVersion},
          {"degraded", json::array(degraded.begin(), degraded.end())},
          {"ocr", recognizer_to_json(assembly.recognizer())}};
}

}  // namespace

boost::asio::awaitable<void> HealthApi::health(http::Request&, http::ResponseWriter& writer) {
  if (!assembly_.ready()) return writer.send(report(503, not_ready(assembly_, "starting", "starting")));
  return writer.send(report(200, health_of(*assembly_.snapshot(), assembly_.flows().writers->find({}))));
}

boost::asio::awaitable<void> HealthApi::alive(http::Request&, http::ResponseWriter& writer) {
  return writer.send(report(200, {{"status", "alive"}, {"version", kVersion}}));
}

boost::asio::awaitable<void> HealthApi::ready(http::Request&, http::ResponseWriter& writer) {
  if (!assembly_.ready()) return writer.send(report(503, not_ready(assembly_, "starting", "failed")));
  return writer.send(report(200, readiness_of(assembly_)));
}

}  // namespace jackdaw::server
