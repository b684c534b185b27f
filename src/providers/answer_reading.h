#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/prompt.h"
#include "providers/think_filter.h"
#include "providers/wire_error.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::providers {

// What a provider's own words for the end of an answer mean; nothing for those that say it failed.
std::optional<FinishReason> finish_reason_from(std::string_view raw) noexcept;

// What the frames of one answer said so far, in the form that all dialects share. Not shared between threads.
class AnswerReading {
 public:
  // Of what a frame says, its words come before its proof.
  void begin_frame() noexcept { frame_has_words_ = false; }
  // A piece of the answer, valid UTF-8; empty ones are passed over.
  void add_text(std::string_view text);
  // The same, where reasoning may stand before the answer between <think> and </think>.
  void add_text_with_thinking(std::string_view text);
  // Words of a refusal: shown as the answer, which then ends in kContentFilter.
  void add_refusal(std::string_view text);
  // The model reasons; its words are no part of the answer.
  void note_reasoning() noexcept;
  // The model called a tool, which nobody offered: an answer without words then, not a failure.
  void note_tool_call() noexcept { called_tool_ = true; }
  // `raw` as the provider says it. A reason that means failure fails the reading.
  void finish(std::string_view raw);
  void fail(WireError error);
  // The frames cannot belong to one answer; `why` is a phrase.
  void contradict(std::string why) { contradiction_ = std::move(why); }
  // The dialect's proof that the answer is complete. Words in a later frame take it back until it comes again; beside
  // further words it then proves no more than that the answer may end here, for such a host sends it with every piece.
  void prove() noexcept;
  // Nothing that follows matters.
  void close() noexcept { closed_ = true; }
  // No more comes: gives out what the search for <think> still held, and settles the reason.
  void settle();

  Usage usage;  // totals, overwritten by the latest that were told

  const std::optional<FinishReason>& reason() const noexcept { return reason_; }
  const std::string& raw_reason() const noexcept { return raw_reason_; }
  const std::optional<WireError>& error() const noexcept { return error_; }
  const std::string& contradiction() const noexcept { return contradiction_; }
  // Whatever becomes of the body.
  bool is_proven() const noexcept { return proof_ == Proof::kWhole; }
  // Given that the body has come to its proper end.
  bool is_proven_at_end() const noexcept { return proof_ != Proof::kNone; }
  bool is_closed() const noexcept { return closed_; }
  bool has_text() const noexcept { return any_text_; }
  bool has_reasoning() const noexcept { return reasoning_ || (think_ && think_->has_thought()); }

  // The next piece that was not taken yet, in order.
  std::optional<std::string> take_text();

 private:
  enum class Proof { kNone, kAtEnd, kWhole };

  void go_on() noexcept;
  void append(std::string_view text);

  std::vector<std::string> texts_;
  std::size_t taken_ = 0;
  std::optional<ThinkFilter> think_;
  std::optional<FinishReason> reason_;
  std::string raw_reason_;
  std::optional<WireError> error_;
  std::string contradiction_;
  Proof proof_ = Proof::kNone;
  bool proved_too_early_ = false;
  bool frame_has_words_ = false;
  bool closed_ = false;
  bool any_text_ = false;
  bool reasoning_ = false;
  bool refused_ = false;
  bool called_tool_ = false;
};

// Reads the frames of one answer in one dialect. What it is given holds no error: that is looked for first.
class FrameReader {
 public:
  virtual ~FrameReader() = default;
  // One frame of a stream. `event_type` is "message" where the stream names none.
  virtual void read_frame(const boost::json::object& frame, std::string_view event_type, AnswerReading& reading) = 0;
  // The whole answer in one object.
  virtual void read_answer(const boost::json::object& answer, AnswerReading& reading) = 0;
};

}  // namespace jackdaw::providers
