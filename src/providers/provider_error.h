#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "http/async_client.h"
#include "http/headers.h"
#include "providers/answer_decoder.h"
#include "providers/wire_error.h"

namespace jackdaw::providers {

// Who is spoken to, as sentences need it.
struct ProviderIdentity {
  std::string provider;      // "openai"
  std::string title;         // "OpenAI", "The server at http://127.0.0.1:8000"
  std::string model;         //
  std::string key_variable;  // "OPENAI_API_KEY"; empty: it takes no key
  std::string url_variable;  // "OPENAI_BASE_URL"
  std::string origin;        // "https://api.openai.com"
  bool has_key = false;
  std::vector<std::string> secrets;  // every key of the program: none may show in a sentence
};

// One attempt that failed, in words for people and in what may be done next.
struct ProviderFailure {
  ErrorCode code = ErrorCode::kProviderError;
  std::string message;     // whole sentences, without secrets, with at most ~200 characters of the provider's words
  bool may_retry = false;  // the same request at the same provider, as long as nothing of the answer was given out
  std::optional<std::chrono::milliseconds> retry_after;  // as the provider says
  // For the asker, later: false for what the request, the account or the configuration has to change first. Nothing: as
  // the code says.
  std::optional<bool> retryable;

  // With retry_after, in whole seconds, rounded up.
  Error error() const;
};

// A response with an error status. `headers` may say when to come back and whether (x-should-retry).
ProviderFailure failure_of_response(const ProviderIdentity& who, int status, const http::Headers& headers,
                                    const WireError& error);
// An error inside of a 200 means what it would have meant as a status.
ProviderFailure failure_of_decoding(const ProviderIdentity& who, const DecodingFailure& failure);
// No response, or not all of it. `limit` is the one that passed, for a timeout.
ProviderFailure failure_of_exchange(const ProviderIdentity& who, const http::ExchangeFailure& failure,
                                    std::chrono::milliseconds limit);

// The prompt is longer than the model takes.
bool is_context_overflow(const WireError& error);

// `text` on one line without control characters, cut to 200 characters, with "[key]" for the secrets and for all that
// looks like a key.
std::string quotable(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace jackdaw::providers
