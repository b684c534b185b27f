#include <boost/json.hpp>

#include <optional>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "http/client.h"
#include "http/event_stream_reader.h"
#include "http/uri.h"
#include "server/door.h"
#include "server/json.h"
#include "store/data_lock.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

json::object parse_object(const std::string& body) {
  json::error_code failure;
  json::value value = json::parse(body, failure);
  if (failure || !value.is_object()) {
    throw Error(ErrorCode::kInternal, "The running server sent something that is not a JSON object.");
  }
  return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Error problem_to_error(const json::object& problem, std::string_view message_key) {
  const ErrorCode code = error_code_from(text_of(problem, "code")).value_or(ErrorCode::kInternal);
  return {code, text_of(problem, message_key)};
}

// The collection of a running server, over HTTP.
class RemoteDoor : public Door {
 public:
  RemoteDoor(const Config& config, std::string url) : url_(std::move(url)) {
    if (!config.api_key.empty()) headers_.set("Authorization", "Bearer " + config.api_key);
  }

  json::object ingest(const std::filesystem::path& file, const OnProgress& on_progress) override {
    on_progress("sending to " + url_);
    http::ClientRequest request = make("POST", "/upload");
    request.files.push_back({.field = "file", .path = file, .filename = {}});
    const http::ClientResponse response = client_.request(request);
    json::object outcome = parse_object(response.body);
    if (response.status == 200) return outcome;
    const Error error = problem_to_error(outcome, "detail");
    if (response.status == 401 || response.status == 403 || response.status == 503) throw error;
    return {{"filename", file.filename().string()}, {"status", "failed"}, {"error", error_to_json(error)}};
  }

  void ask(const AskOptions& options, const OnEvent& on_event) override {
    bool ended = false;
    http::EventStreamReader reader([&](http::ServerSentEvent&& event) {
      const json::object data = parse_object(event.data);
      if (const json::value* error = data.if_contains("error")) throw problem_to_error(error->as_object(), "message");
      ended = data.contains("sources");
      on_event(data);
    });
    http::ClientRequest request = make("POST", "/query/stream");
    request.headers.set("Content-Type", "application/json");
    request.body = dump(to_body(options));
    check(client_.request(request, [&](std::string_view bytes) { reader.feed(bytes); }));
    if (!ended) {
      throw Error(ErrorCode::kUnavailable, "The answer was cut: the server at " + url_ + " went away. Ask again.");
    }
  }

  json::object search(const AskOptions& options) override {
    http::ClientRequest request = make("POST", "/v1/search");
    request.headers.set("Content-Type", "application/json");
    request.body = dump(to_body(options));
    return parse_object(check(client_.request(request)).body);
  }

  json::object documents() override {
    json::array all;
    std::string after;
    do {
      const std::string query = after.empty() ? "" : "&after=" + http::percent_encode(after);
      json::object page = parse_object(check(client_.request(make("GET", "/v1/documents?limit=200" + query))).body);
      for (json::value& document : page.at("documents").as_array()) all.push_back(std::move(document));
      after = text_of(page, "next");
    } while (!after.empty());
    return {{"documents", std::move(all)}, {"next", nullptr}};
  }

  bool remove(const std::string& document_id) override {
    const auto response = client_.request(make("DELETE", "/v1/documents/" + http::percent_encode(document_id)));
    if (response.status == 404) return false;
    check(response);
    return true;
  }

 private:
  http::ClientRequest make(std::string method, const std::string& target) const {
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = url_ + target;
    request.headers = headers_;
    return request;
  }

  static json::object to_body(const AskOptions& options) {
    json::object body{{"question", options.question}};
    if (options.top_k) body["top_k"] = *options.top_k;
    if (options.rerank) body["rerank"] = *options.rerank;
    return body;
  }

  static http::ClientResponse check(http::ClientResponse response) {
    if (response.status >= 200 && response.status < 300) return response;
    throw problem_to_error(parse_object(response.body), "detail");
  }

  std::string url_;
  http::Headers headers_;
  http::Client client_;
};

}  // namespace

std::unique_ptr<Door> make_remote_door(const Config& config, std::string url) {
  return std::make_unique<RemoteDoor>(config, std::move(url));
}

std::unique_ptr<Door> open_door(const Config& config, DoorNeeds needs) {
  const auto owner = store::DataLock::owner_of(config.data_dir);
  if (owner && !owner->url.empty()) {
    log::info("using the server at " + owner->url + " (process " + std::to_string(owner->pid) + ")");
    return make_remote_door(config, owner->url);
  }
  return make_local_door(config, needs);
}

}  // namespace jackdaw::server
