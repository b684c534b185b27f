#include "providers/dialect.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "providers/provider_error.h"

namespace jackdaw::providers {
namespace {

// How the hosts say that they do not take a parameter.
constexpr std::array<std::string_view, 14> kRefusals = {
    "unsupported", "not support", "not_support",   "does not accept", "unknown",        "unrecognized",  "unexpected",
    "extra",       "deprecated",  "not permitted", "not allowed",     "not compatible", "not available", "invalid"};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
  return out;
}

}  // namespace

RequestShape shape_without_refused(const RequestShape& shape, const WireError& error) {
  using MaxTokensField = RequestShape::MaxTokensField;
  const std::string words = lower(error.code + " " + error.message);
  const bool refuses = std::any_of(kRefusals.begin(), kRefusals.end(),
                                   [&words](std::string_view refusal) { return has(words, refusal); });
  RequestShape other = shape;
  if (!refuses || is_context_overflow(error)) return other;
  // The field that the error names itself counts; else the first that its words name.
  const std::string subject = error.param.empty() ? words : lower(error.param);
  const bool is_old_field = shape.max_tokens_field == MaxTokensField::kMaxTokens;
  if (has(subject, "temperature")) {
    other.temperature = false;
  } else if (has(subject, "stream_options") || has(subject, "include_usage")) {
    other.stream_options = false;
  } else if (has(subject, is_old_field ? "max_tokens" : "max_completion_tokens")) {
    other.max_tokens_field = is_old_field ? MaxTokensField::kMaxCompletionTokens : MaxTokensField::kMaxTokens;
  } else if (has(subject, "thinking")) {
    other.thinking_budget = false;
  } else if (has(words, "developer") || (has(words, "system") && has(words, "role"))) {
    other.developer_role = !shape.developer_role;
  }
  return other;
}

}  // namespace jackdaw::providers
