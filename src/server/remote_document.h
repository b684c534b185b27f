#pragma once

#include <string_view>

#include "core/document.h"
#include "core/error.h"
#include "ingest/ingest_queue.h"

namespace boost::json {
class object;
}  // namespace boost::json

// What a server says of documents (docs/http_api.md, section 2), as our types again. Pure functions; fields that are
// missing or of another kind keep their defaults, so that an older or newer server is understood as far as possible.
namespace jackdaw::server {

Document document_from_json(const boost::json::object& object);

// One event of GET /v1/documents/{id}/events; nothing for a name that is not known.
std::optional<ingest::JobProgress> progress_from_event(std::string_view name, const boost::json::object& data);

// A problem (`detail`) or an error inside another object (`message`).
Error error_from_json(const boost::json::object& object);

}  // namespace jackdaw::server
