#include "server/answer_json.h"

#include <boost/json.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

constexpr int kProtocol = 1;

json::array sources_to_json(const std::vector<RetrievedPassage>& passages) {
  json::array out;
  int number = 0;
  for (const RetrievedPassage& passage : passages) {
    json::object source{{"n", ++number}};
    for (auto& [key, value] : passage_to_json(passage)) source[key] = std::move(value);
    out.push_back(std::move(source));
  }
  return out;
}

json::array citations_to_json(const std::vector<Citation>& citations) {
  json::array out;
  for (const Citation& citation : citations) out.push_back(citation_to_json(citation));
  return out;
}

json::array ids_to_json(const std::vector<MessageId>& ids) {
  json::array out;
  for (const MessageId& id : ids) out.push_back(json::value(id.value));
  return out;
}

json::value count_to_json(const std::optional<std::int64_t>& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

json::object usage_to_json(const Usage& usage) {
  return {{"input_tokens", count_to_json(usage.input_tokens)},
          {"output_tokens", count_to_json(usage.output_tokens)},
          {"cached_input_tokens", count_to_json(usage.cached_input_tokens)}};
}

std::string_view to_string(CancelReason reason) noexcept {
  switch (reason) {
    case CancelReason::kDisconnect: return "disconnect";
    case CancelReason::kShutdown: return "shutdown";
    case CancelReason::kDeadline: return "deadline";
    default: return "client";
  }
}

void add_place(json::object& out, const std::optional<ConversationPlace>& place) {
  if (!place) return;
  out["conversation_id"] = place->conversation.value;
  out["question_message_id"] = place->question_message.value;
  out["message_id"] = place->answer_message.value;
}

struct Data {
  json::object operator()(const AnswerMeta& event) const {
    json::object out{{"answer_id", event.answer.value},
                     {"protocol", kProtocol},
                     {"provider", event.provider},
                     {"model", event.model}};
    add_place(out, event.place);
    return out;
  }
  json::object operator()(const AnswerQuery& event) const {
    return {{"standalone_question", event.standalone_question},
            {"used_turns", ids_to_json(event.used_turns)},
            {"origin", jackdaw::to_string(event.origin)}};
  }
  json::object operator()(const AnswerCitation& event) const { return citation_to_json(event.citation); }
  json::object operator()(const AnswerStatus& event) const { return {{"stage", jackdaw::to_string(event.stage)}}; }
  json::object operator()(const AnswerSources& event) const {
    json::object out{{"sources", sources_to_json(event.passages)}};
    add_rerank_skipped(out, event.rerank_skipped);
    return out;
  }
  json::object operator()(const AnswerProvider& event) const {
    return {{"from", event.from}, {"to", event.to}, {"model", event.model}, {"reason", event.reason}};
  }
  json::object operator()(const AnswerToken& event) const { return {{"text", event.text}}; }
  json::object operator()(const AnswerTiming& event) const { return server::to_json(event.timings); }
  json::object operator()(const AnswerFinal& event) const {
    json::object out{{"answer", event.answer},
                     {"sources", sources_to_json(event.passages)},
                     {"citations", citations_to_json(event.citations)},
                     {"dropped_marks", event.dropped_marks},
                     {"usage", usage_to_json(event.usage)},
                     {"finish_reason", jackdaw::to_string(event.finish_reason)},
                     {"index_version", event.index_version}};
    add_rerank_skipped(out, event.rerank_skipped);
    return out;
  }
  json::object operator()(const AnswerError& event) const { return server::to_json(event); }
  json::object operator()(const AnswerCancelled& event) const {
    return {{"reason", to_string(event.reason)}, {"answer_so_far", event.answer_so_far}};
  }
};

// Adds what an event tells of its answer to the answer as a whole.
class Fold {
 public:
  Fold(json::object& answer, std::string& text) : answer_(answer), text_(text) {}

  void operator()(const AnswerMeta& event) {
    answer_["provider"] = event.provider;
    answer_["model"] = event.model;
    add_place(answer_, event.place);
  }
  void operator()(const AnswerQuery& event) {
    answer_["standalone_question"] = event.standalone_question;
    answer_["used_turns"] = ids_to_json(event.used_turns);
    answer_["query_origin"] = jackdaw::to_string(event.origin);
  }
  void operator()(const AnswerCitation& event) {
    answer_["citations"].as_array().push_back(citation_to_json(event.citation));
  }
  void operator()(const AnswerSources& event) {
    answer_["sources"] = sources_to_json(event.passages);
    add_rerank_skipped(answer_, event.rerank_skipped);
  }
  void operator()(const AnswerProvider& event) {
    answer_["provider"] = event.to;
    answer_["model"] = event.model;
  }
  void operator()(const AnswerToken& event) { text_ += event.text; }
  void operator()(const AnswerTiming& event) { answer_["timings"] = server::to_json(event.timings); }
  void operator()(const AnswerFinal& event) {
    answer_["usage"] = usage_to_json(event.usage);
    answer_["finish_reason"] = jackdaw::to_string(event.finish_reason);
    answer_["index_version"] = event.index_version;
    answer_["dropped_marks"] = event.dropped_marks;
  }
  void operator()(const AnswerError& event) { answer_["error"] = server::to_json(event); }
  void operator()(const AnswerCancelled& event) {
    answer_["cancelled"] = json::object{{"reason", to_string(event.reason)}};
  }
  void operator()(const AnswerStatus&) {}

 private:
  json::object& answer_;
  std::string& text_;
};

}  // namespace

std::string_view event_name(const AnswerEvent& event) noexcept {
  static constexpr std::array<std::string_view, 11> kNames = {
      "meta", "status", "sources", "provider", "token", "timing", "final", "error", "cancelled", "query", "citation"};
  static_assert(std::variant_size_v<AnswerEvent> == kNames.size(), "one name per event");
  return kNames.at(event.index());
}

json::object citation_to_json(const Citation& citation) {
  json::object out{{"n", citation.number},
                   {"source", citation.source},
                   {"answer_span", json::array{citation.begin, citation.end}},
                   {"quote", citation.quote}};
  out["page"] = citation.paged && citation.page > 0 ? json::value(citation.page) : json::value(nullptr);
  out["boxes"] = boxes_to_json(citation.boxes);
  out["verified"] = citation.verified;
  return out;
}

json::object event_to_json(const AnswerEvent& event) {
  return std::visit(Data(), event);
}

json::object simple_end_to_json(const AnswerFinal& final) {
  json::array sources;
  for (const RetrievedPassage& passage : final.passages) sources.push_back(source_to_json(passage));
  json::object out{{"sources", std::move(sources)}};
  if (!final.citations.empty()) out["citations"] = citations_to_json(final.citations);
  add_rerank_skipped(out, final.rerank_skipped);
  if (final.finish_reason != FinishReason::kStop) out["finish_reason"] = to_string(final.finish_reason);
  return out;
}

json::object to_json(const AnswerError& error) {
  json::object out{{"code", to_string(error.code)}, {"message", error.message}, {"retryable", error.retryable}};
  if (error.retry_after_s) out["retry_after_s"] = *error.retry_after_s;
  return out;
}

std::string_view status_of(const StoredAnswer& answer) noexcept {
  if (answer.events.empty() || !is_terminal(answer.events.back())) return "running";
  if (std::holds_alternative<AnswerFinal>(answer.events.back())) return "complete";
  return std::holds_alternative<AnswerError>(answer.events.back()) ? "failed" : "cancelled";
}

json::object to_json(const StoredAnswer& answer) {
  json::object out{{"answer_id", answer.id.value},
                   {"status", status_of(answer)},
                   {"question", answer.question},
                   {"answer", ""},
                   {"sources", json::array()},
                   {"citations", json::array()},
                   {"usage", usage_to_json(Usage())},
                   {"finish_reason", nullptr},
                   {"provider", nullptr},
                   {"model", nullptr},
                   {"created_at", to_rfc3339(answer.created_at)}};
  std::string text;
  Fold fold(out, text);
  for (const AnswerEvent& event : answer.events) std::visit(fold, event);
  out["answer"] = std::move(text);
  return out;
}

}  // namespace jackdaw::server
