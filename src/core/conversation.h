#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/answer_store.h"
#include "core/clock.h"
#include "core/ids.h"
#include "core/prompt.h"

namespace jackdaw {

inline constexpr std::size_t kMaxConversationTitleCharacters = 200;  // code points

// Questions and answers that belong together. Nothing in it is ever overwritten: a question that is asked again in
// other words, or an answer that is made again, is another branch beside the first.
struct Conversation {
  ConversationId id;
  std::string title;  // of its first question, until a person gives one
  WallTime created_at{};
  WallTime updated_at{};      // of its newest message, or of its title
  std::int64_t messages = 0;  // of all branches
};

// One question, or one answer. The parent of a question is the answer that it follows, none for one that begins the
// conversation; the parent of an answer is its question. Several children of one parent are branches.
struct ConversationMessage {
  MessageId id;
  std::optional<MessageId> parent;
  Role role = Role::kUser;  // or kAssistant
  WallTime created_at{};
  std::string question;  // kUser: as it was asked
  AnswerId answer;       // kAssistant
  // kAssistant, once the answer has ended. Without it the answer is still being made, or was lost with the program.
  std::optional<StoredAnswer> ended;
};

// A question that was answered before in the same branch.
struct PastTurn {
  MessageId question_message;
  std::string question;             // as it was asked
  std::string standalone_question;  // as it was searched for
  std::string answer;               // as far as it came
};

}  // namespace jackdaw
