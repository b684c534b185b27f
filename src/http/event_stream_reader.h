#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace jackdaw::http {

struct ServerSentEvent {
  std::string type = "message";
  std::string data;
  std::string id;  // the last id seen on the stream
  friend bool operator==(const ServerSentEvent&, const ServerSentEvent&) = default;
};

struct EventStreamLimits {
  std::size_t max_line_bytes = 4 * 1024 * 1024;
  std::size_t max_event_bytes = 4 * 1024 * 1024;  // of the data lines of one event together
};

// Reads Server-Sent Events as WHATWG HTML, section 9.2.6, says. However the bytes are cut before feed(), the events are
// the same, and each is given out with the last byte that completes it. What stands after the last blank line is never
// an event. Not shared between threads. feed() throws Error kTooLarge beyond a limit; after a throw the reader is done.
class EventStreamReader {
 public:
  // A field that the standard ignores. The views live during the call.
  struct UnknownField {
    std::string_view line;
    std::string_view name;
    std::string_view value;
  };
  using OnEvent = std::function<void(ServerSentEvent&&)>;
  using OnUnknownField = std::function<void(const UnknownField&)>;

  explicit EventStreamReader(OnEvent on_event, EventStreamLimits limits = {});

  void set_on_unknown_field(OnUnknownField hook) { on_unknown_field_ = std::move(hook); }

  void feed(std::string_view bytes);

  const std::string& last_event_id() const noexcept { return last_event_id_; }
  std::optional<std::uint64_t> retry_ms() const noexcept { return retry_ms_; }
  // The unfinished last line, as bytes: what a peer left behind that cut its stream.
  std::string_view unfinished_line() const noexcept { return line_; }

 private:
  void append_to_line(std::string_view bytes);
  void end_line();
  void field(std::string_view line, std::string_view name, std::string_view value);
  void dispatch();

  OnEvent on_event_;
  OnUnknownField on_unknown_field_;
  EventStreamLimits limits_;

  std::string line_;
  bool skip_lf_ = false;    // the last byte was CR: an LF right after it belongs to the same line end
  bool first_line_ = true;  // may begin with a byte order mark
  std::string data_;        // each line followed by LF
  std::string event_type_;
  std::string id_;             // of the event being read
  std::string last_event_id_;  // of the last blank line
  std::optional<std::uint64_t> retry_ms_;
};

}  // namespace jackdaw::http
