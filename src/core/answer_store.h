#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/answer_event.h"
#include "core/clock.h"

namespace jackdaw {

// An answer that has ended, with all that its readers were told.
struct StoredAnswer {
  AnswerId id;
  std::string question;
  WallTime created_at{};
  WallTime ended_at{};
  // In order; the last one, and it alone, ends the answer. Event n of the stream is events[n - 1].
  std::vector<AnswerEvent> events;
};

// What survives of answers. Passages are kept by reference: their text stays the document's, and goes with it. Durable:
// what keep() acknowledges by returning survives a crash and a power cut. Safe from any thread; blocks on the disk.
class AnswerStore {
 public:
  virtual ~AnswerStore() = default;

  // All of them in one transaction, or none. Throws Error kStorageFull when there is no room.
  virtual void keep(std::span<const StoredAnswer> answers) = 0;

  // The same events as were kept, byte for byte; passages whose document is gone are `deleted`. Nothing for an id that
  // was never kept. Throws Error kGone for one that was kept and is forgotten.
  virtual std::optional<StoredAnswer> find_answer(const AnswerId& id) = 0;

  // Forgets answers that ended before, at most so many: only that they existed is remembered, for find_answer to say.
  // Returns how many; there may be more when that is the limit. Takes about a millisecond for ten.
  virtual std::size_t forget_answers_before(WallTime ended, std::size_t limit) = 0;
};

}  // namespace jackdaw
