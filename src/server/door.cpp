#include "server/door.h"

#include <boost/json.hpp>

#include <utility>

#include "core/log.h"
#include "store/data_lock.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

json::array list_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

}  // namespace

json::object to_body(const AskOptions& options) {
  json::object body{{"question", options.question}};
  if (options.top_k) body["top_k"] = *options.top_k;
  if (options.rerank) body["rerank"] = *options.rerank;
  json::object filter;
  if (!options.documents.empty()) filter["document_ids"] = list_of(options.documents);
  if (!options.tags.empty()) filter["tags"] = list_of(options.tags);
  if (!options.media_types.empty()) filter["media_types"] = list_of(options.media_types);
  if (!filter.empty()) body["filter"] = std::move(filter);
  return body;
}

std::unique_ptr<Door> open_door(const Config& config, DoorNeeds needs, const Cancellation& cancellation) {
  const auto owner = store::DataLock::owner_of(config.data_dir);
  if (owner && !owner->url.empty()) {
    log::info("using the server at " + owner->url + " (process " + std::to_string(owner->pid) + ")");
    return make_remote_door(config, owner->url, cancellation);
  }
  return make_local_door(config, needs, cancellation);
}

}  // namespace jackdaw::server
