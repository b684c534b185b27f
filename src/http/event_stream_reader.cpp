#include "http/event_stream_reader.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/text.h"
#include "http/line_end.h"

namespace jackdaw::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Error too_large(const char* what, std::size_t limit) {
  return Error(ErrorCode::kTooLarge,
               std::string(what) + " of the event stream is larger than " + std::to_string(limit) + " bytes.");
}

// Ill-formed parts become U+FFFD; NUL is a character like others here.
std::string decode_utf8(std::string_view bytes) {
  std::string utf8;
  while (true) {
    const std::size_t nul = bytes.find('\0');
    utf8 += text::sanitize(bytes.substr(0, nul));
    if (nul == std::string_view::npos) return utf8;
    utf8 += '\0';
    bytes.remove_prefix(nul + 1);
  }
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

EventStreamReader::EventStreamReader(OnEvent on_event, EventStreamLimits limits)
    : on_event_(std::move(on_event)), limits_(limits) {}

void EventStreamReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_lf_) {
      skip_lf_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = find_line_end(bytes);
    append_to_line(bytes.substr(0, end));
    if (end == std::string_view::npos) return;
    skip_lf_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line();
  }
}

void EventStreamReader::append_to_line(std::string_view bytes) {
  if (line_.size() + bytes.size() > limits_.max_line_bytes) throw too_large("A line", limits_.max_line_bytes);
  line_ += bytes;
}

void EventStreamReader::end_line() {
  std::string_view raw = line_;
  if (first_line_ && raw.starts_with(kByteOrderMark)) raw.remove_prefix(kByteOrderMark.size());
  first_line_ = false;
  std::string mended;
  std::string_view line = raw;
  if (!text::is_valid_utf8(raw)) line = mended = decode_utf8(raw);
  if (line.empty()) {
    line_.clear();
    return dispatch();
  }
  if (line.front() != ':') {
    const std::size_t colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    field(line, line.substr(0, colon), value);
  }
  line_.clear();
}

void EventStreamReader::field(std::string_view line, std::string_view name, std::string_view value) {
  if (name == "data") {
    if (data_.size() + value.size() + 1 > limits_.max_event_bytes) {
      throw too_large("An event", limits_.max_event_bytes);
    }
    data_ += value;
    data_ += '\n';
  } else if (name == "event") {
    event_type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    if (const auto digits = parse_digits(value)) retry_ms_ = digits;
  } else if (on_unknown_field_) {
    on_unknown_field_({line, name, value});
  }
}

void EventStreamReader::dispatch() {
  last_event_id_ = id_;
  ServerSentEvent event;
  if (!event_type_.empty()) event.type = std::move(event_type_);
  event_type_.clear();
  // Every data field ends with LF, so no data means that there was no such field.
  if (data_.empty()) return;
  data_.pop_back();
  event.data = std::move(data_);
  data_.clear();
  event.id = last_event_id_;
  on_event_(std::move(event));
}

}  // namespace jackdaw::http
