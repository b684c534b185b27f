#pragma once

#include <cstddef>
#include <optional>

#include "core/answer_store.h"
#include "store/answer_codec.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// Stored answers as rows and back (docs/storage_format.md, "Answers"). Plain functions on one connection; the caller
// holds the transaction. Throw what Database throws.

enum class AnswerFate { kNeverKept, kKept, kForgotten };
AnswerFate fate_of(Database& database, const AnswerId& id);

// `events` are those of `answer`.
void insert_answer(Database& database, const StoredAnswer& answer, const EncodedEvents& events);

// With the passages as their documents say them now. Throws Error kInternal with the answer's id when its rows are not
// what insert_answer() wrote.
std::optional<StoredAnswer> select_answer(Database& database, const AnswerId& id);

// Forgets at most `limit` of the answers that ended before `ended`, the oldest first: their rows go, their ids are
// noted as forgotten at `now`. Returns how many.
std::size_t forget_answers(Database& database, WallTime ended, WallTime now, std::size_t limit);

// Deletes at most `limit` of the ids that were noted before `noted`. Returns how many.
std::size_t delete_forgotten_ids(Database& database, WallTime noted, std::size_t limit);

}  // namespace jackdaw::store
