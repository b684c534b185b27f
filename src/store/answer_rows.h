#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/answer_store.h"
#include "store/answer_codec.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// Stored answers as rows and back (docs/storage_format.md, "Answers"). Plain functions on one connection; the caller
// holds the transaction. Throw what Database throws.

enum class AnswerFate {
  kNeverKept,
  kKept,
  kForgotten,
  kAwaited,  // forgotten before it was kept, with its conversation: when it ends, it is not kept
};
AnswerFate fate_of(Database& database, const AnswerId& id);
[[noreturn]] void refuse_second(const AnswerId& id);

// `events` are those of `answer`. It belongs to the message that names it, if there is one.
void insert_answer(Database& database, const StoredAnswer& answer, const EncodedEvents& events);

// With the passages as their documents say them now. Throws Error kInternal with the answer's id when its rows are not
// what insert_answer() wrote.
std::optional<StoredAnswer> select_answer(Database& database, const AnswerId& id);

// What an answer adds to the conversation that it stands in. Its passages are not looked up.
struct AnswerWords {
  std::string standalone_question;  // empty: the question as asked
  std::string text;                 // as far as it came
};
std::optional<AnswerWords> select_words(Database& database, const AnswerId& id);

// Forgets at most `limit` of the answers that ended before `ended` and belong to no conversation, the oldest first:
// their rows go, their ids are noted as forgotten at `now`. Returns how many.
std::size_t forget_answers(Database& database, WallTime ended, WallTime now, std::size_t limit);

void note_forgotten(Database& database, const AnswerId& id, WallTime now, bool awaited);
// It ended, and was not kept.
void note_ended(Database& database, const AnswerId& id);

// Deletes at most `limit` of the ids that were noted before `noted`. Returns how many.
std::size_t delete_forgotten_ids(Database& database, WallTime noted, std::size_t limit);

}  // namespace jackdaw::store
