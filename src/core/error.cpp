#include "core/error.h"

#include <array>
#include <utility>

namespace jackdaw {
namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  bool retryable;
};

constexpr std::array kCodes = {
    CodeRow{ErrorCode::kInvalidJson, "invalid_json", false},
    CodeRow{ErrorCode::kInvalidArgument, "invalid_argument", false},
    CodeRow{ErrorCode::kEmptyQuestion, "empty_question", false},
    CodeRow{ErrorCode::kUnauthenticated, "unauthenticated", false},
    CodeRow{ErrorCode::kPermissionDenied, "permission_denied", false},
    CodeRow{ErrorCode::kForbiddenHost, "forbidden_host", false},
    CodeRow{ErrorCode::kForbiddenOrigin, "forbidden_origin", false},
    CodeRow{ErrorCode::kNotFound, "not_found", false},
    CodeRow{ErrorCode::kMethodNotAllowed, "method_not_allowed", false},
    CodeRow{ErrorCode::kNotAcceptable, "not_acceptable", false},
    CodeRow{ErrorCode::kGone, "gone", false},
    CodeRow{ErrorCode::kRequestTimeout, "request_timeout", true},
    CodeRow{ErrorCode::kRangeNotSatisfiable, "range_not_satisfiable", false},
    CodeRow{ErrorCode::kConflict, "conflict", true},
    CodeRow{ErrorCode::kNotReady, "not_ready", true},
    CodeRow{ErrorCode::kTooLarge, "too_large", false},
    CodeRow{ErrorCode::kUriTooLong, "uri_too_long", false},
    CodeRow{ErrorCode::kHeaderTooLarge, "header_too_large", false},
    CodeRow{ErrorCode::kUnsupportedMediaType, "unsupported_media_type", false},
    CodeRow{ErrorCode::kEncryptedDocument, "encrypted_document", false},
    CodeRow{ErrorCode::kDamagedDocument, "damaged_document", false},
    CodeRow{ErrorCode::kNoText, "no_text", false},
    CodeRow{ErrorCode::kOverloaded, "overloaded", true},
    CodeRow{ErrorCode::kRateLimited, "rate_limited", true},
    CodeRow{ErrorCode::kShuttingDown, "shutting_down", true},
    CodeRow{ErrorCode::kStarting, "starting", true},
    CodeRow{ErrorCode::kInternal, "internal", false},
    CodeRow{ErrorCode::kProviderError, "provider_error", true},
    CodeRow{ErrorCode::kProviderAuth, "provider_auth", false},
    CodeRow{ErrorCode::kProviderOverloaded, "provider_overloaded", true},
    CodeRow{ErrorCode::kProviderBadStream, "provider_bad_stream", true},
    CodeRow{ErrorCode::kProviderTimeout, "provider_timeout", true},
    CodeRow{ErrorCode::kStorageFull, "storage_full", true},
    CodeRow{ErrorCode::kCancelled, "cancelled", false},
    CodeRow{ErrorCode::kDeadlineExceeded, "deadline_exceeded", true},
    CodeRow{ErrorCode::kUnavailable, "unavailable", true},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (static_cast<std::size_t>(kCodes[i].code) != i) return false;
  }
  return kCodes.size() == static_cast<std::size_t>(ErrorCode::kUnavailable) + 1;
}
static_assert(in_order(), "one row per code, in the order of the enum");

const CodeRow& row_of(ErrorCode code) noexcept {
  return kCodes[static_cast<std::size_t>(code)];
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  return row_of(code).name;
}

bool is_retryable(ErrorCode code) noexcept {
  return row_of(code).retryable;
}

std::optional<ErrorCode> error_code_from(std::string_view name) noexcept {
  for (const CodeRow& row : kCodes) {
    if (row.name == name) return row.code;
  }
  return std::nullopt;
}

}  // namespace jackdaw
