#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/cancellation.h"
#include "server/config.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::server {

struct AskOptions {
  std::string question;
  std::optional<int> top_k;
  std::optional<bool> rerank;
};

// How a command reaches the collection: through the server that owns the data folder, or by being the owner itself for
// as long as it runs. Objects are those of docs/http_api.md, the same at both doors. Used by one thread. Every function
// throws Error.
class Door {
 public:
  using OnEvent = std::function<void(const boost::json::object&)>;
  using OnProgress = std::function<void(const std::string& what)>;

  virtual ~Door() = default;

  // One file; the object is its outcome, also when it failed.
  virtual boost::json::object ingest(const std::filesystem::path& file, const OnProgress& on_progress) = 0;

  // The events of POST /query/stream, one by one; the last holds `sources` or `error`.
  virtual void ask(const AskOptions& options, const OnEvent& on_event) = 0;

  // The answer of POST /v1/search.
  virtual boost::json::object search(const AskOptions& options) = 0;

  // All documents, oldest first.
  virtual boost::json::object documents() = 0;

  // False when there is no such document.
  virtual bool remove(const std::string& document_id) = 0;
};

enum class DoorNeeds { kDocuments, kAnswers };

// Chooses by data/lock. Opening the folder itself loads the models first, unless only documents are listed.
std::unique_ptr<Door> open_door(const Config& config, DoorNeeds needs);

std::unique_ptr<Door> make_remote_door(const Config& config, std::string url);
std::unique_ptr<Door> make_local_door(const Config& config, DoorNeeds needs);

}  // namespace jackdaw::server
