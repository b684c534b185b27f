#include "providers/provider_error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/clock.h"
#include "core/text.h"
#include "http/retry.h"
#include "providers/redaction.h"

namespace jackdaw::providers {
namespace {

constexpr std::size_t kMaxQuotedCharacters = 200;

// What the providers' own names for errors are worth as a status. Specific ones say more than the HTTP status beside
// them; general ones stand for whole families and count only where no status is given.
struct Name {
  std::string_view name;
  int status;
  bool is_specific;
};
constexpr std::array kNames = {
    Name{"overloaded_error", 529, true},
    Name{"server_is_overloaded", 503, true},
    Name{"rate_limit_error", 429, true},
    Name{"rate_limit_exceeded", 429, true},
    Name{"slow_down", 429, true},
    Name{"RESOURCE_EXHAUSTED", 429, true},
    Name{"UNAVAILABLE", 503, true},
    Name{"unavailable_error", 503, true},
    Name{"provider_unavailable", 503, true},
    Name{"insufficient_system_resource", 503, true},
    Name{"authentication_error", 401, true},
    Name{"invalid_api_key", 401, true},
    Name{"API_KEY_INVALID", 401, true},
    Name{"UNAUTHENTICATED", 401, true},
    Name{"permission_error", 403, true},
    Name{"PERMISSION_DENIED", 403, true},
    Name{"billing_error", 402, true},
    Name{"not_found_error", 404, true},
    Name{"model_not_found", 404, true},
    Name{"NOT_FOUND", 404, true},
    Name{"NotFoundError", 404, true},
    Name{"request_too_large", 413, true},
    Name{"timeout_error", 504, true},
    Name{"DEADLINE_EXCEEDED", 504, true},
    Name{"invalid_request_error", 400, false},
    Name{"INVALID_ARGUMENT", 400, false},
    Name{"BadRequestError", 400, false},
    Name{"exceed_context_size_error", 400, false},
    Name{"tool_use_failed", 400, false},
    Name{"api_error", 500, false},
    Name{"server_error", 500, false},
    Name{"internal_server_error", 500, false},
    Name{"InternalServerError", 500, false},
    Name{"INTERNAL", 500, false},
};

constexpr std::array<std::string_view, 7> kMoneyCodes = {
    "insufficient_quota",           "credit_balance_exhausted",          "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "enforced_spend_limit_reached",
    "billing_hard_limit_reached"};

constexpr std::array<std::string_view, 6> kOverflowMarks = {"maximum context length",
                                                            "prompt is too long",
                                                            "exceeds the available context size",
                                                            "Input is too long",
                                                            "context size has been exceeded",
                                                            "exceeds the maximum number of tokens"};

std::optional<int> named_status(const WireError& error, bool specific) {
  for (const std::string* said : {&error.code, &error.type}) {
    for (const Name& name : kNames) {
      if (name.is_specific == specific && name.name == *said) return name.status;
    }
  }
  return std::nullopt;
}

// 0: nothing says which kind of failure it is.
int effective_status(const WireError& error, int http_status) {
  if (const auto status = named_status(error, true)) return *status;
  if (error.status) return *error.status;
  if (http_status >= 400) return http_status;
  return named_status(error, false).value_or(0);
}

bool is_about_money(const WireError& error, int status) {
  const auto is_one = [&error](std::string_view code) { return error.code == code || error.type == code; };
  return status == 402 || std::any_of(kMoneyCodes.begin(), kMoneyCodes.end(), is_one);
}

bool is_filtered(const WireError& error) {
  return error.code == "content_filter" || error.type == "content_filter";
}

bool is_retried(int status) {
  return status == 429 || status == 498 || status == 500 || status == 502 || status == 503 || status == 529;
}

std::string in_seconds(std::chrono::milliseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 1) return std::to_string(time.count()) + " ms";
  return std::to_string(static_cast<std::int64_t>(std::ceil(seconds))) + " s";
}

std::string marked(int status) {
  return status == 0 ? std::string() : " (status " + std::to_string(status) + ")";
}

std::string refused_access(const ProviderIdentity& who, int status) {
  if (who.key_variable.empty()) return who.title + " refuses access" + marked(status) + ".";
  if (!who.has_key) return who.title + " wants a key" + marked(status) + ". Set " + who.key_variable + ".";
  if (status == 403) {
    return who.title + " does not allow this with the key in " + who.key_variable + marked(status) +
           ". Check what the key may do.";
  }
  return who.title + " refuses the key in " + who.key_variable + marked(status) + ". Put a valid one there.";
}

std::string too_long(const ProviderIdentity& who, const WireError& error) {
  std::string sentence =
      "The question and its passages are longer than " + who.title + " takes for the model \"" + who.model + "\"";
  if (error.prompt_tokens && error.context_tokens) {
    sentence +=
        " (" + std::to_string(*error.prompt_tokens) + " tokens, at most " + std::to_string(*error.context_tokens) + ")";
  }
  return sentence + ". Ask with a smaller top_k, or use a model with a longer context.";
}

std::string not_found(const ProviderIdentity& who, int status) {
  std::string sentence = who.title + " knows no model \"" + who.model + "\", or nothing at that address" +
                         marked(status) + ". Check LLM_MODEL and " + who.url_variable;
  if (who.provider == "ollama") sentence += ", or run: ollama pull " + who.model;
  return sentence + ".";
}

struct Verdict {
  ErrorCode code;
  std::string sentence;
};

Verdict judge(const ProviderIdentity& who, const WireError& error, int status) {
  using enum ErrorCode;
  const std::string mark = marked(status);
  if (is_about_money(error, status)) {
    return {kProviderError, who.title + " has no credit or quota left for this account" + mark +
                                ". Waiting does not help: see to the account's billing."};
  }
  if (is_context_overflow(error)) return {kProviderError, too_long(who, error)};
  if (is_filtered(error))
    return {kProviderError, "The content filter of " + who.title + " refused the request" + mark + "."};
  switch (status) {
    case 0: return {kProviderError, who.title + " reported an error."};
    case 401:
    case 403: return {kProviderAuth, refused_access(who, status)};
    case 404: return {kProviderError, not_found(who, status)};
    case 408:
    case 504:
    case 524: return {kProviderTimeout, who.title + " took too long on its side" + mark + "."};
    case 413:
      return {kProviderError, "The request is too large for " + who.title + mark + ". Ask with a smaller top_k."};
    case 429: return {kProviderOverloaded, who.title + " limits how much it may be asked" + mark + "."};
    case 498:
    case 503:
    case 529: return {kProviderOverloaded, who.title + " is overloaded" + mark + "."};
    default: break;
  }
  if (status >= 500) return {kProviderError, who.title + " failed on its side" + mark + "."};
  if (status < 400) return {kProviderError, who.title + " answered with something else than an answer" + mark + "."};
  return {kProviderError, who.title + " refuses the request" + mark + "."};
}

// Of no status, or of one that says nothing of an error, nobody knows.
bool may_pass_by_itself(int status) {
  return status < 400 || status == 408 || status == 409 || status == 429 || status == 498 || status >= 500;
}

ProviderFailure assemble(const ProviderIdentity& who, const WireError& error, int status) {
  Verdict verdict = judge(who, error, status);
  ProviderFailure failure;
  failure.code = verdict.code;
  failure.message = std::move(verdict.sentence);
  failure.may_retry = is_retried(status) && !is_about_money(error, status) && !is_context_overflow(error);
  failure.retry_after = error.retry_after;
  failure.retryable = may_pass_by_itself(status) && !is_about_money(error, status) && !is_context_overflow(error);
  if (const std::string words = quotable(error.message, who.secrets); !words.empty()) {
    failure.message += " It says: \"" + words + "\"";
    if (words.back() != '.') failure.message += '.';
  }
  return failure;
}

ProviderFailure plain(ErrorCode code, std::string message, bool may_retry = false) {
  ProviderFailure failure;
  failure.code = code;
  failure.message = std::move(message);
  failure.may_retry = may_retry;
  return failure;
}

// Until somebody changes something.
ProviderFailure for_good(ErrorCode code, std::string message) {
  ProviderFailure failure = plain(code, std::move(message));
  failure.retryable = false;
  return failure;
}

}  // namespace

Error ProviderFailure::error() const {
  Error error(code, message);
  if (retryable) error.with_retryable(*retryable && is_retryable(code));
  if (retry_after) error.with_retry_after(std::chrono::ceil<std::chrono::seconds>(*retry_after));
  return error;
}

bool is_context_overflow(const WireError& error) {
  for (const std::string* name : {&error.code, &error.type}) {
    if (*name == "context_length_exceeded" || *name == "exceed_context_size_error") return true;
  }
  return std::any_of(kOverflowMarks.begin(), kOverflowMarks.end(),
                     [&error](std::string_view mark) { return error.message.find(mark) != std::string::npos; });
}

ProviderFailure failure_of_response(const ProviderIdentity& who, int status, const http::Headers& headers,
                                    const WireError& error) {
  const int effective = status >= 400 ? effective_status(error, status) : status;
  ProviderFailure failure = assemble(who, error, effective);
  if (const auto delay = http::retry_after(headers, std::chrono::system_clock::now())) failure.retry_after = delay;
  if (const auto wanted = http::should_retry(headers)) {
    failure.may_retry = *wanted && status >= 400 && !is_about_money(error, effective);
  }
  return failure;
}

ProviderFailure failure_of_decoding(const ProviderIdentity& who, const DecodingFailure& failure) {
  using enum ErrorCode;
  switch (failure.kind) {
    case DecodingFailure::Kind::kSaid: return assemble(who, failure.said, effective_status(failure.said, 0));
    case DecodingFailure::Kind::kTruncated:
      return plain(kProviderBadStream, who.title + " broke its answer off before the end. Ask again.");
    case DecodingFailure::Kind::kBad:
      return plain(kProviderBadStream, who.title + " sent what cannot be read: " + failure.detail + ".");
    case DecodingFailure::Kind::kEmpty:
      return plain(
          kProviderError,
          who.title + " ended its answer without a word. Ask again, or use another model than \"" + who.model + "\".");
    case DecodingFailure::Kind::kOnlyReasoning:
      return for_good(kProviderError, "The model \"" + who.model +
                                          "\" used up the whole token limit by reasoning, before the first word of its "
                                          "answer. Raise LLM_MAX_TOKENS.");
  }
  return plain(kProviderBadStream, who.title + " broke its answer off.");
}

ProviderFailure failure_of_exchange(const ProviderIdentity& who, const http::ExchangeFailure& failure,
                                    std::chrono::milliseconds limit) {
  using enum ErrorCode;
  using Kind = http::ExchangeFailure::Kind;
  const std::string place = who.title + (who.title.ends_with(who.origin) ? "" : " at " + who.origin);
  const std::string because = failure.detail.empty() ? "." : ": " + quotable(failure.detail, who.secrets) + ".";
  switch (failure.kind) {
    case Kind::kInvalidUrl:
      return for_good(kProviderError, "The address in " + who.url_variable + " cannot be used" + because);
    case Kind::kConnect: {
      std::string sentence = place + " cannot be reached" + because;
      if (who.provider == "ollama") sentence += " Is it running? Start it with: ollama serve.";
      return plain(kProviderError, std::move(sentence), true);
    }
    // The request left: to send it again could pay for it twice.
    case Kind::kNoResponse: return plain(kProviderError, place + " hung up without a response" + because);
    case Kind::kBroken:
      return plain(kProviderBadStream, who.title + " broke its answer off before the end. Ask again.");
    case Kind::kConnectTimeout:
      return plain(kProviderTimeout, place + " cannot be reached within " + in_seconds(limit) + ".", true);
    case Kind::kFirstByteTimeout:
      return plain(kProviderTimeout, who.title + " did not begin to answer within " + in_seconds(limit) + ".");
    case Kind::kIdleTimeout:
      return plain(kProviderTimeout, who.title + " fell silent in its answer for " + in_seconds(limit) + ".");
    case Kind::kTotalTimeout:
      return plain(kProviderTimeout, who.title + " did not finish its answer within " + in_seconds(limit) + ".");
  }
  return plain(kProviderError, place + " failed" + because);
}

std::string quotable(std::string_view text, const std::vector<std::string>& secrets) {
  std::string line;
  bool space = false;
  for (const text::CodePoint& point : text::decode(redact(text, secrets))) {
    const bool is_gap = text::is_white_space(point.value) || text::is_control(point.value);
    if (!is_gap && space && !line.empty()) line += ' ';
    if (!is_gap) text::append_utf8(line, point.value);
    space = is_gap;
  }
  const std::string_view kept = text::truncate(line, kMaxQuotedCharacters);
  return kept.size() == line.size() ? line : std::string(kept) + "\u2026";
}

}  // namespace jackdaw::providers
