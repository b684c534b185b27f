#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/answer_event.h"

namespace jackdaw::answer {

// An event with its place in its answer.
struct NumberedEvent {
  std::uint64_t sequence = 0;  // from 1, without gaps
  AnswerEvent event;
};

// The events of one answer, kept compactly: a token costs its text and four bytes. Not shared between threads.
class EventLog {
 public:
  // A reader's place. Reading on from it costs the same wherever it is.
  struct Cursor {
    std::uint64_t sequence = 0;   // of the last event read
    std::size_t text_offset = 0;  // of the next token
    std::size_t bytes = 0;        // read so far
  };

  // What an event adds to bytes().
  static std::size_t cost(const AnswerEvent& event);

  void append(AnswerEvent event);

  std::uint64_t last_sequence() const noexcept { return entries_.size(); }
  bool ended() const noexcept { return ended_; }
  // About what it occupies.
  std::size_t bytes() const noexcept { return bytes_; }
  // What all tokens say together.
  const std::string& text() const noexcept { return text_; }

  // After the event `sequence`, which must not exceed last_sequence().
  Cursor cursor_after(std::uint64_t sequence) const;
  // The event after the cursor, which moves on; nothing when there is none yet.
  std::optional<NumberedEvent> read(Cursor& cursor) const;

  // All of them, in order.
  std::vector<AnswerEvent> events() const;

  // Gives back spare memory, once nothing is to come.
  void shrink();

 private:
  // A token's length in bytes, or kOther + an index into others_.
  static constexpr std::uint32_t kOther = 1U << 31;
  void step(Cursor& cursor) const;

  std::string text_;
  std::vector<std::uint32_t> entries_;
  std::vector<AnswerEvent> others_;
  std::size_t bytes_ = 0;
  bool ended_ = false;
};

}  // namespace jackdaw::answer
