#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/language_model.h"
#include "http/event_stream_reader.h"
#include "providers/answer_reading.h"

namespace jackdaw::providers {

// Why an answer could not be read to its proof.
struct DecodingFailure {
  enum class Kind {
    kSaid,           // the provider reported an error: `said`
    kTruncated,      // it ended before its end mark
    kBad,            // it is not what the dialect promises
    kEmpty,          // it ended properly, without a word
    kOnlyReasoning,  // the same: the token limit was used up by reasoning
  };
  Kind kind = Kind::kTruncated;
  WireError said;
  std::string detail;  // a phrase, without the provider's words
};

struct DecodingLimits {
  std::size_t max_line_bytes = 4 * 1024 * 1024;  // and of one event, and of an answer that comes as one JSON text
  std::size_t max_tail_bytes = 64 * 1024;        // of text between and after the events that is none
};

// Turns the body of a provider's 200 into pieces of text and one end. Takes it as it comes, cut anywhere: the result is
// the same. A body that begins like JSON is read as the whole answer, or an error, in one object; others as
// Server-Sent Events. Whatever the bytes are, it neither throws (but bad_alloc) nor keeps more than its limits. Once it
// has ended or failed it takes no notice of further bytes. Not shared between threads.
class AnswerDecoder {
 public:
  // With `is_event_stream` false, what begins neither like JSON nor like an event stream is bad.
  AnswerDecoder(std::unique_ptr<FrameReader> frames, bool is_event_stream, DecodingLimits limits = {});
  AnswerDecoder(const AnswerDecoder&) = delete;
  AnswerDecoder& operator=(const AnswerDecoder&) = delete;

  void feed(std::string_view bytes);
  // The body is complete. An event without its blank line was never sent, so that a proof in it proves nothing; an
  // error in it counts all the same.
  void end();
  // The body broke off, or nothing more is waited for: fine only where the proof of the answer's end came before.
  void break_off();

  // Pieces of the answer in order, each once; those from before a failure stay. Valid UTF-8, never empty.
  std::optional<std::string> take_text() { return reading_.take_text(); }

  // The answer's proof was read, and no words after it. More may come: usage, an error after all, or words that take it
  // back.
  bool is_proven() const noexcept { return reading_.is_proven(); }
  bool has_ended() const noexcept { return state_ == State::kEnded; }
  bool has_failed() const noexcept { return state_ == State::kFailed; }
  // After has_ended().
  WriterEnd result() const { return {*reading_.reason(), reading_.usage}; }
  // After has_failed().
  const DecodingFailure& failure() const noexcept { return failure_; }

 private:
  enum class Form { kUnknown, kEvents, kJson };
  enum class State { kReading, kEnded, kFailed };
  enum class BodyState { kComplete, kCut };

  void decide_form();
  void feed_events(std::string_view bytes);
  void on_event(const http::ServerSentEvent& event);
  void on_unfinished_event(const http::ServerSentEvent& event);
  void on_stray_line(std::string_view line, std::string_view name, std::string_view value);
  // False for text that is not JSON.
  bool read_json(std::string_view text, std::string_view event_type, bool is_whole_answer);
  void read_value(const boost::json::value& value, std::string_view event_type, bool is_whole_answer);
  void read_object(const boost::json::object& object, std::string_view event_type, bool is_whole_answer);
  void read_tail();
  void after_reading();
  void conclude(BodyState body);
  void fail(DecodingFailure::Kind kind, std::string detail);

  const std::unique_ptr<FrameReader> frames_;
  const bool is_event_stream_;
  const DecodingLimits limits_;
  http::EventStreamReader events_;
  AnswerReading reading_;
  DecodingFailure failure_;
  Form form_ = Form::kUnknown;
  State state_ = State::kReading;
  bool is_reading_tail_ = false;
  std::string body_;  // kUnknown, kJson: what came so far
  std::string tail_;  // kEvents: lines that belong to no event, from the first that looks like JSON
};

}  // namespace jackdaw::providers
