#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace boost::json {
class object;
class value;
}  // namespace boost::json

namespace jackdaw::providers {

// A failure as a provider words it, taken out of whichever of the many shapes it came in. Nothing here is fit for
// people yet: provider_error.h makes that of it.
struct WireError {
  std::string message;        // at most kMaxWireMessageBytes
  std::string code;           // "rate_limit_exceeded", "429", "API_KEY_INVALID"
  std::string type;           // "overloaded_error", "UNAVAILABLE"
  std::string param;          // the request parameter that was refused
  std::optional<int> status;  // 400..599, where the error itself says one
  std::optional<std::chrono::milliseconds> retry_after;
  std::optional<std::int64_t> prompt_tokens;   // of a prompt that does not fit
  std::optional<std::int64_t> context_tokens;  // what would fit
};

inline constexpr std::size_t kMaxWireMessageBytes = 4096;

// The error that a frame or a body holds, wherever it hides: `error` as an object, a string or a string that holds
// JSON; a flat {"object": "error"} or {"type": "error"}; {"success": false}; choices[0].error; x_groq.error; an event
// of type "error". Nothing where it holds none.
std::optional<WireError> error_in(const boost::json::object& frame, std::string_view event_type);

// What an error value says, whatever its type.
WireError read_error(const boost::json::value& error);

// The body of a response whose status is an error: JSON in any of those shapes, or plain text. HTML says nothing.
WireError read_error_body(std::string_view body);

}  // namespace jackdaw::providers
