#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace jackdaw {

// What the caller should do about a failure. Each code has one stable lower_snake_case name, which is what people and
// programs see (docs/http_api.md, section 3), and one HTTP status, which lives in server/error_response alone.
enum class ErrorCode {
  kInvalidJson,
  kInvalidArgument,
  kEmptyQuestion,
  kUnauthenticated,
  kPermissionDenied,
  kForbiddenHost,
  kForbiddenOrigin,
  kNotFound,
  kMethodNotAllowed,
  kNotAcceptable,
  kGone,
  kRequestTimeout,
  kRangeNotSatisfiable,
  kConflict,
  kNotReady,
  kTooLarge,  // a body, a file, a question
  kUriTooLong,
  kHeaderTooLarge,
  kUnsupportedMediaType,
  kEncryptedDocument,
  kDamagedDocument,
  kNoText,
  kOverloaded,
  kRateLimited,
  kShuttingDown,
  kStarting,
  kInternal,
  kProviderError,
  kProviderAuth,
  kProviderOverloaded,
  kProviderBadStream,
  kProviderTimeout,
  kStorageFull,
  kCancelled,  // somebody stopped it, or nobody waits for the result any more
  kDeadlineExceeded,
  kUnavailable,  // a machine-level need is missing: a model file, the sandbox, a running server
};

// "invalid_argument" for kInvalidArgument and so on; total over the enum.
std::string_view to_string(ErrorCode code) noexcept;

// The inverse of to_string; nothing for a word that names no code.
std::optional<ErrorCode> error_code_from(std::string_view name) noexcept;

// Whether the same request may succeed later without any change by the caller.
bool is_retryable(ErrorCode code) noexcept;

// The one exception of the program. The message is a sentence for a person: what failed, with which value, what to do
// now. It never holds a secret. Thrown by value, caught in three places: around each request handler, around each
// ingested document, and in main.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  // Names the request field, option or variable that was wrong.
  Error& with_field(std::string field) {
    field_ = std::move(field);
    return *this;
  }
  // When to come back (`Retry-After`).
  Error& with_retry_after(std::chrono::seconds delay) {
    retry_after_ = delay;
    return *this;
  }

  // Where this very failure says more than its code: a provider that refuses the request itself, say.
  Error& with_retryable(bool retryable) {
    retryable_ = retryable;
    return *this;
  }

  // The last page that was reached of the document that the error is about.
  Error& with_page(int page) {
    page_ = page;
    return *this;
  }

  // The answer that stands in the way.
  Error& with_answer(std::string id) {
    answer_ = std::move(id);
    return *this;
  }

  ErrorCode code() const noexcept { return code_; }
  const std::string& field() const noexcept { return field_; }
  std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }
  int page() const noexcept { return page_; }  // 0: none
  const std::string& answer() const noexcept { return answer_; }
  // Whether the same request may succeed later without any change by the caller.
  bool retryable() const noexcept { return retryable_.value_or(is_retryable(code_)); }

 private:
  ErrorCode code_;
  std::string field_;
  std::optional<std::chrono::seconds> retry_after_;
  std::optional<bool> retryable_;
  int page_ = 0;
  std::string answer_;
};

}  // namespace jackdaw
