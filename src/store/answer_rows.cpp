#include "store/answer_rows.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "store/content_rows.h"
#include "store/score_codec.h"
#include "store/wall_time_column.h"

namespace jackdaw::store {
namespace {

[[noreturn]] void damaged(const AnswerId& id) {
  throw Error(ErrorCode::kInternal, "The stored answer '" + id.value +
                                        "' is damaged and cannot be shown. Ask the question again, or restore a "
                                        "backup of the data folder.");
}

// What `decode` gives; it throws for damage alone.
template <class Decode>
auto decoded(const AnswerId& id, Decode decode) {
  try {
    return decode();
  } catch (const Error&) {
    damaged(id);
  }
}

// The passages in order, as they were kept: ids and scores.
std::vector<RetrievedPassage> select_references(Database& database, std::int64_t answer, const AnswerId& id) {
  Statement rows =
      database.prepare("SELECT place, chunk, document, scores FROM answer_sources WHERE answer = ?1 ORDER BY place");
  rows.bind(answer);
  std::vector<RetrievedPassage> references;
  while (rows.step()) {
    if (rows.integer(0) != static_cast<std::int64_t>(references.size())) damaged(id);
    RetrievedPassage& reference = references.emplace_back();
    reference.passage.chunk = {rows.integer(1)};
    reference.passage.document = {std::string(rows.text(2))};
    decoded(id, [&] { decode_scores(rows.blob(3), reference); });
  }
  return references;
}

// What stands in the rows of an answer. The passages are references.
EncodedEvents read_encoded(Database& database, const AnswerId& id, std::int64_t number, std::string_view text,
                           Blob events) {
  return {.text = std::string(text),
          .passages = select_references(database, number, id),
          .bytes = {events.begin(), events.end()}};
}

// Gives each reference its passage, or marks it as deleted.
void resolve(Database& database, std::vector<RetrievedPassage>& references, const AnswerId& id) {
  std::vector<ChunkId> chunks;
  chunks.reserve(references.size());
  for (const RetrievedPassage& each : references) chunks.push_back(each.passage.chunk);
  std::map<ChunkId, Passage> found;
  for (Passage& passage : select_passages(database, chunks)) found[passage.chunk] = std::move(passage);
  for (RetrievedPassage& each : references) {
    const auto passage = found.find(each.passage.chunk);
    each.deleted = passage == found.end();
    if (each.deleted) continue;
    // A chunk's id is never given to another document.
    if (passage->second.document != each.passage.document) damaged(id);
    each.passage = passage->second;
  }
}

}  // namespace

AnswerFate fate_of(Database& database, const AnswerId& id) {
  Statement row = database.prepare(
      "SELECT EXISTS(SELECT 1 FROM answers WHERE id = ?1), (SELECT awaited FROM forgotten_answers WHERE id = ?1), "
      "EXISTS(SELECT 1 FROM forgotten_answers WHERE id = ?1)");
  row.bind(id.value).step();
  if (row.integer(0) != 0) return AnswerFate::kKept;
  if (row.integer(1) != 0) return AnswerFate::kAwaited;
  return row.integer(2) != 0 ? AnswerFate::kForgotten : AnswerFate::kNeverKept;
}

void refuse_second(const AnswerId& id) {
  throw Error(ErrorCode::kConflict, "The answer '" + id.value + "' was stored before; an answer is stored only once.");
}

void insert_answer(Database& database, const StoredAnswer& answer, const EncodedEvents& events) {
  database
      .prepare(
          "INSERT INTO answers(id, question, created_ns, ended_ns, text, events, message) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, (SELECT number FROM messages WHERE answer = ?1))")
      .run(answer.id.value, answer.question, to_column(answer.created_at), to_column(answer.ended_at), events.text,
           Blob(events.bytes));
  const std::int64_t number = database.last_row();
  Statement source =
      database.prepare("INSERT INTO answer_sources(answer, place, chunk, document, scores) VALUES(?1, ?2, ?3, ?4, ?5)");
  for (std::size_t place = 0; place < events.passages.size(); ++place) {
    const RetrievedPassage& each = events.passages[place];
    source.run(number, place, each.passage.chunk.value, each.passage.document.value, Blob(encode_scores(each)));
  }
}

std::optional<StoredAnswer> select_answer(Database& database, const AnswerId& id) {
  Statement row =
      database.prepare("SELECT number, question, created_ns, ended_ns, text, events FROM answers WHERE id = ?1");
  if (!row.bind(id.value).step()) return std::nullopt;
  StoredAnswer answer{.id = id,
                      .question = std::string(row.text(1)),
                      .created_at = to_wall_time(row.integer(2)),
                      .ended_at = to_wall_time(row.integer(3)),
                      .events = {}};
  EncodedEvents encoded = read_encoded(database, id, row.integer(0), row.text(4), row.blob(5));
  resolve(database, encoded.passages, id);
  answer.events = decoded(id, [&] { return decode_events(id, encoded); });
  return answer;
}

std::optional<AnswerWords> select_words(Database& database, const AnswerId& id) {
  Statement row = database.prepare("SELECT number, text, events FROM answers WHERE id = ?1");
  if (!row.bind(id.value).step()) return std::nullopt;
  const EncodedEvents encoded = read_encoded(database, id, row.integer(0), row.text(1), row.blob(2));
  AnswerWords words{.standalone_question = {}, .text = encoded.text};
  for (AnswerEvent& event : decoded(id, [&] { return decode_events(id, encoded); })) {
    if (auto* query = std::get_if<AnswerQuery>(&event))
      words.standalone_question = std::move(query->standalone_question);
    if (auto* last = std::get_if<AnswerFinal>(&event)) words.text = std::move(last->answer);
    if (auto* last = std::get_if<AnswerCancelled>(&event)) words.text = std::move(last->answer_so_far);
  }
  return words;
}

std::size_t forget_answers(Database& database, WallTime ended, WallTime now, std::size_t limit) {
  std::vector<std::pair<std::int64_t, AnswerId>> answers;
  Statement rows = database.prepare(
      "SELECT number, id FROM answers WHERE message IS NULL AND ended_ns < ?1 ORDER BY ended_ns, number LIMIT ?2");
  rows.bind(to_column(ended), limit);
  while (rows.step()) answers.emplace_back(rows.integer(0), AnswerId{std::string(rows.text(1))});
  // All rows go before the first id is noted, so that a full collection has room for it.
  Statement remove = database.prepare("DELETE FROM answers WHERE number = ?1");
  for (const auto& [number, id] : answers) remove.run(number);
  for (const auto& [number, id] : answers) note_forgotten(database, id, now, false);
  return answers.size();
}

void note_forgotten(Database& database, const AnswerId& id, WallTime now, bool awaited) {
  database.prepare("INSERT INTO forgotten_answers(id, forgotten_ns, awaited) VALUES(?1, ?2, ?3)")
      .run(id.value, to_column(now), awaited);
}

void note_ended(Database& database, const AnswerId& id) {
  database.prepare("UPDATE forgotten_answers SET awaited = 0 WHERE id = ?1").run(id.value);
}

std::size_t delete_forgotten_ids(Database& database, WallTime noted, std::size_t limit) {
  std::vector<std::string> ids;
  Statement rows =
      database.prepare("SELECT id FROM forgotten_answers WHERE forgotten_ns < ?1 ORDER BY forgotten_ns LIMIT ?2");
  rows.bind(to_column(noted), limit);
  while (rows.step()) ids.emplace_back(rows.text(0));
  Statement remove = database.prepare("DELETE FROM forgotten_answers WHERE id = ?1");
  for (const std::string& id : ids) remove.run(id);
  return ids.size();
}

}  // namespace jackdaw::store
