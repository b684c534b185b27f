#include "http/event_stream_writer.h"

#include "core/text.h"

namespace jackdaw::http {
namespace {

std::string valid(std::string_view utf8) {
  return text::is_valid_utf8(utf8) ? std::string(utf8) : text::sanitize(utf8);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : valid(value)) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  out += '\n';
}

// Splits at each line end that a reader knows: CR LF, LF, CR.
void append_data(std::string& out, std::string_view data) {
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) return;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
}

}  // namespace

void append_event(std::string& out, const OutgoingEvent& event) {
  if (event.id) append_field(out, "id", *event.id);
  if (!event.event.empty()) append_field(out, "event", event.event);
  append_data(out, valid(event.data));
  out += '\n';
}

std::string encode_event(const OutgoingEvent& event) {
  std::string out;
  out.reserve(event.data.size() + 64);
  append_event(out, event);
  return out;
}

}  // namespace jackdaw::http
