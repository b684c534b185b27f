#pragma once

#include <string_view>

#include "core/answer_event.h"
#include "core/answer_store.h"
#include "core/error.h"

namespace boost::json {
class object;
}  // namespace boost::json

// Answers and their events as JSON, in the words of docs/http_api.md, section 2.
namespace jackdaw::server {

// "meta", "status", "sources" ...
std::string_view event_name(const AnswerEvent& event) noexcept;
// The data of the event at the full door.
boost::json::object event_to_json(const AnswerEvent& event);

// The end of an answer at the simple door: `sources` and, where they say something, `rerank_skipped` and
// `finish_reason`. POST /query puts `answer` before it.
boost::json::object simple_end_to_json(const AnswerFinal& final);

boost::json::object citation_to_json(const Citation& citation);

// `{code, message, retryable, retry_after_s?}`
boost::json::object to_json(const AnswerError& error);

// The answer as GET /v1/answers/{id} shows it, running or ended.
boost::json::object to_json(const StoredAnswer& answer);

// "running", "complete", "failed", "cancelled": only a proven end is complete.
std::string_view status_of(const StoredAnswer& answer) noexcept;

}  // namespace jackdaw::server
