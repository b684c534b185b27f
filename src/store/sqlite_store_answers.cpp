#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "store/answer_rows.h"
#include "store/sqlite_store.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kForgottenAtOnce = 200;  // answers in one transaction
constexpr auto kForgottenIdsLife = std::chrono::days(365);

void keep_one(Database& database, const StoredAnswer& answer, const EncodedEvents& events) {
  const AnswerFate fate = fate_of(database, answer.id);
  if (fate == AnswerFate::kAwaited) return note_ended(database, answer.id);
  if (fate != AnswerFate::kNeverKept) refuse_second(answer.id);
  insert_answer(database, answer, events);
}

}  // namespace

void SqliteStore::keep(std::span<const StoredAnswer> answers) {
  if (answers.empty()) return;
  std::vector<EncodedEvents> encoded;
  encoded.reserve(answers.size());
  for (const StoredAnswer& answer : answers) encoded.push_back(encode_events(answer.id, answer.events));
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  for (std::size_t i = 0; i < answers.size(); ++i) keep_one(writer->database, answers[i], encoded[i]);
  reached(StoreStep::kAnswersWritten);
  transaction.commit();
  reached(StoreStep::kAnswersKept);
}

std::optional<StoredAnswer> SqliteStore::find_answer(const AnswerId& id) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  std::optional<StoredAnswer> answer = select_answer(*reader, id);
  if (!answer && fate_of(*reader, id) != AnswerFate::kNeverKept) {
    throw Error(ErrorCode::kGone, "The answer '" + id.value +
                                      "' is no longer kept: answers are stored for a limited time only, or as long as "
                                      "the conversation that they belong to. Ask the question again.");
  }
  return answer;
}

std::size_t SqliteStore::forget_answers_before(WallTime ended, std::size_t limit) {
  std::size_t forgotten = 0;
  while (forgotten < limit) {
    const std::size_t wanted = std::min(kForgottenAtOnce, limit - forgotten);
    const std::size_t some = forget_some(ended, wanted);
    forgotten += some;
    if (some < wanted) break;
  }
  cut_log();
  return forgotten;
}

// One bounded transaction: of answers, and of ids whose time is over too.
std::size_t SqliteStore::forget_some(WallTime ended, std::size_t limit) {
  const WallTime now = std::chrono::system_clock::now();
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const std::size_t forgotten = forget_answers(writer->database, ended, now, limit);
  delete_forgotten_ids(writer->database, now - kForgottenIdsLife, kForgottenAtOnce);
  transaction.commit();
  if (forgotten == 0) return 0;
  writer->log_holds_removed = true;
  reached(StoreStep::kAnswersForgotten);
  return forgotten;
}

}  // namespace jackdaw::store
