#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/answer_event.h"

namespace jackdaw::store {

// Answers as the database keeps them: compact, versioned, exact, nothing twice (docs/storage_format.md, "Answers").
// Pure functions, any thread.
//
// encode_events() writes the newest form and throws Error kInternal for events that break a promise of core.
// decode_events() reads every form that there ever was, and takes any bytes: what encode_events() never made throws
// Error kInternal, after work and memory bounded by its bytes times the passages given. What a citation says of its
// source is taken from the passage; it is empty where that is not filled in.

// The events of one answer in three parts.
struct EncodedEvents {
  std::string text;                        // what all tokens say together
  std::vector<RetrievedPassage> passages;  // of all its lists, one list after the other
  std::vector<std::byte> bytes;            // everything else; refers to the other two
};

EncodedEvents encode_events(const AnswerId& answer, std::span<const AnswerEvent> events);
std::vector<AnswerEvent> decode_events(const AnswerId& answer, const EncodedEvents& encoded);

}  // namespace jackdaw::store
