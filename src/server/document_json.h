#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/chunk.h"
#include "core/document.h"
#include "core/document_store.h"
#include "core/error.h"
#include "ingest/ingest_queue.h"

namespace boost::json {
class object;
}  // namespace boost::json

// Documents as JSON, in the words of docs/http_api.md, section 2. Pure functions.
namespace jackdaw::server {

using ingest::JobProgress;
// Where a document's job is; nothing while none runs.
using ProgressOf = std::function<std::optional<JobProgress>(const DocumentId&)>;

// What became of one file that was handed in.
struct FileOutcome {
  std::string filename;
  std::optional<Document> document;  // accepted; at the simple door ready
  std::optional<Error> error;        // failed
};

// "queued", "extracting", "embedding", "ready", "failed", "cancelled".
std::string_view status_of(DocumentStatus status, const std::optional<JobProgress>& progress) noexcept;

// With `progress` it says how far its reading has come.
boost::json::object to_json(const Document& document, const std::optional<JobProgress>& progress = std::nullopt);
boost::json::object to_json(const DocumentPage& page, const ProgressOf& progress_of = {});

// The simple door: `{"document_id", "filename", "pages", "chunks", "status": "ready"}`, or `status: "failed"` with
// `error`.
boost::json::object to_json(const FileOutcome& outcome);
// The full door: the document, or `{"filename", "status": "failed", "error"}`.
boost::json::object accepted_to_json(const FileOutcome& outcome, const ProgressOf& progress_of);

// `{code, message, page}`
boost::json::object to_json(const DocumentFailure& failure);
// `{page, pages, chunk, chunks, recognizing?, pages_per_s, eta_s}`
boost::json::object to_json(const JobProgress& progress);

boost::json::object to_json(const ChunkPage& page);
// A page with its words; offsets in code points. `paged`: false where the format has no pages.
boost::json::object page_to_json(const DocumentId& document, const Page& page, bool paged);

// Why the document is not there, for who waited for it; nothing when it is.
std::optional<Error> failure_of(const Document& document);

}  // namespace jackdaw::server
