#include "server/eval_settings.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "core/error.h"

namespace jackdaw::server {
namespace {

// What a setting is for.
enum class Part { kAll, kWords, kMeaning, kFusing, kReranking, kCutting, kEmbeddedCut };

struct ReadSetting {
  std::string_view variable;
  Part part;
};

// Whatever is not here the measurement does not read.
constexpr std::array kReadSettings{
    ReadSetting{"JACKDAW_MODELS", Part::kAll},
    ReadSetting{"JACKDAW_THREADS", Part::kAll},
    ReadSetting{"JACKDAW_SANDBOX", Part::kAll},
    ReadSetting{"JACKDAW_CANDIDATES", Part::kAll},
    ReadSetting{"JACKDAW_ANALYZER", Part::kWords},
    ReadSetting{"JACKDAW_STEM", Part::kWords},
    ReadSetting{"JACKDAW_STOP_WORDS", Part::kWords},
    ReadSetting{"JACKDAW_TITLE_WEIGHT", Part::kWords},
    ReadSetting{"JACKDAW_HEADING_WEIGHT", Part::kCutting},
    ReadSetting{"JACKDAW_EMBEDDER", Part::kMeaning},
    ReadSetting{"JACKDAW_VECTOR_ENGINE", Part::kMeaning},
    ReadSetting{"JACKDAW_APPROXIMATE_FROM", Part::kMeaning},
    ReadSetting{"JACKDAW_FUSION", Part::kFusing},
    ReadSetting{"JACKDAW_RERANKER", Part::kReranking},
    ReadSetting{"JACKDAW_CHUNKS", Part::kCutting},
    ReadSetting{"JACKDAW_CHUNK_CHARACTERS", Part::kCutting},
    ReadSetting{"JACKDAW_CHUNK_OVERLAP", Part::kCutting},
    ReadSetting{"JACKDAW_CHUNK_STRICT", Part::kCutting},
    ReadSetting{"JACKDAW_EMBEDDED_CONTEXT", Part::kEmbeddedCut},
};

bool any_of_stages(const EvalOptions& options, std::initializer_list<EvalStage> wanted) {
  return std::ranges::find_first_of(options.stages, wanted) != options.stages.end();
}

bool is_done(Part part, const EvalOptions& options) {
  const bool cuts = options.passages != EvalCut::kWhole;
  switch (part) {
    case Part::kAll: return true;
    case Part::kWords: return any_of_stages(options, {EvalStage::kKeyword, EvalStage::kHybrid, EvalStage::kRerank});
    case Part::kMeaning: return any_of_stages(options, {EvalStage::kVector, EvalStage::kHybrid, EvalStage::kRerank});
    case Part::kFusing: return any_of_stages(options, {EvalStage::kHybrid, EvalStage::kRerank});
    case Part::kReranking: return any_of_stages(options, {EvalStage::kRerank});
    case Part::kCutting: return cuts;
    case Part::kEmbeddedCut: return cuts && is_done(Part::kMeaning, options);
  }
  return false;
}

// Empty: it is read.
std::string what_reads(std::string_view variable, const EvalOptions& options) {
  if (variable == "JACKDAW_RERANK_BUDGET_MS") return "--depth says how many are reranked";
  const auto found = std::ranges::find(kReadSettings, variable, &ReadSetting::variable);
  if (found == kReadSettings.end()) return "it is no part of what is measured";
  if (is_done(found->part, options)) return {};
  switch (found->part) {
    case Part::kWords: return "--stages keyword reads it";
    case Part::kMeaning: return "--stages vector reads it";
    case Part::kFusing: return "--stages hybrid reads it";
    case Part::kReranking: return "--stages rerank reads it";
    default: return "--passages chunks reads it";
  }
}

}  // namespace

void check_eval_settings(const Values& given, const char* flag, const EvalOptions& options) {
  std::string unread;
  for (const auto& [variable, value] : given) {
    const std::string reader = what_reads(variable, options);
    if (reader.empty()) continue;
    unread += (unread.empty() ? "" : ", ") + variable + " (" + reader + ")";
  }
  if (unread.empty()) return;
  throw Error(ErrorCode::kInvalidArgument,
              std::string(flag) + " gives what this measurement does not read: " + unread + ". Leave it out.")
      .with_field(flag);
}

}  // namespace jackdaw::server
