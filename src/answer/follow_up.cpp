#include "answer/follow_up.h"

#include <algorithm>
#include <optional>

#include "answer/follow_up_topic.h"
#include "answer/follow_up_words.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kLongQuestionBytes = 600;  // who writes so much says what it is about
constexpr double kLeastWeight = 0.2;

enum class Gap {
  kNone,
  kPronoun,   // "it", "those", "the other one": stands for one thing
  kEllipsis,  // "And in Spain?": a part of the question before, put anew
  kTopic,     // "What are the main symptoms?": of something
};

bool is_be(const WrittenWord& word) {
  return word.folded == "is" || word.folded == "are" || word.folded == "was" || word.folded == "were" ||
         word.folded == "be" || word.folded == "been" || word.folded == "isn't" || word.folded == "aren't";
}

// A noun in an earlier clause of the same text can be what a pronoun stands for.
bool is_explained_before(const ReadQuestion& question, std::size_t at) {
  for (const NounGroup& group : question.groups) {
    if (group.last >= at || !group.specific) continue;
    for (std::size_t i = group.last + 1; i <= at; ++i) {
      const WrittenWord& word = question.words[i];
      if (word.comma || word.first || word.is(WordClass::kConjunction)) return true;
    }
  }
  return false;
}

// "Is it possible to ...", "it takes ... to": it stands for what follows.
bool is_expletive(const std::vector<WrittenWord>& words, std::size_t at) {
  if (words[at].folded != "it" && words[at].folded != "it's") return false;
  for (std::size_t i = at + 1; i < words.size() && i <= at + 2; ++i) {
    if (i + 1 < words.size() && (words[i + 1].folded == "to" || words[i + 1].folded == "that") &&
        (words[i].is(WordClass::kVague) || words[i].folded == "mean" || words[i].folded == "take")) {
      return i + 2 < words.size() && words[i + 2].folded != "learn";
    }
  }
  return false;
}

bool is_referring_demonstrative(const std::vector<WrittenWord>& words, std::size_t at) {
  const bool last = at + 1 == words.size() || words[at + 1].comma;
  if (!words[at].folded.starts_with("that")) return true;
  if (at == 0 || words[at].first) return true;
  const WrittenWord& before = words[at - 1];
  if (before.is(WordClass::kPreposition) || before.is(WordClass::kAuxiliary)) return true;
  return last;
}

bool is_referring_one(const std::vector<WrittenWord>& words, std::size_t at) {
  if (words[at].folded != "one" && words[at].folded != "ones") return false;
  if (at + 1 < words.size() && (words[at + 1].folded == "of" || words[at + 1].is_content())) return false;
  return at > 0;
}

bool is_referring_there(const std::vector<WrittenWord>& words, std::size_t at) {
  if (words[at].folded != "there") return false;
  if (at == 0 || words[at].first || is_be(words[at - 1])) return false;
  return at + 1 == words.size() || !(is_be(words[at + 1]) || words[at + 1].is(WordClass::kAuxiliary));
}

std::optional<std::size_t> referring_word(const ReadQuestion& question) {
  const auto& words = question.words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool refers = (words[i].is(WordClass::kPersonal) && !is_expletive(words, i)) ||
                        (words[i].is(WordClass::kDemonstrative) && is_referring_demonstrative(words, i)) ||
                        is_referring_one(words, i) || is_referring_there(words, i);
    if (refers && !is_explained_before(question, i)) return i;
  }
  return std::nullopt;
}

bool begins_elliptically(const std::vector<WrittenWord>& words) {
  if (words.empty()) return false;
  if (words[0].folded == "and" || words[0].folded == "or" || words[0].folded == "but") return true;
  return words.size() > 1 && (words[0].folded == "what" || words[0].folded == "how") && words[1].folded == "about";
}

Gap gap_of(const ReadQuestion& question) {
  if (referring_word(question)) return Gap::kPronoun;
  std::size_t specific = 0;
  bool named = false;
  for (const WrittenWord& word : question.words) {
    if (word.is_specific()) ++specific;
  }
  for (const NounGroup& group : question.groups) named = named || group.named;
  if (begins_elliptically(question.words)) return Gap::kEllipsis;
  if (!named && specific <= 1) return Gap::kTopic;
  return Gap::kNone;
}

// Whether the question already has what a topic would add.
bool says(const std::vector<std::string>& question_keys, const Topic& topic) {
  return std::includes(question_keys.begin(), question_keys.end(), topic.keys.begin(), topic.keys.end());
}

std::string appended(std::string_view question, std::string_view topic) {
  return std::string(question) + " (" + std::string(topic) + ")";
}

}  // namespace

StandaloneQuestion resolve_by_rules(std::string_view question, std::span<const PastTurn> history) {
  StandaloneQuestion resolved{std::string(question), {}};
  if (history.empty() || question.size() > kLongQuestionBytes || !text::is_valid_utf8(question)) return resolved;
  const ReadQuestion asked = read_question(question);
  if (!looks_english(asked.text, asked.words)) return resolved;
  const Gap gap = gap_of(asked);
  if (gap == Gap::kNone) return resolved;
  const auto own = asked.keys();
  for (const Topic& topic : topics(history)) {
    if (says(own, topic) || topic.weight < kLeastWeight) continue;
    resolved.text = appended(question, topic.text);
    resolved.used_turns = {history[topic.turn].question_message};
    break;
  }
  return resolved;
}

}  // namespace jackdaw::answer
