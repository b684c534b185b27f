#include "answer/event_log.h"

#include <utility>
#include <variant>

namespace jackdaw::answer {
namespace {

std::size_t size_of(const std::vector<RetrievedPassage>& passages) {
  std::size_t bytes = 0;
  for (const RetrievedPassage& found : passages) {
    bytes += sizeof(RetrievedPassage) + found.passage.text.size() + found.passage.filename.size() +
             found.passage.document.value.size() + found.passage.span.boxes.size() * sizeof(Box);
  }
  return bytes;
}

std::size_t size_of(const Citation& citation) {
  return sizeof(Citation) + citation.quote.size() + citation.boxes.size() * sizeof(Box);
}

std::size_t size_of(const std::vector<Citation>& citations) {
  std::size_t bytes = 0;
  for (const Citation& citation : citations) bytes += size_of(citation);
  return bytes;
}

struct SizeOf {
  std::size_t operator()(const AnswerSources& event) const { return size_of(event.passages); }
  std::size_t operator()(const AnswerFinal& event) const {
    return size_of(event.passages) + event.answer.size() + size_of(event.citations);
  }
  std::size_t operator()(const AnswerCitation& event) const { return size_of(event.citation); }
  std::size_t operator()(const AnswerQuery& event) const {
    return event.standalone_question.size() + event.used_turns.size() * 2 * sizeof(MessageId);
  }
  std::size_t operator()(const AnswerError& event) const { return event.message.size(); }
  std::size_t operator()(const AnswerCancelled& event) const { return event.answer_so_far.size(); }
  std::size_t operator()(const AnswerProvider& event) const {
    return event.from.size() + event.to.size() + event.model.size() + event.reason.size();
  }
  std::size_t operator()(const AnswerMeta& event) const { return event.provider.size() + event.model.size(); }
  std::size_t operator()(const auto&) const { return 0; }
};

}  // namespace

std::size_t EventLog::cost(const AnswerEvent& event) {
  if (const auto* token = std::get_if<AnswerToken>(&event)) return token->text.size() + sizeof(std::uint32_t);
  return sizeof(AnswerEvent) + std::visit(SizeOf(), event);
}

void EventLog::append(AnswerEvent event) {
  ended_ = ended_ || is_terminal(event);
  bytes_ += cost(event);
  if (const auto* token = std::get_if<AnswerToken>(&event)) {
    text_ += token->text;
    entries_.push_back(static_cast<std::uint32_t>(token->text.size()));
    return;
  }
  entries_.push_back(kOther + static_cast<std::uint32_t>(others_.size()));
  others_.push_back(std::move(event));
}

EventLog::Cursor EventLog::cursor_after(std::uint64_t sequence) const {
  Cursor cursor;
  while (cursor.sequence < sequence) step(cursor);
  return cursor;
}

std::optional<NumberedEvent> EventLog::read(Cursor& cursor) const {
  if (cursor.sequence >= entries_.size()) return std::nullopt;
  const std::uint32_t entry = entries_[cursor.sequence];
  const std::size_t text_offset = cursor.text_offset;
  step(cursor);
  if (entry >= kOther) return NumberedEvent{cursor.sequence, others_[entry - kOther]};
  return NumberedEvent{cursor.sequence, AnswerToken{text_.substr(text_offset, entry)}};
}

void EventLog::step(Cursor& cursor) const {
  const std::uint32_t entry = entries_[cursor.sequence];
  ++cursor.sequence;
  if (entry >= kOther) {
    cursor.bytes += cost(others_[entry - kOther]);
  } else {
    cursor.bytes += entry + sizeof(std::uint32_t);
    cursor.text_offset += entry;
  }
}

std::vector<AnswerEvent> EventLog::events() const {
  std::vector<AnswerEvent> all;
  all.reserve(entries_.size() + 1);
  Cursor cursor;
  while (auto event = read(cursor)) all.push_back(std::move(event->event));
  return all;
}

void EventLog::shrink() {
  text_.shrink_to_fit();
  entries_.shrink_to_fit();
  others_.shrink_to_fit();
}

}  // namespace jackdaw::answer
