#include "providers/answer_reading.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.h"

namespace jackdaw::providers {
namespace {

constexpr std::size_t kMaxReasonBytes = 64;

using Row = std::pair<std::string_view, FinishReason>;
constexpr std::array kReasons = {
    Row("stop", FinishReason::kStop),
    Row("eos", FinishReason::kStop),
    Row("eos_token", FinishReason::kStop),
    Row("end_turn", FinishReason::kStop),
    Row("stop_sequence", FinishReason::kStop),
    Row("STOP", FinishReason::kStop),
    Row("length", FinishReason::kLength),
    Row("model_length", FinishReason::kLength),
    Row("max_tokens", FinishReason::kLength),
    Row("model_context_window_exceeded", FinishReason::kLength),
    Row("MAX_TOKENS", FinishReason::kLength),
    Row("content_filter", FinishReason::kContentFilter),
    Row("refusal", FinishReason::kContentFilter),
    Row("SAFETY", FinishReason::kContentFilter),
    Row("RECITATION", FinishReason::kContentFilter),
    Row("BLOCKLIST", FinishReason::kContentFilter),
    Row("PROHIBITED_CONTENT", FinishReason::kContentFilter),
    Row("SPII", FinishReason::kContentFilter),
    Row("IMAGE_SAFETY", FinishReason::kContentFilter),
};

constexpr std::array<std::string_view, 4> kFailures = {"error", "insufficient_system_resource",
                                                       "MALFORMED_FUNCTION_CALL", "abort"};

}  // namespace

std::optional<FinishReason> finish_reason_from(std::string_view raw) noexcept {
  if (std::find(kFailures.begin(), kFailures.end(), raw) != kFailures.end()) return std::nullopt;
  const auto found = std::find_if(kReasons.begin(), kReasons.end(), [raw](const Row& row) { return row.first == raw; });
  return found == kReasons.end() ? FinishReason::kOther : found->second;
}

void AnswerReading::prove() noexcept {
  proof_ = proved_too_early_ && frame_has_words_ ? Proof::kAtEnd : Proof::kWhole;
}

void AnswerReading::go_on() noexcept {
  frame_has_words_ = true;
  if (proof_ == Proof::kNone) return;
  proof_ = Proof::kNone;
  proved_too_early_ = true;
}

void AnswerReading::note_reasoning() noexcept {
  reasoning_ = true;
  // Beside an answer it may be told late; without one it is the model at work.
  if (!any_text_) go_on();
}

void AnswerReading::add_text(std::string_view text) {
  if (text.empty()) return;
  go_on();
  append(text);
}

void AnswerReading::append(std::string_view text) {
  if (text.empty()) return;
  if (taken_ == texts_.size()) {
    texts_.clear();
    taken_ = 0;
  }
  if (!any_text_ && !text::trim(text).empty()) any_text_ = true;
  // JSON may hold NUL, which no reader of an answer should have to expect.
  texts_.push_back(text.find('\0') == std::string_view::npos ? std::string(text) : text::sanitize(text));
}

void AnswerReading::add_text_with_thinking(std::string_view text) {
  if (!think_) think_.emplace();
  if (text.empty()) return;
  go_on();
  if (think_->is_past()) return append(text);
  append(think_->feed(text));
}

void AnswerReading::add_refusal(std::string_view text) {
  if (text.empty()) return;
  refused_ = true;
  add_text(text);
}

void AnswerReading::finish(std::string_view raw) {
  raw_reason_ = text::sanitize(raw.substr(0, kMaxReasonBytes));
  reason_ = finish_reason_from(raw);
  if (!reason_) {
    WireError error;
    error.code = raw_reason_;
    fail(std::move(error));
  } else if (refused_) {
    reason_ = FinishReason::kContentFilter;
  }
}

void AnswerReading::fail(WireError error) {
  if (!error_) error_ = std::move(error);
  closed_ = true;
}

void AnswerReading::settle() {
  if (think_) append(think_->finish());
  if (called_tool_ && !any_text_ && reason_ == FinishReason::kStop) reason_ = FinishReason::kOther;
}

std::optional<std::string> AnswerReading::take_text() {
  if (taken_ == texts_.size()) return std::nullopt;
  return std::move(texts_[taken_++]);
}

}  // namespace jackdaw::providers
