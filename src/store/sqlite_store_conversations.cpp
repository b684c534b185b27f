#include <chrono>
#include <limits>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "store/answer_rows.h"
#include "store/conversation_rows.h"
#include "store/document_rows.h"
#include "store/page_cursor.h"
#include "store/sqlite_store.h"

namespace jackdaw::store {
namespace {

[[noreturn]] void refuse_parent(const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, why).with_field("parent_message_id");
}

ConversationRow conversation_of(Database& database, const NewTurn& turn) {
  auto found = select_conversation(database, turn.conversation);
  if (found) return *std::move(found);
  throw Error(ErrorCode::kNotFound, "There is no conversation '" + turn.conversation.value +
                                        "'; it may have been deleted. Begin a new one, or leave 'conversation_id' "
                                        "out.");
}

// What the turn stands under, if it begins nothing.
std::optional<MessageRow> parent_of(Database& database, const ConversationRow& conversation, const NewTurn& turn) {
  if (!turn.parent) {
    return turn.at_start ? std::nullopt : select_newest_message(database, conversation.number);
  }
  std::optional<MessageRow> parent = select_message(database, conversation.number, *turn.parent);
  if (!parent) refuse_parent("'" + turn.parent->value + "' is not a message of this conversation.");
  if (!parent->answer && parent->question != turn.question) {
    refuse_parent("'" + turn.parent->value +
                  "' is another question. Name the answer that yours follows, or ask the very same question for "
                  "another answer to it.");
  }
  return parent;
}

bool was_used(Database& database, const AnswerId& answer) {
  Statement row = database.prepare("SELECT 1 FROM messages WHERE answer = ?1");
  return row.bind(answer.value).step() || fate_of(database, answer) != AnswerFate::kNeverKept;
}

void check_room(const ConversationRow& conversation, std::int64_t added) {
  if (conversation.conversation.messages + added <= kMaxConversationMessages) return;
  throw Error(ErrorCode::kTooLarge, "This conversation has " + std::to_string(conversation.conversation.messages) +
                                        " messages, and can have at most " + std::to_string(kMaxConversationMessages) +
                                        ". Begin a new one.");
}

}  // namespace

Conversation SqliteStore::create_conversation(const std::string& given) {
  const std::string title(text::trim(given));
  check_title(title, kMaxConversationTitleCharacters);
  const WallTime now = std::chrono::system_clock::now();
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  ConversationRow made = insert_conversation(writer->database, title, now);
  reached(StoreStep::kConversationWritten);
  transaction.commit();
  reached(StoreStep::kConversationCommitted);
  return std::move(made.conversation);
}

std::optional<Conversation> SqliteStore::find_conversation(const ConversationId& id) {
  const auto reader = readers_.lease();
  auto found = select_conversation(*reader, id);
  return found ? std::optional(std::move(found->conversation)) : std::nullopt;
}

ConversationPage SqliteStore::list_conversations(const ConversationQuery& query) {
  check_limit(query.limit);
  const std::int64_t after = read_cursor(kConversationCursor, query.after);
  const std::int64_t below = after == 0 ? std::numeric_limits<std::int64_t>::max() : after;
  FoundConversations found;
  {
    const auto reader = readers_.lease();
    const Transaction snapshot(*reader, Transaction::Kind::kRead);
    found = select_conversations(*reader, query.text, below, query.limit, kMaxSearchedBytes);
  }
  ConversationPage page;
  for (ConversationRow& each : found.rows) page.conversations.push_back(std::move(each.conversation));
  if (found.rest_below != 0) page.next = make_cursor(kConversationCursor, found.rest_below);
  return page;
}

std::optional<Conversation> SqliteStore::rename_conversation(const ConversationId& id, const std::string& given) {
  const std::string title(text::trim(given));
  check_title(title, kMaxConversationTitleCharacters);
  if (title.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "A conversation cannot be without a title. Give it one.")
        .with_field("title");
  }
  const WallTime now = std::chrono::system_clock::now();
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  const auto found = select_conversation(writer->database, id);
  if (!found) return std::nullopt;
  write_title(writer->database, found->number, title, now);
  auto renamed = select_conversation(writer->database, id);
  reached(StoreStep::kConversationRenameWritten);
  transaction.commit();
  reached(StoreStep::kConversationRenameCommitted);
  return std::move(renamed->conversation);
}

bool SqliteStore::remove_conversation(const ConversationId& id) {
  const WallTime now = std::chrono::system_clock::now();
  bool found = false;
  {
    auto writer = writer_.lock();
    Transaction transaction(writer->database, Transaction::Kind::kWrite);
    const auto conversation = select_conversation(writer->database, id);
    found = conversation.has_value();
    if (found) {
      delete_conversation(writer->database, conversation->number, now);
      reached(StoreStep::kConversationRemoveWritten);
      transaction.commit();
      writer->log_holds_removed = true;
      reached(StoreStep::kConversationRemoveCommitted);
    }
  }
  cut_log();
  return found;
}

std::optional<std::vector<ConversationMessage>> SqliteStore::messages_of(const ConversationId& id) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  const auto conversation = select_conversation(*reader, id);
  if (!conversation) return std::nullopt;
  std::map<std::int64_t, MessageId> ids;
  std::vector<ConversationMessage> messages;
  for (MessageRow& row : select_messages(*reader, *conversation)) {
    ConversationMessage& message = messages.emplace_back();
    ids[row.number] = message.id = std::move(row.id);
    if (row.parent != 0) message.parent = ids.at(row.parent);
    message.created_at = row.created_at;
    message.question = std::move(row.question);
    if (!row.answer) continue;
    message.role = Role::kAssistant;
    message.answer = *std::move(row.answer);
    message.ended = select_answer(*reader, message.answer);
  }
  return messages;
}

Turn SqliteStore::begin_turn(const NewTurn& turn) {
  const WallTime now = std::chrono::system_clock::now();
  auto writer = writer_.lock();
  Database& database = writer->database;
  Transaction transaction(database, Transaction::Kind::kWrite);
  const ConversationRow conversation = conversation_of(database, turn);
  if (was_used(database, turn.answer)) refuse_second(turn.answer);
  const std::optional<MessageRow> parent = parent_of(database, conversation, turn);
  const bool again = parent && !parent->answer;  // another answer to the same question
  check_room(conversation, again ? 1 : 2);
  const std::int64_t follows = !parent ? 0 : again ? parent->parent : parent->number;
  Turn begun{.question_message = again ? parent->id : MessageId{random_id()},
             .answer_message = {random_id()},
             .history = select_branch(database, conversation, follows, kMaxPastTurns)};
  const std::int64_t question =
      again ? parent->number
            : insert_question(database, conversation.number, follows, begun.question_message, turn.question, now);
  insert_answer_place(database, conversation.number, question, begun.answer_message, turn.answer, now);
  note_messages(database, conversation, again ? 1 : 2, turn.question, now);
  reached(StoreStep::kTurnWritten);
  transaction.commit();
  reached(StoreStep::kTurnCommitted);
  return begun;
}

}  // namespace jackdaw::store
