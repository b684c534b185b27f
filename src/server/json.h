#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "answer/retriever.h"
#include "core/answer_event.h"
#include "core/chunk.h"
#include "core/error.h"
#include "core/ranking.h"

// Our types as JSON, in the words of docs/http_api.md, and JSON as our types: the first and the last function of each
// route. Boost.JSON's types stay in the .cpp files; here JSON is text, or an object being read.
namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace jackdaw::server {

// One line, a space after each colon and comma (`{"token": "The"}`), UTF-8 as it is, line separators (U+2028, U+2029,
// U+0085) escaped so that no client splits a line at them.
std::string dump(const boost::json::value& value);
// A JSON string as dump() writes it.
void append_quoted(std::string& out, std::string_view text);

// Six significant digits: what a float carries, without the noise of its conversion to double.
double rounded(double number);
boost::json::array boxes_to_json(const std::vector<Box>& boxes);
// Null where there is no more.
boost::json::value cursor_to_json(const std::string& next);
// `page`, null where the format has none, and `page_label` and `heading` where there is one.
void add_place(boost::json::object& out, const Passage& passage);
// `pages_per_s` and `eta_s`, null while they are not known.
void add_speed(boost::json::object& out, double pages_per_s, const std::optional<double>& eta_s);

// `{chunk_id, text, page, score, document_id, filename, ...}`: a source of the simple door.
boost::json::object source_to_json(const RetrievedPassage& passage);
// A passage of /v1/search and of /v1/answers, with boxes and reasons; of a deleted one only the ids and the score.
boost::json::object passage_to_json(const RetrievedPassage& passage);
boost::json::object to_json(const AnswerTimings& timings);
// The answer of /v1/search.
boost::json::object to_json(const answer::Retrieved& found);

// Adds `rerank_skipped` where there is something to say.
void add_rerank_skipped(boost::json::object& out, RerankSkipped skipped);

// `{code, message, retryable, retry_after_s?}`
boost::json::object error_to_json(const Error& error);

// "keyword;dur=1.2, vector;dur=0.4, ..." for the header Server-Timing.
std::string server_timing(const AnswerTimings& timings);

// Reads a request's JSON object and its fields. Unknown fields are ignored. Throws Error kInvalidJson, or
// kInvalidArgument naming the field and what is allowed.
class JsonFields {
 public:
  // Throws kInvalidJson for anything but one JSON object (depth at most 32).
  explicit JsonFields(std::string_view body);
  ~JsonFields();
  JsonFields(const JsonFields&) = delete;
  JsonFields& operator=(const JsonFields&) = delete;

  std::optional<std::string> text(std::string_view field) const;
  std::optional<std::int64_t> integer(std::string_view field, std::int64_t low, std::int64_t high) const;
  std::optional<double> number(std::string_view field, double low, double high) const;
  std::optional<bool> boolean(std::string_view field) const;
  // A list of texts inside an object: `filter.document_ids`.
  std::optional<std::vector<std::string>> texts(std::string_view object, std::string_view field) const;
  std::optional<std::vector<std::string>> texts(std::string_view field) const;
  // A text inside an object: `filter.created_from`.
  std::optional<std::string> text(std::string_view object, std::string_view field) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace jackdaw::server
