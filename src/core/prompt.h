#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ranking.h"

namespace jackdaw {

enum class Role { kSystem, kUser, kAssistant };

struct Message {
  Role role = Role::kUser;
  std::string content;
};

// Everything a writer needs for one answer. `messages` is the whole conversation as a language model hears it: rules
// first, then the fenced passages, the question last. Writers that quote instead of write use `question` and
// `passages`.
struct Prompt {
  std::string question;
  std::vector<RetrievedPassage> passages;  // as the messages show them: neighbours may be one
  std::vector<int> numbers;                // that the messages give them, ascending; empty: 1, 2, 3 ...
  std::vector<Message> messages;
  double temperature = 0.2;
  int max_tokens = 800;
  std::size_t estimated_tokens = 0;  // of `messages`, by text::estimate_tokens

  int number_of(std::size_t passage) const {
    return numbers.empty() ? static_cast<int>(passage) + 1 : numbers.at(passage);
  }
};

enum class FinishReason {
  kStop,    // complete
  kLength,  // cut by max_tokens
  kContentFilter,
  kNoEvidence,  // the documents do not answer the question
  kOther,
};

// "stop", "length", "content_filter", "no_evidence", "other".
std::string_view to_string(FinishReason reason) noexcept;

// Tokens, as the provider counted them; nothing where it did not say.
struct Usage {
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<std::int64_t> cached_input_tokens;
};

}  // namespace jackdaw
