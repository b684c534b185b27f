#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/conversation.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// Conversations and their messages as rows and back (docs/storage_format.md, "conversations" and "messages"). Plain
// functions on one connection; the caller holds the transaction. Throw what Database throws, and Error kInternal with
// the conversation's id when its rows are not what insert_* wrote.

struct ConversationRow {
  std::int64_t number = 0;
  std::int64_t place = 0;  // in the order of changes, ascending
  bool title_given = false;
  Conversation conversation;
};

// The messages of one conversation, by numbers: those of a message are above that of its parent.
struct MessageRow {
  std::int64_t number = 0;
  std::int64_t parent = 0;  // 0: none
  MessageId id;
  WallTime created_at{};
  std::string question;            // empty for an answer
  std::optional<AnswerId> answer;  // nothing for a question
};

// Without messages. `title` empty: none is given.
ConversationRow insert_conversation(Database& database, const std::string& title, WallTime now);
std::optional<ConversationRow> select_conversation(Database& database, const ConversationId& id);
void write_title(Database& database, std::int64_t conversation, const std::string& title, WallTime now);
// Messages and answers go with it; the answers' ids are noted as forgotten.
void delete_conversation(Database& database, std::int64_t conversation, WallTime now);

struct FoundConversations {
  std::vector<ConversationRow> rows;  // the one that changed last first
  std::int64_t rest_below = 0;        // the places that were not looked at; 0: none
};
// At most `limit` of those whose place is below, whose title, questions or answers say `text` (of any case; empty:
// all). Looks through about `max_bytes` of them: one conversation is never looked through in part.
FoundConversations select_conversations(Database& database, std::string_view text, std::int64_t below,
                                        std::size_t limit, std::size_t max_bytes);

std::optional<MessageRow> select_message(Database& database, std::int64_t conversation, const MessageId& id);
std::optional<MessageRow> select_newest_message(Database& database, std::int64_t conversation);
// In the order of their making.
std::vector<MessageRow> select_messages(Database& database, const ConversationRow& conversation);

// Returns its number. `parent` 0: none.
std::int64_t insert_question(Database& database, std::int64_t conversation, std::int64_t parent, const MessageId& id,
                             const std::string& question, WallTime now);
void insert_answer_place(Database& database, std::int64_t conversation, std::int64_t question, const MessageId& id,
                         const AnswerId& answer, WallTime now);
// After `added` of these: counts them, and takes the title from `question` where there is none yet.
void note_messages(Database& database, const ConversationRow& conversation, std::int64_t added,
                   const std::string& question, WallTime now);

// The questions and answers from `answer`, a message's number, back to the beginning of its branch; oldest first, at
// most `limit`, the newest ones. 0: none.
std::vector<PastTurn> select_branch(Database& database, const ConversationRow& conversation, std::int64_t answer,
                                    std::size_t limit);

}  // namespace jackdaw::store
