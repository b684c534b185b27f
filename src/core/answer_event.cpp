#include "core/answer_event.h"

namespace jackdaw {

std::string_view to_string(AnswerStage stage) noexcept {
  switch (stage) {
    case AnswerStage::kResolving: return "resolving";
    case AnswerStage::kSearching: return "searching";
    case AnswerStage::kReranking: return "reranking";
    case AnswerStage::kPrompting: return "prompting";
    case AnswerStage::kWaiting: return "waiting";
    case AnswerStage::kAnswering: return "answering";
  }
  return "answering";
}

std::string_view to_string(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kContentFilter: return "content_filter";
    case FinishReason::kNoEvidence: return "no_evidence";
    case FinishReason::kOther: return "other";
  }
  return "other";
}

std::string_view to_string(QueryOrigin origin) noexcept {
  switch (origin) {
    case QueryOrigin::kAsAsked: return "as_asked";
    case QueryOrigin::kRules: return "rules";
    case QueryOrigin::kModel: return "model";
  }
  return "as_asked";
}

bool is_terminal(const AnswerEvent& event) noexcept {
  return std::holds_alternative<AnswerFinal>(event) || std::holds_alternative<AnswerError>(event) ||
         std::holds_alternative<AnswerCancelled>(event);
}

}  // namespace jackdaw
