#include "http/event_stream_writer.h"

#include "core/text.h"
#include "http/line_end.h"

namespace jackdaw::http {
namespace {

// The text itself where it is valid, else mended in `buffer`.
std::string_view valid(std::string_view utf8, std::string& buffer) {
  if (text::is_valid_utf8(utf8)) return utf8;
  buffer = text::sanitize(utf8);
  return buffer;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  std::string buffer;
  for (const char c : valid(value, buffer)) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  out += '\n';
}

// Splits at each line end that a reader knows: CR LF, LF, CR.
void append_data(std::string& out, std::string_view data) {
  while (true) {
    const std::size_t end = find_line_end(data);
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
  std::string buffer;
  append_data(out, valid(event.data, buffer));
  out += '\n';
}

std::string encode_event(const OutgoingEvent& event) {
  std::string out;
  out.reserve(event.data.size() + 64);
  append_event(out, event);
  return out;
}

}  // namespace jackdaw::http
