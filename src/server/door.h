#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/document_store.h"
#include "core/job_store.h"
#include "ingest/ingest_queue.h"
#include "server/backups.h"
#include "server/config.h"
#include "server/reindexing.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::server {

struct AskOptions {
  std::string question;
  std::optional<int> top_k;
  std::optional<bool> rerank;
  // Which documents the question is about; empty: all.
  std::vector<std::string> documents{};
  std::vector<std::string> tags{};
  std::vector<std::string> media_types{};
};

// The same fields as the JSON body of /query, /query/stream and /v1/search.
boost::json::object to_body(const AskOptions& options);

// A file for the collection.
struct FileToSubmit {
  std::filesystem::path path;
  std::string source;  // Document::source
  std::vector<std::string> tags{};
  std::string password{};
  bool keep_partial = false;
  std::optional<DocumentId> replaces{};
};

// How a command reaches the collection: through the server that owns the data folder, or by being the owner itself for
// as long as it runs. JSON objects are those of docs/http_api.md, the same at both doors. Any thread, several at once.
// Every function throws Error, kCancelled once the cancellation that the door was opened with is requested.
class Door {
 public:
  using OnEvent = std::function<void(const boost::json::object&)>;
  // Called on any thread; must not throw.
  using OnProgress = std::function<void(const ingest::JobProgress&)>;
  using OnReindexProgress = std::function<void(const ingest::ReindexProgress&)>;

  virtual ~Door() = default;

  // The document that was read from there.
  virtual std::optional<Document> find_by_source(const std::string& source) = 0;
  // Returns when the file is accepted: it will be read, whatever happens. `already_known`: see JobStore::accept.
  virtual Accepted submit(const FileToSubmit& file) = 0;
  // Waits until nothing of the document waits or runs. Throws kNotFound once it is removed.
  virtual Document follow(const DocumentId& id, const OnProgress& on_progress) = 0;
  // What failed or was cancelled waits again.
  virtual Document retry(const DocumentId& id, const std::string& password) = 0;
  virtual Document cancel(const DocumentId& id) = 0;
  // False when there is no such document.
  virtual bool remove(const DocumentId& id) = 0;

  // The events of POST /query/stream, one by one, on the calling thread; the last holds `sources`.
  virtual void ask(const AskOptions& options, const OnEvent& on_event) = 0;
  // The answer of POST /v1/search.
  virtual boost::json::object search(const AskOptions& options) = 0;
  // All documents that fit `query`, oldest first; its `limit` and `after` are ignored.
  virtual boost::json::object documents(const DocumentQuery& query) = 0;

  // For who drops it afterwards.
  virtual MadeBackup make_backup() = 0;
  virtual void drop_backup(const std::string& id) = 0;

  // Makes all vectors anew (Reindexing::start) and returns when they are in use. A server goes on when this is
  // cancelled; here what was made waits for the next time.
  virtual ReindexStatus reindex(const std::string& embedder, const OnReindexProgress& on_progress) = 0;
};

enum class DoorNeeds { kDocuments, kAnswers };

// Chooses by data/lock. Opening the folder itself loads the models first, unless only documents are listed.
std::unique_ptr<Door> open_door(const Config& config, DoorNeeds needs, const Cancellation& cancellation);

std::unique_ptr<Door> make_remote_door(const Config& config, std::string url, const Cancellation& cancellation);
std::unique_ptr<Door> make_local_door(const Config& config, DoorNeeds needs, const Cancellation& cancellation);

}  // namespace jackdaw::server
