#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "answer/follow_up.h"
#include "core/text.h"

// The input's lines are a conversation: question, answer, question, answer, ..., the question to resolve. It stays as
// it is without a history; with one it is bounded, the same every time, valid if it was valid, and every turn that is
// said to have fed it is one of the conversation, named once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace answer = jackdaw::answer;
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += static_cast<char>(data[i]);
    }
  }
  const std::string question = lines.back();
  std::vector<jackdaw::PastTurn> history;
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const std::string answered = i + 2 < lines.size() ? lines[i + 1] : std::string();
    jackdaw::PastTurn turn{jackdaw::MessageId{std::to_string(i)}, lines[i], {}, answered};
    turn.standalone_question = answer::resolve_by_rules(turn.question, history).text;
    history.push_back(std::move(turn));
  }
  const auto first = answer::resolve_by_rules(question, {});
  if (first.text != question || !first.used_turns.empty()) std::abort();
  const auto resolved = answer::resolve_by_rules(question, history);
  const auto again = answer::resolve_by_rules(question, history);
  if (resolved.text != again.text || resolved.used_turns != again.used_turns) std::abort();
  if (resolved.used_turns.empty() != (resolved.text == question)) std::abort();
  if (resolved.text != question) {
    if (!jackdaw::text::is_valid_utf8(resolved.text)) std::abort();
    if (jackdaw::text::count_code_points(resolved.text) > answer::kMaxStandaloneCharacters) std::abort();
  }
  for (std::size_t i = 0; i < resolved.used_turns.size(); ++i) {
    bool known = false;
    for (const auto& turn : history) known = known || turn.question_message == resolved.used_turns[i];
    for (std::size_t j = 0; j < i; ++j) known = known && resolved.used_turns[j] != resolved.used_turns[i];
    if (!known) std::abort();
  }
  return 0;
}
