#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/cancellation.h"
#include "core/document.h"
#include "core/error.h"
#include "core/ids.h"
#include "core/prompt.h"
#include "core/ranking.h"

namespace jackdaw {

// What happens while an answer is made, in order (docs/http_api.md, section 2). Exactly one of AnswerFinal, AnswerError
// and AnswerCancelled comes, and it comes last.
enum class AnswerStage { kResolving, kSearching, kReranking, kPrompting, kWaiting, kAnswering };

// "resolving", "searching" ...
std::string_view to_string(AnswerStage stage) noexcept;

// Why the returned passages were not reranked.
enum class RerankSkipped { kNo, kDeadline, kOff };

// Milliseconds of each step; nothing for a step that did not run. `fuse_ms` includes reading the passages.
struct AnswerTimings {
  std::optional<double> queue_ms, resolve_ms, embed_ms, keyword_ms, vector_ms, fuse_ms, rerank_ms, prompt_ms,
      first_token_ms, total_ms;
};

// Where an answer stands when it belongs to a conversation.
struct ConversationPlace {
  ConversationId conversation;
  MessageId question_message;
  MessageId answer_message;
  friend bool operator==(const ConversationPlace&, const ConversationPlace&) = default;
};

struct AnswerMeta {
  AnswerId answer;
  std::string provider;
  std::string model;
  std::optional<ConversationPlace> place{};
};
struct AnswerStatus {
  AnswerStage stage;
};

// Who made the question that is searched for out of the one that was asked.
enum class QueryOrigin { kAsAsked, kRules, kModel };

// "as_asked", "rules", "model".
std::string_view to_string(QueryOrigin origin) noexcept;

// What is searched for, in a conversation.
struct AnswerQuery {
  std::string standalone_question;
  std::vector<MessageId> used_turns;  // the question messages of the past turns that it took something from
  QueryOrigin origin = QueryOrigin::kAsAsked;
};

// The place in a source that carries a claim of the answer.
struct Citation {
  int number = 0;         // 1, 2 ... in the order of the answer
  int source = 0;         // 1-based place in AnswerSources::passages
  std::size_t begin = 0;  // the claim: code points of the answer, without its marks
  std::size_t end = 0;
  std::uint32_t quote_begin = 0;  // bytes of the source's Passage::text; equal to the end: it has no such place
  std::uint32_t quote_end = 0;
  std::string quote{};       // those bytes; empty once the document is deleted
  int page = 0;              // SourceSpan::page of the source
  bool paged = true;         // Passage::paged of the source
  std::vector<Box> boxes{};  // of the quote, one a line; of the whole passage where it has none
  bool verified = false;     // the quote says it: see docs/architecture.md, "Citations"
};

struct AnswerCitation {
  Citation citation;
};

struct AnswerSources {
  std::vector<RetrievedPassage> passages;
  RerankSkipped rerank_skipped = RerankSkipped::kNo;
};
// Failover, only before the first token: `to` writes instead of `from`.
struct AnswerProvider {
  std::string from;
  std::string to;
  std::string model;  // of `to`
  std::string reason;
};
struct AnswerToken {
  std::string text;
};
struct AnswerTiming {
  AnswerTimings timings;
};
struct AnswerFinal {
  std::string answer;
  std::vector<RetrievedPassage> passages;
  RerankSkipped rerank_skipped = RerankSkipped::kNo;
  Usage usage;
  FinishReason finish_reason = FinishReason::kStop;
  std::uint64_t index_version = 0;
  std::vector<Citation> citations{};  // all that were told
  int dropped_marks = 0;              // marks of the writer that named no source, and were left out
};
struct AnswerError {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::optional<std::int64_t> retry_after_s;
  bool retryable = false;
};
struct AnswerCancelled {
  CancelReason reason = CancelReason::kClient;
  std::string answer_so_far;
};

using AnswerEvent = std::variant<AnswerMeta, AnswerStatus, AnswerSources, AnswerProvider, AnswerToken, AnswerTiming,
                                 AnswerFinal, AnswerError, AnswerCancelled, AnswerQuery, AnswerCitation>;

// True for the three events that end an answer.
bool is_terminal(const AnswerEvent& event) noexcept;

}  // namespace jackdaw
