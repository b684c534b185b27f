#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/conversation.h"

namespace jackdaw {

struct ConversationQuery {
  std::size_t limit = 50;  // 1..200
  std::string after;       // cursor of the page before; empty: from the start
  std::string text;        // part of a title, a question or an answer, any case; empty: all
};

struct ConversationPage {
  std::vector<Conversation> conversations;  // the one with the newest message first
  std::string next;                         // cursor; empty: no more
};

// A question that is about to be answered in a conversation.
struct NewTurn {
  ConversationId conversation;
  // What it stands under: an answer, which it follows; or the very same question, to which it is another answer.
  // Nothing: the newest message of the conversation, or its start when `at_start`.
  std::optional<MessageId> parent;
  bool at_start = false;
  std::string question;
  AnswerId answer;  // not used before
};

struct Turn {
  MessageId question_message;  // new, unless the parent is the question
  MessageId answer_message;    // new
  // What was said before in this branch, oldest first; the newest ones, at most kMaxPastTurns. Half of that many are
  // dropped at a time, so that the first one stays the same from one question to the next.
  std::vector<PastTurn> history;
};
inline constexpr std::size_t kMaxPastTurns = 50;
inline constexpr std::int64_t kMaxConversationMessages = 2000;

// What survives of conversations. Answers are AnswerStore's: an answer whose turn was begun here is found with its
// message once AnswerStore::keep has it, is kept as long as the conversation, however old, and goes with it. Durable:
// what a function acknowledges by returning survives a crash and a power cut. Safe from any thread; blocks on the disk.
// What writes throws Error kStorageFull when there is no room.
class ConversationStore {
 public:
  virtual ~ConversationStore() = default;

  // `title` empty: it gets that of its first question.
  virtual Conversation create_conversation(const std::string& title) = 0;
  virtual std::optional<Conversation> find_conversation(const ConversationId& id) = 0;
  // Throws Error kInvalidArgument (fields "limit", "after").
  virtual ConversationPage list_conversations(const ConversationQuery& query) = 0;
  // Nothing when there is none. Throws Error kInvalidArgument (field "title") for an empty or too long one.
  virtual std::optional<Conversation> rename_conversation(const ConversationId& id, const std::string& title) = 0;
  // With its messages and their answers, of which no byte is left in the files when it returns. False when there was
  // none.
  virtual bool remove_conversation(const ConversationId& id) = 0;

  // All of them, in the order of their making; their passages as their documents say them now. Nothing when there is no
  // such conversation.
  virtual std::optional<std::vector<ConversationMessage>> messages_of(const ConversationId& id) = 0;

  // Writes down the question and the place of its answer. Throws Error kNotFound (no such conversation),
  // kInvalidArgument (field "parent_message_id": not a message of it, or another question), kTooLarge (it has
  // kMaxConversationMessages already).
  virtual Turn begin_turn(const NewTurn& turn) = 0;
};

}  // namespace jackdaw
