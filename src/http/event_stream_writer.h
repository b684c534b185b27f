#pragma once

#include <optional>
#include <string>
#include <string_view>

// Encodes Server-Sent Events (WHATWG HTML, section 9.2). Pure functions.
namespace jackdaw::http {

// One event to be sent. CR, LF and NUL are dropped from id and event; data may have several lines (one `data:` line
// each). What is not UTF-8 is replaced by U+FFFD.
struct OutgoingEvent {
  std::optional<std::string_view> id;  // nothing: no id line; empty: resets the reader's id
  std::string_view event;              // empty: no event line, "message" for the reader
  std::string_view data;               // empty: one empty data line, so that the event is dispatched
};

// A comment that keeps the connection alive.
inline constexpr std::string_view kEventStreamPing = ": ping\n\n";
inline constexpr std::string_view kEventStreamType = "text/event-stream; charset=utf-8";

void append_event(std::string& out, const OutgoingEvent& event);
std::string encode_event(const OutgoingEvent& event);

}  // namespace jackdaw::http
