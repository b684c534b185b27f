#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "http/event_stream_reader.h"
#include "http/event_stream_writer.h"

namespace {

using namespace jackdaw::http;

struct Reading {
  std::vector<ServerSentEvent> events;
  bool refused = false;
  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading read(std::string_view bytes, std::size_t step) {
  Reading reading;
  EventStreamReader reader([&](ServerSentEvent&& event) { reading.events.push_back(std::move(event)); },
                           {.max_line_bytes = 300, .max_event_bytes = 600});
  try {
    while (!bytes.empty()) {
      reader.feed(bytes.substr(0, step));
      bytes.remove_prefix(std::min(step, bytes.size()));
    }
  } catch (const jackdaw::Error&) {
    reading.refused = true;
  }
  return reading;
}

bool has(const std::string& text, char c) {
  return text.find(c) != std::string::npos;
}

}  // namespace

// A stream has the same events however its bytes arrive, and an event that was read is read again after being written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Reading whole = read(bytes, bytes.size());
  if (whole != read(bytes, 1 + data[0] % 16)) std::abort();
  for (const ServerSentEvent& event : whole.events) {
    if (!jackdaw::text::is_valid_utf8(event.data) || !jackdaw::text::is_valid_utf8(event.type)) std::abort();
    // The writer drops NUL from names; a line with its field name may pass the small limit of this test.
    if (has(event.type, '\0') || event.data.size() > 200 || event.type.size() > 200 || event.id.size() > 200) continue;
    const std::string written = encode_event({.id = event.id, .event = event.type, .data = event.data});
    const Reading again = read(written, written.size());
    if (again.events != std::vector{event}) std::abort();
  }
  return 0;
}
