#include "providers/answer_decoder.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "providers/json_fields.h"

namespace jackdaw::providers {

namespace json = boost::json;

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kDone = "[DONE]";
constexpr std::array<std::string_view, 5> kEventStreamStarts = {"data:", "event:", "id:", "retry:", ":"};

using Kind = DecodingFailure::Kind;

// Frames are read one at a time, without waiting in between, so that one parser serves all answers of a thread and a
// frame of usual size costs no allocation. False for text that is not JSON.
template <class Use>
bool with_json(std::string_view text, const Use& use) {
  thread_local json::parser parser;
  std::array<unsigned char, 8 * 1024> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  parser.reset(&memory);
  boost::system::error_code failure;
  parser.write(text.data(), text.size(), failure);
  if (!failure) use(parser.release());
  parser.reset();  // what it may still hold lives in `memory`
  return !failure;
}

// Half of a surrogate pair, escaped, is no character, and the parser refuses the whole text for it. Nothing where there
// is none.
std::optional<std::string> without_lone_surrogates(std::string_view text) {
  static constexpr std::string_view kReplacement = "\\ufffd";
  const auto is_escape = [text](std::size_t at, std::string_view second_digits) {
    return at + 6 <= text.size() && text[at] == '\\' && text[at + 1] == 'u' && (text[at + 2] | 0x20) == 'd' &&
           second_digits.find(text[at + 3]) != std::string_view::npos;
  };
  std::string mended;
  bool changed = false;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = text[at] == '\\' && at + 1 < text.size() ? 2 : 1;
    const bool is_high = is_escape(at, "89abAB");
    if (is_high && is_escape(at + 6, "cdefCDEF")) {
      length = 12;
    } else if (is_high || is_escape(at, "cdefCDEF")) {
      mended += kReplacement;
      at += 6;
      changed = true;
      continue;
    }
    mended += text.substr(at, length);
    at += length;
  }
  if (!changed) return std::nullopt;
  return mended;
}

bool begins_like_events(std::string_view text) {
  return std::any_of(kEventStreamStarts.begin(), kEventStreamStarts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

bool may_begin_like_events(std::string_view text) {
  return std::any_of(kEventStreamStarts.begin(), kEventStreamStarts.end(),
                     [text](std::string_view start) { return start.starts_with(text); });
}

bool looks_like_json(std::string_view text) {
  return text.starts_with('{') || text.starts_with('[');
}

std::string_view trim_ascii(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kWhiteSpace), text.size());
  const std::size_t end = text.find_last_not_of(kWhiteSpace);
  return begin == text.size() ? std::string_view() : text.substr(begin, end + 1 - begin);
}

}  // namespace

AnswerDecoder::AnswerDecoder(std::unique_ptr<FrameReader> frames, bool is_event_stream, DecodingLimits limits)
    : frames_(std::move(frames)),
      is_event_stream_(is_event_stream),
      limits_(limits),
      events_([this](http::ServerSentEvent&& event) { on_event(event); },
              {.max_line_bytes = limits.max_line_bytes, .max_event_bytes = limits.max_line_bytes}) {
  events_.set_on_unknown_field([this](const http::EventStreamReader::UnknownField& field) {
    on_stray_line(field.line, field.name, field.value);
  });
}

void AnswerDecoder::feed(std::string_view bytes) {
  if (state_ != State::kReading) return;
  if (form_ == Form::kEvents) return feed_events(bytes);
  body_ += bytes;
  if (form_ == Form::kUnknown) decide_form();
  if (form_ == Form::kJson && body_.size() > limits_.max_line_bytes) {
    fail(Kind::kBad, "its answer is larger than " + std::to_string(limits_.max_line_bytes) + " bytes");
  }
}

void AnswerDecoder::decide_form() {
  std::string_view text = body_;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t space = std::min(text.find_first_not_of(kWhiteSpace), text.size());
  text.remove_prefix(space);
  if (space > limits_.max_line_bytes) return fail(Kind::kBad, "it sends nothing but white space");
  if (text.empty() || (space == 0 && kByteOrderMark.starts_with(text))) return;
  if (looks_like_json(text)) {
    form_ = Form::kJson;
  } else if (is_event_stream_ || begins_like_events(text)) {
    form_ = Form::kEvents;
    feed_events(std::exchange(body_, std::string()));
  } else if (!may_begin_like_events(text)) {
    fail(Kind::kBad, "its answer is neither a stream of events nor JSON");
  }
}

void AnswerDecoder::feed_events(std::string_view bytes) {
  try {
    events_.feed(bytes);
  } catch (const Error&) {
    if (state_ == State::kReading) {
      fail(Kind::kBad,
           "a line or an event of its stream is larger than " + std::to_string(limits_.max_line_bytes) + " bytes");
    }
  }
}

void AnswerDecoder::on_event(const http::ServerSentEvent& event) {
  if (state_ != State::kReading) return;
  if (is_reading_tail_) return on_unfinished_event(event);
  const std::string_view data = trim_ascii(event.data);
  if (data.starts_with(kDone)) return conclude(BodyState::kComplete);
  const bool is_error = event.type == "error";
  // Some gateways send their keep-alives as data.
  if (!is_error && (data.empty() || data.front() == ':')) return;
  if (read_json(data, event.type, false)) return;
  if (!is_error) return fail(Kind::kBad, "a frame of its stream is not JSON");
  reading_.fail(read_error_body(data));
  after_reading();
}

bool AnswerDecoder::read_json(std::string_view text, std::string_view event_type, bool is_whole_answer) {
  const auto use = [&](const json::value& value) { read_value(value, event_type, is_whole_answer); };
  if (with_json(text, use)) return true;
  const auto mended = without_lone_surrogates(text);
  return mended && with_json(*mended, use);
}

void AnswerDecoder::read_value(const json::value& value, std::string_view event_type, bool is_whole_answer) {
  if (const json::object* object = object_in(value)) {
    read_object(*object, event_type, is_whole_answer);
  } else if (const json::array* frames = value.if_array(); frames && is_whole_answer) {
    // A stream that was asked for without Server-Sent Events: its frames in one array.
    for (const json::value& frame : *frames) {
      if (state_ == State::kReading) read_value(frame, event_type, false);
    }
  } else {
    fail(Kind::kBad, "a frame of its stream is not an object");
  }
}

void AnswerDecoder::read_object(const json::object& object, std::string_view event_type, bool is_whole_answer) {
  reading_.begin_frame();
  if (auto error = error_in(object, event_type)) {
    reading_.fail(std::move(*error));
  } else if (is_whole_answer) {
    frames_->read_answer(object, reading_);
  } else {
    frames_->read_frame(object, event_type, reading_);
  }
  after_reading();
}

void AnswerDecoder::after_reading() {
  if (state_ != State::kReading) return;
  if (reading_.error()) {
    failure_.said = *reading_.error();
    fail(Kind::kSaid, {});
  } else if (!reading_.contradiction().empty()) {
    fail(Kind::kBad, reading_.contradiction());
  } else if (reading_.is_closed()) {
    conclude(BodyState::kComplete);
  }
}

// Some servers report an error in a line of their own, `error: {...}`, some as plain JSON after the events.
void AnswerDecoder::on_stray_line(std::string_view line, std::string_view name, std::string_view value) {
  if (state_ != State::kReading) return;
  if (name == "error") {
    reading_.fail(read_error_body(value));
    return after_reading();
  }
  if (tail_.empty() && !looks_like_json(trim_ascii(line))) return;
  if (tail_.size() + line.size() >= limits_.max_tail_bytes) {
    return fail(Kind::kBad, "its stream holds text that is no event");
  }
  tail_ += line;
  tail_ += '\n';
}

void AnswerDecoder::read_tail() {
  // Ends the last line and the last event, wherever they were cut, so that both are read by the one reader.
  is_reading_tail_ = true;
  feed_events("\n\n");
  const std::string_view tail = trim_ascii(tail_);
  if (state_ != State::kReading || tail.empty()) return;
  const auto look_for_error = [this](const json::value& value) {
    const json::object* object = object_in(value);
    auto error = object ? error_in(*object, {}) : std::nullopt;
    if (!error) return;
    reading_.fail(std::move(*error));
    after_reading();
  };
  if (!with_json(tail, look_for_error)) fail(Kind::kBad, "its stream ends in text that is no event");
}

// The body ended in an event: nothing of it counts but an error.
void AnswerDecoder::on_unfinished_event(const http::ServerSentEvent& event) {
  const auto look_for_error = [&](const json::value& value) {
    const json::object* object = object_in(value);
    if (auto error = object ? error_in(*object, event.type) : std::nullopt) reading_.fail(std::move(*error));
  };
  const bool is_json = with_json(event.data, look_for_error);
  if (!is_json && event.type == "error") reading_.fail(read_error_body(event.data));
  after_reading();
}

void AnswerDecoder::end() {
  if (state_ != State::kReading) return;
  switch (form_) {
    case Form::kUnknown: return fail(Kind::kTruncated, {});
    case Form::kEvents: read_tail(); break;
    case Form::kJson: {
      const std::string utf8 = text::sanitize(body_);
      std::string_view text = utf8;
      if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
      if (!read_json(trim_ascii(text), {}, true)) fail(Kind::kBad, "its answer is not valid JSON");
      break;
    }
  }
  if (state_ == State::kReading) conclude(BodyState::kComplete);
}

void AnswerDecoder::break_off() {
  if (state_ != State::kReading) return;
  if (form_ == Form::kEvents) read_tail();
  if (state_ == State::kReading) conclude(BodyState::kCut);
}

void AnswerDecoder::conclude(BodyState body) {
  reading_.settle();
  const bool is_proven = body == BodyState::kComplete ? reading_.is_proven_at_end() : reading_.is_proven();
  if (!is_proven || !reading_.reason()) return fail(Kind::kTruncated, {});
  const FinishReason reason = *reading_.reason();
  if (!reading_.has_text() && (reason == FinishReason::kStop || reason == FinishReason::kLength)) {
    const bool only_reasoning = reason == FinishReason::kLength && reading_.has_reasoning();
    return fail(only_reasoning ? Kind::kOnlyReasoning : Kind::kEmpty, {});
  }
  state_ = State::kEnded;
}

void AnswerDecoder::fail(Kind kind, std::string detail) {
  reading_.settle();
  failure_.kind = kind;
  failure_.detail = std::move(detail);
  state_ = State::kFailed;
}

}  // namespace jackdaw::providers
