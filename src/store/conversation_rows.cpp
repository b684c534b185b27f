#include "store/conversation_rows.h"

#include <string.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "store/answer_rows.h"
#include "store/wall_time_column.h"

namespace jackdaw::store {
namespace {

constexpr std::size_t kMaxDerivedTitleCharacters = 80;

const std::string kConversationQuery =
    "SELECT number, place, title_given, id, title, created_ns, updated_ns, messages FROM conversations ";
const std::string kMessageQuery = "SELECT number, parent, id, created_ns, question, answer FROM messages ";
const std::string kNextPlace = "(SELECT ifnull(max(place), 0) + 1 FROM conversations)";

[[noreturn]] void damaged(const ConversationId& id) {
  throw Error(ErrorCode::kInternal, "The conversation '" + id.value +
                                        "' is damaged and cannot be shown. Begin a new one, or restore a backup of "
                                        "the data folder.");
}

ConversationRow read_conversation(const Statement& row) {
  return {.number = row.integer(0),
          .place = row.integer(1),
          .title_given = row.integer(2) != 0,
          .conversation = {.id = {std::string(row.text(3))},
                           .title = std::string(row.text(4)),
                           .created_at = to_wall_time(row.integer(5)),
                           .updated_at = to_wall_time(row.integer(6)),
                           .messages = row.integer(7)}};
}

MessageRow read_message(const Statement& row) {
  MessageRow message{.number = row.integer(0),
                     .parent = row.integer(1),
                     .id = {std::string(row.text(2))},
                     .created_at = to_wall_time(row.integer(3)),
                     .question = std::string(row.text(4)),
                     .answer = std::nullopt};
  if (!row.text(5).empty()) message.answer = AnswerId{std::string(row.text(5))};
  return message;
}

// One line, without control characters, cut between two characters as a person sees them.
std::string title_of(std::string_view question) {
  std::string line;
  bool blank = false;
  for (const text::CodePoint& each : text::decode(question)) {
    const bool separates = each.value < 0x20 || text::is_white_space(each.value) || text::is_control(each.value);
    if (!separates) {
      if (blank && !line.empty()) line += ' ';
      text::append_utf8(line, each.value);
    }
    blank = separates;
  }
  return std::string(text::trim(text::truncate(line, kMaxDerivedTitleCharacters)));
}

// memmem() is linear in the worst case too, std::string_view::find() is not.
bool holds(std::string_view text, const std::string& folded) {
  const std::string in = text::normalize_for_matching(text);
  return ::memmem(in.data(), in.size(), folded.data(), folded.size()) != nullptr;
}

class Search {
 public:
  Search(Database& database, std::string_view text)
      : folded_(text::normalize_for_matching(text)),
        messages_(database.prepare("SELECT messages.question, answers.text FROM messages "
                                   "LEFT JOIN answers ON answers.message = messages.number "
                                   "WHERE messages.conversation = ?1 ORDER BY messages.number")) {}

  bool finds(const ConversationRow& row) {
    if (folded_.empty() || says(row.conversation.title)) return true;
    messages_.bind(row.number);
    while (messages_.step()) {
      if (says(messages_.text(0)) || says(messages_.text(1))) return true;
    }
    return false;
  }
  std::size_t looked_through() const noexcept { return looked_through_; }  // bytes

 private:
  bool says(std::string_view text) {
    looked_through_ += text.size();
    return holds(text, folded_);
  }

  const std::string folded_;
  Statement messages_;
  std::size_t looked_through_ = 0;
};

PastTurn past_turn(Database& database, const MessageRow& question, const MessageRow& answer) {
  std::optional<AnswerWords> words = select_words(database, *answer.answer);
  if (!words) words.emplace();
  if (words->standalone_question.empty()) words->standalone_question = question.question;
  return {.question_message = question.id,
          .question = question.question,
          .standalone_question = std::move(words->standalone_question),
          .answer = std::move(words->text)};
}

}  // namespace

ConversationRow insert_conversation(Database& database, const std::string& title, WallTime now) {
  const ConversationId id{random_id()};
  database
      .prepare(
          "INSERT INTO conversations(id, place, title, title_given, messages, created_ns, updated_ns) VALUES(?1, " +
          kNextPlace + ", ?2, ?3, 0, ?4, ?4)")
      .run(id.value, title, !title.empty(), to_column(now));
  return select_conversation(database, id).value();
}

std::optional<ConversationRow> select_conversation(Database& database, const ConversationId& id) {
  Statement row = database.prepare(kConversationQuery + "WHERE id = ?1");
  return row.bind(id.value).step() ? std::optional(read_conversation(row)) : std::nullopt;
}

void write_title(Database& database, std::int64_t conversation, const std::string& title, WallTime now) {
  database
      .prepare("UPDATE conversations SET title = ?2, title_given = 1, updated_ns = ?3, place = " + kNextPlace +
               " WHERE number = ?1")
      .run(conversation, title, to_column(now));
}

void delete_conversation(Database& database, std::int64_t conversation, WallTime now) {
  std::vector<std::pair<AnswerId, bool>> answers;
  Statement rows = database.prepare(
      "SELECT messages.answer, answers.number IS NULL FROM messages "
      "LEFT JOIN answers ON answers.message = messages.number "
      "WHERE messages.conversation = ?1 AND messages.answer IS NOT NULL");
  rows.bind(conversation);
  while (rows.step()) answers.emplace_back(AnswerId{std::string(rows.text(0))}, rows.integer(1) != 0);
  // All rows go before the first id is noted, so that a full collection has room for it.
  database.prepare("DELETE FROM conversations WHERE number = ?1").run(conversation);
  for (const auto& [id, awaited] : answers) note_forgotten(database, id, now, awaited);
}

FoundConversations select_conversations(Database& database, std::string_view text, std::int64_t below,
                                        std::size_t limit, std::size_t max_bytes) {
  FoundConversations found;
  Search search(database, text);
  Statement rows = database.prepare(kConversationQuery + "WHERE place < ?1 ORDER BY place DESC");
  rows.bind(below);
  std::int64_t seen = 0;
  while (rows.step()) {
    if (search.looked_through() >= max_bytes) {
      found.rest_below = seen;
      break;
    }
    ConversationRow row = read_conversation(rows);
    if (search.finds(row)) {
      if (found.rows.size() == limit) {
        found.rest_below = found.rows.back().place;
        break;
      }
      found.rows.push_back(std::move(row));
    }
    seen = rows.integer(1);
  }
  return found;
}

std::optional<MessageRow> select_message(Database& database, std::int64_t conversation, const MessageId& id) {
  Statement row = database.prepare(kMessageQuery + "WHERE id = ?2 AND conversation = ?1");
  return row.bind(conversation, id.value).step() ? std::optional(read_message(row)) : std::nullopt;
}

std::optional<MessageRow> select_newest_message(Database& database, std::int64_t conversation) {
  Statement row = database.prepare(kMessageQuery + "WHERE conversation = ?1 ORDER BY number DESC LIMIT 1");
  return row.bind(conversation).step() ? std::optional(read_message(row)) : std::nullopt;
}

std::vector<MessageRow> select_messages(Database& database, const ConversationRow& conversation) {
  Statement rows = database.prepare(kMessageQuery + "WHERE conversation = ?1 ORDER BY number");
  rows.bind(conversation.number);
  std::vector<MessageRow> messages;
  std::map<std::int64_t, bool> is_answer;
  while (rows.step()) {
    const MessageRow& message = messages.emplace_back(read_message(rows));
    const auto parent = is_answer.find(message.parent);
    const bool begins = message.parent == 0 && !message.answer;
    const bool follows = parent != is_answer.end() && parent->second != message.answer.has_value();
    if (!begins && !follows) damaged(conversation.conversation.id);
    is_answer[message.number] = message.answer.has_value();
  }
  return messages;
}

std::int64_t insert_question(Database& database, std::int64_t conversation, std::int64_t parent, const MessageId& id,
                             const std::string& question, WallTime now) {
  database
      .prepare(
          "INSERT INTO messages(conversation, parent, id, created_ns, question) VALUES(?1, nullif(?2, 0), ?3, ?4, "
          "?5)")
      .run(conversation, parent, id.value, to_column(now), question);
  return database.last_row();
}

void insert_answer_place(Database& database, std::int64_t conversation, std::int64_t question, const MessageId& id,
                         const AnswerId& answer, WallTime now) {
  database
      .prepare(
          "INSERT INTO messages(conversation, parent, id, created_ns, question, answer) VALUES(?1, ?2, ?3, ?4, "
          "'', ?5)")
      .run(conversation, question, id.value, to_column(now), answer.value);
}

void note_messages(Database& database, const ConversationRow& conversation, std::int64_t added,
                   const std::string& question, WallTime now) {
  const bool untitled = !conversation.title_given && conversation.conversation.title.empty();
  database
      .prepare("UPDATE conversations SET messages = messages + ?2, title = ?3, updated_ns = ?4, place = " + kNextPlace +
               " WHERE number = ?1")
      .run(conversation.number, added, untitled ? title_of(question) : conversation.conversation.title, to_column(now));
}

std::vector<PastTurn> select_branch(Database& database, const ConversationRow& conversation, std::int64_t answer,
                                    std::size_t limit) {
  Statement row = database.prepare(kMessageQuery + "WHERE number = ?1");
  const auto message = [&](std::int64_t number) {
    if (!row.bind(number).step()) damaged(conversation.conversation.id);
    return read_message(row);
  };
  std::vector<std::pair<MessageRow, MessageRow>> branch;  // newest first
  while (answer != 0) {
    MessageRow said = message(answer);
    MessageRow asked = message(said.parent);
    if (!said.answer || asked.answer) damaged(conversation.conversation.id);
    answer = asked.parent;
    branch.emplace_back(std::move(asked), std::move(said));
  }
  // Half of the limit is dropped at a time, so that the first turn stays the same from one question to the next.
  const std::size_t block = std::max<std::size_t>(limit / 2, 1);
  const std::size_t dropped = branch.size() <= limit ? 0 : (branch.size() - limit + block - 1) / block * block;
  branch.resize(branch.size() - std::min(dropped, branch.size()));
  std::vector<PastTurn> turns;
  for (const auto& [asked, said] : std::views::reverse(branch)) turns.push_back(past_turn(database, asked, said));
  return turns;
}

}  // namespace jackdaw::store
