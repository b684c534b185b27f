#include <boost/json.hpp>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/guarded.h"
#include "http/client.h"
#include "http/event_stream_reader.h"
#include "http/uri.h"
#include "server/door.h"
#include "server/json.h"
#include "server/remote_document.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kBetweenLooks{300};

json::object parse_object(const std::string& body) {
  json::error_code failure;
  json::value value = json::parse(body, failure);
  if (failure || !value.is_object()) {
    throw Error(ErrorCode::kInternal, "The running server sent something that is not a JSON object.");
  }
  return std::move(value.get_object());
}

Error problem_of(const http::ClientResponse& response) {
  Error error = error_from_json(parse_object(response.body));
  const std::string wait(response.headers.get("Retry-After"));
  int seconds = 0;
  const auto parsed = std::from_chars(wait.data(), wait.data() + wait.size(), seconds);
  if (parsed.ec == std::errc{} && seconds > 0) error.with_retry_after(std::chrono::seconds(seconds));
  return error;
}

http::ClientResponse checked(http::ClientResponse response) {
  if (response.status >= 200 && response.status < 300) return response;
  throw problem_of(response);
}

std::string path_of(const DocumentId& id) {
  return "/v1/documents/" + http::percent_encode(id.value);
}

std::string query_of(const DocumentQuery& query) {
  std::string text = "?limit=200";
  const auto add = [&text](const char* name, const std::string& value) {
    if (!value.empty()) text += std::string("&") + name + "=" + http::percent_encode(value);
  };
  add("after", query.after);
  add("q", query.text);
  add("tag", query.tag);
  add("source", query.source);
  if (query.status == DocumentStatus::kReady) add("status", "ready");
  if (query.status == DocumentStatus::kFailed) add("status", "failed");
  if (query.status == DocumentStatus::kQueued) add("status", "queued");
  if (query.status == DocumentStatus::kCancelled) add("status", "cancelled");
  return text;
}

// The collection of a running server, over HTTP. A connection for each call that runs at once; they are kept.
class RemoteDoor : public Door {
 public:
  RemoteDoor(const Config& config, std::string url, Cancellation cancellation)
      : url_(std::move(url)), cancellation_(std::move(cancellation)) {
    if (!config.api_key.empty()) headers_.set("Authorization", "Bearer " + config.api_key);
  }

  std::optional<Document> find_by_source(const std::string& source) override {
    DocumentQuery query;
    query.source = source;
    const json::object page = get_object("/v1/documents" + query_of(query));
    const json::array& found = page.at("documents").as_array();
    if (found.empty()) return std::nullopt;
    return document_from_json(found.front().as_object());
  }

  Accepted submit(const FileToSubmit& file) override {
    const http::ClientResponse response = checked(send(submission(file)));
    Accepted accepted;
    accepted.document = document_from_json(parse_object(response.body));
    accepted.already_known = response.status == 200;
    return accepted;
  }

  Document follow(const DocumentId& id, const OnProgress& on_progress) override {
    bool ended = false;
    http::EventStreamReader reader([&](http::ServerSentEvent&& event) {
      const auto progress = progress_from_event(event.type, parse_object(event.data));
      if (!progress) return;
      ended = progress->is_last();
      on_progress(*progress);
    });
    checked(send(make("GET", path_of(id) + "/events"), [&](std::string_view bytes) { reader.feed(bytes); }));
    if (!ended) throw went_away();
    return document_from_json(get_object(path_of(id)));
  }

  Document retry(const DocumentId& id, const std::string& password) override {
    http::ClientRequest request = make("POST", path_of(id) + "/retry");
    request.headers.set("Content-Type", "application/json");
    request.body = password.empty() ? "{}" : dump(json::object{{"password", password}});
    return document_from_json(parse_object(checked(send(request)).body));
  }

  Document cancel(const DocumentId& id) override {
    return document_from_json(parse_object(checked(send(make("POST", path_of(id) + "/cancel"))).body));
  }

  bool remove(const DocumentId& id) override {
    const auto response = send(make("DELETE", path_of(id)));
    if (response.status == 404) return false;
    checked(response);
    return true;
  }

  void ask(const AskOptions& options, const OnEvent& on_event) override {
    bool ended = false;
    http::EventStreamReader reader([&](http::ServerSentEvent&& event) {
      const json::object data = parse_object(event.data);
      if (const json::value* error = data.if_contains("error")) throw error_from_json(error->as_object());
      ended = data.contains("sources");
      on_event(data);
    });
    checked(send(question("/query/stream", options), [&](std::string_view bytes) { reader.feed(bytes); }));
    if (!ended) throw went_away();
  }

  json::object search(const AskOptions& options) override {
    return parse_object(checked(send(question("/v1/search", options))).body);
  }

  json::object documents(const DocumentQuery& asked) override {
    DocumentQuery query = asked;
    json::array all;
    do {
      json::object page = get_object("/v1/documents" + query_of(query));
      for (json::value& document : page.at("documents").as_array()) all.push_back(std::move(document));
      const json::value& next = page.at("next");
      query.after = next.is_string() ? std::string(next.get_string()) : std::string();
    } while (!query.after.empty());
    return {{"documents", std::move(all)}, {"next", nullptr}};
  }

  MadeBackup make_backup() override {
    const json::object made = parse_object(checked(send(make("POST", "/v1/backups"))).body);
    return {.id = std::string(made.at("backup_id").as_string()),
            .path = std::string(made.at("path").as_string()),
            .bytes = made.at("bytes").to_number<std::uint64_t>(),
            .documents = made.at("documents").to_number<std::int64_t>()};
  }

  void drop_backup(const std::string& id) override {
    // Also once the command is to end: nobody else would drop it.
    http::Client client;
    checked(client.request(make("DELETE", "/v1/backups/" + http::percent_encode(id))));
  }

  ReindexStatus reindex(const std::string& embedder, const OnReindexProgress& on_progress) override {
    http::ClientRequest request = make("POST", "/v1/reindex");
    request.headers.set("Content-Type", "application/json");
    request.body = dump(json::object{{"embedder", embedder}});
    ReindexStatus status = reindex_status_from_json(parse_object(checked(send(request)).body));
    while (status.state == ReindexStatus::State::kRunning) {
      cancellation_.throw_if_requested();
      std::this_thread::sleep_for(kBetweenLooks);
      status = reindex_status_from_json(get_object("/v1/reindex"));
      if (status.progress.chunks > 0) on_progress(status.progress);
    }
    if (status.state == ReindexStatus::State::kDone) return status;
    throw Error(ErrorCode::kUnavailable, status.state == ReindexStatus::State::kFailed
                                             ? status.message
                                             : "It was stopped. Run 'jackdaw reindex' again to go on.");
  }

 private:
  http::ClientRequest make(std::string method, const std::string& target) const {
    http::ClientRequest request;
    request.method = std::move(method);
    request.url = url_ + target;
    request.headers = headers_;
    return request;
  }

  http::ClientRequest question(const std::string& target, const AskOptions& options) const {
    http::ClientRequest request = make("POST", target);
    request.headers.set("Content-Type", "application/json");
    request.body = dump(to_body(options));
    return request;
  }

  http::ClientRequest submission(const FileToSubmit& file) const {
    http::ClientRequest request =
        make(file.replaces ? "PUT" : "POST", file.replaces ? path_of(*file.replaces) : "/v1/documents");
    request.fields = {{"source", file.source}};
    for (const std::string& tag : file.tags) request.fields.push_back({"tags", tag});
    if (!file.password.empty()) request.fields.push_back({"password", file.password});
    if (file.keep_partial) request.fields.push_back({"partial", "true"});
    request.files.push_back({.field = "file", .path = file.path, .filename = {}});
    return request;
  }

  http::ClientResponse send(const http::ClientRequest& request, const http::Client::OnBodyBytes& on_body_bytes = {}) {
    std::unique_ptr<http::Client> client = take();
    http::ClientResponse response = client->request(request, on_body_bytes, cancellation_);
    auto idle = idle_.lock();
    idle->push_back(std::move(client));
    return response;
  }

  // One that failed is not kept.
  std::unique_ptr<http::Client> take() {
    auto idle = idle_.lock();
    if (idle->empty()) return std::make_unique<http::Client>();
    std::unique_ptr<http::Client> client = std::move(idle->back());
    idle->pop_back();
    return client;
  }

  json::object get_object(const std::string& target) { return parse_object(checked(send(make("GET", target))).body); }

  Error went_away() const {
    return {ErrorCode::kUnavailable, "The server at " + url_ + " went away. Run the command again."};
  }

  const std::string url_;
  const Cancellation cancellation_;
  http::Headers headers_;
  Guarded<std::vector<std::unique_ptr<http::Client>>> idle_;
};

}  // namespace

std::unique_ptr<Door> make_remote_door(const Config& config, std::string url, const Cancellation& cancellation) {
  return std::make_unique<RemoteDoor>(config, std::move(url), cancellation);
}

}  // namespace jackdaw::server
