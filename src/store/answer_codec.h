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
// encode_* throw Error kInternal for events that break a promise of core. decode_* take any bytes: what encode_* did
// not make throws Error kInternal, after work and memory bounded by its bytes times the passages given.

// The events of one answer in three parts.
struct EncodedEvents {
  std::string text;                        // what all tokens say together
  std::vector<RetrievedPassage> passages;  // of all its lists, one list after the other
  std::vector<std::byte> bytes;            // everything else; refers to the other two
};

EncodedEvents encode_events(const AnswerId& answer, std::span<const AnswerEvent> events);
std::vector<AnswerEvent> decode_events(const AnswerId& answer, const EncodedEvents& encoded);

// Why a passage was returned: score, score_kind and reasons. decode_scores() sets these and leaves the rest.
std::vector<std::byte> encode_scores(const RetrievedPassage& passage);
void decode_scores(std::span<const std::byte> bytes, RetrievedPassage& passage);

// Whether what is kept of two passages is the same: chunk, document, and every bit of the scores.
bool same_reference(const RetrievedPassage& one, const RetrievedPassage& other);

}  // namespace jackdaw::store
