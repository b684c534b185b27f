#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/cancellation.h"
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

struct AnswerMeta {
  AnswerId answer;
  std::string provider;
  std::string model;
};
struct AnswerStatus {
  AnswerStage stage;
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
                                 AnswerFinal, AnswerError, AnswerCancelled>;

// True for the three events that end an answer.
bool is_terminal(const AnswerEvent& event) noexcept;

}  // namespace jackdaw
