#include "answer/follow_up.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "answer/follow_up_gap.h"
#include "answer/follow_up_topic.h"
#include "answer/follow_up_words.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kLongQuestionBytes = 600;  // who writes so much says what it is about
constexpr double kLeastWeight = 0.2;
constexpr double kWrongNumber = 0.4;   // "it" and a plural, "they" and a singular
constexpr double kNoName = 0.3;        // "she", "there", and a common noun
constexpr double kNoPlace = 0.05;      // "there" and what is no place
constexpr double kSecondOfPair = 0.3;  // of the first one's weight

bool includes(const std::vector<std::string>& all, const std::vector<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& key) { return std::binary_search(b.begin(), b.end(), key); });
}

// The language of a question that is too short to tell is that of the ones before it.
bool is_english(const ReadQuestion& asked, std::span<const PastTurn> history) {
  if (!looks_english(asked.text, asked.words)) return false;
  const bool tells = std::any_of(asked.words.begin(), asked.words.end(),
                                 [](const WrittenWord& word) { return word.is(WordClass::kEnglish); });
  if (tells) return true;
  const ReadQuestion before = read_question(history.back().question);
  return looks_english(before.text, before.words);
}

// The likeliest first, those that fit the pronoun before those that do not.
std::vector<Topic> fitting(std::vector<Topic> topics, Reference reference, const std::vector<std::string>& own) {
  std::erase_if(topics, [&](const Topic& topic) { return includes(own, topic.keys); });
  if (reference == Reference::kAny) std::erase_if(topics, [](const Topic& topic) { return topic.answered; });
  for (Topic& topic : topics) {
    if (reference == Reference::kThing && topic.plural) topic.weight *= kWrongNumber;
    if (reference == Reference::kSeveral && !topic.plural) topic.weight *= kWrongNumber;
    if (reference == Reference::kNamed && !topic.named) topic.weight *= kNoName;
    if (reference == Reference::kPlace && !topic.place) topic.weight *= kNoPlace;
  }
  std::stable_sort(topics.begin(), topics.end(), [](const Topic& a, const Topic& b) { return a.weight > b.weight; });
  return topics;
}

// What the question is taken to be about: one topic, or two for "they" that were named apart.
std::vector<Topic> choose(const std::vector<Topic>& topics, Reference reference) {
  std::vector<Topic> chosen;
  if (topics.empty() || topics.front().weight < kLeastWeight * kWrongNumber) return chosen;
  chosen.push_back(topics.front());
  if (reference != Reference::kSeveral || topics.front().plural) return chosen;
  for (std::size_t i = 1; i < topics.size(); ++i) {
    const Topic& other = topics[i];
    if (other.plural || other.weight < kSecondOfPair * topics.front().weight) break;
    if (other.named != topics.front().named || overlap(other.keys, topics.front().keys)) continue;
    chosen.push_back(topics[i]);
    break;
  }
  return chosen;
}

std::string named(const std::vector<Topic>& topics, std::string_view between) {
  std::string all;
  for (const Topic& topic : topics) {
    if (!all.empty()) all += between;
    all += topic.text;
  }
  return all;
}

std::string with_article(const std::vector<Topic>& topics) {
  const std::string& article = topics.front().article;
  return (article.empty() || topics.front().text.starts_with("The ") ? "" : "the ") + named(topics, " and ");
}

std::string replaced(std::string_view question, text::Range place, std::string by) {
  if (place.begin == 0 && !by.empty() && by[0] >= 'a' && by[0] <= 'z') by[0] = static_cast<char>(by[0] - 'a' + 'A');
  return std::string(question.substr(0, place.begin)) + by + std::string(question.substr(place.end));
}

// "Why doesn't bees spoil?" would be no English.
bool fits_sentence(Reference reference, const std::vector<Topic>& topics) {
  const bool several = topics.size() > 1 || topics.front().plural;
  if (reference == Reference::kThing) return !several;
  if (reference == Reference::kSeveral) return several;
  return reference != Reference::kNamed || topics.front().named;
}

std::string written_out(std::string_view question, const Gap& gap, const std::vector<Topic>& topics) {
  switch (fits_sentence(gap.reference, topics) ? gap.place : Place::kBehind) {
    case Place::kNoun: return replaced(question, gap.range, with_article(topics));
    case Place::kPossessive: {
      const std::string owner = with_article(topics);
      return replaced(question, gap.range, owner + (owner.ends_with('s') ? "'" : "'s"));
    }
    case Place::kBehind: break;
  }
  const std::string_view trimmed = text::trim(question);
  return std::string(trimmed) + " (" + named(topics, ", ") + ")";
}

// "the experiment" of "the Stanford Experiment", "Anne" of "Anne Bonny": what was named in full before.
const Topic* full_name(const ReadQuestion& asked, const NounGroup& group, const std::vector<Topic>& topics) {
  const auto keys = asked.keys(group);
  for (const Topic& topic : topics) {
    if (topic.keys.size() <= keys.size() || !includes(topic.keys, keys)) continue;
    if (group.plural != topic.plural) continue;
    if (group.named ? topic.named : topic.head == noun_key(asked.words[group.last].folded)) return &topic;
  }
  return nullptr;
}

// A short form's place, and what it stands for.
struct FullName {
  Gap gap;
  Topic topic;
};

std::optional<FullName> find_full_name(const ReadQuestion& asked, const std::vector<Topic>& topics) {
  for (const NounGroup& group : asked.groups) {
    if (!is_short_form(asked, group)) continue;
    const Topic* topic = full_name(asked, group, topics);
    if (topic == nullptr) continue;
    const bool definite = group.first > 0 && asked.words[group.first - 1].folded == "the";
    const Place place = definite || group.named ? Place::kNoun : Place::kBehind;
    const text::Range range{asked.words[group.first].range.begin, asked.words[group.last].range.end};
    FullName found{{Reference::kAny, place, range}, *topic};
    found.topic.article.clear();  // it has its own
    return found;
  }
  return std::nullopt;
}

// "Is throat cancer treatable? Why?"
std::string behind_the_one_before(std::string_view question, const PastTurn& newest) {
  const std::string& before = newest.standalone_question.empty() ? newest.question : newest.standalone_question;
  if (before.size() > kLongQuestionBytes || !text::is_valid_utf8(before)) return std::string(question);
  return std::string(text::trim(before)) + " " + std::string(text::trim(question));
}

// Its one subject is what was spoken of.
bool is_on_topic(const ReadQuestion& asked, const std::vector<Topic>& topics) {
  const auto group = std::find_if(asked.groups.begin(), asked.groups.end(), [](const NounGroup& candidate) {
    return candidate.complete && !candidate.asked_for;
  });
  if (group == asked.groups.end()) return false;
  const auto keys = asked.keys(*group);
  return std::any_of(topics.begin(), topics.end(),
                     [&](const Topic& topic) { return topic.weight >= kLeastWeight && includes(topic.keys, keys); });
}

// Nothing when the question needs no topic, or none was spoken of.
std::optional<StandaloneQuestion> with_topic(std::string_view question, const ReadQuestion& asked, const Gap& gap,
                                             std::span<const PastTurn> history) {
  const std::vector<Topic> spoken_of = topics(history);
  const auto full = gap.refers() ? std::nullopt : find_full_name(asked, spoken_of);
  if (!full) {
    if (gap.reference == Reference::kNone) return std::nullopt;
    if (gap.reference == Reference::kAny && is_on_topic(asked, spoken_of)) return std::nullopt;
  }
  const auto chosen =
      full ? std::vector<Topic>{full->topic} : choose(fitting(spoken_of, gap.reference, asked.keys()), gap.reference);
  if (chosen.empty()) return std::nullopt;
  StandaloneQuestion resolved{written_out(question, full ? full->gap : gap, chosen), {}};
  for (const Topic& topic : chosen) {
    const MessageId& turn = history[topic.turn].question_message;
    if (std::find(resolved.used_turns.begin(), resolved.used_turns.end(), turn) == resolved.used_turns.end()) {
      resolved.used_turns.push_back(turn);
    }
  }
  return resolved;
}

StandaloneQuestion with_question_before(std::string_view question, const PastTurn& newest) {
  return {behind_the_one_before(question, newest), {newest.question_message}};
}

}  // namespace

StandaloneQuestion resolve_by_rules(std::string_view question, std::span<const PastTurn> history) {
  StandaloneQuestion as_asked{std::string(question), {}};
  if (history.empty() || question.size() > kLongQuestionBytes) return as_asked;
  const ReadQuestion asked = read_question(question);
  if (asked.text != question) return as_asked;  // it is not UTF-8, or holds NUL: places in one are none in the other
  if (!is_english(asked, history)) return as_asked;
  const Gap gap = find_gap(asked);
  const std::optional<StandaloneQuestion> resolved = gap.reference == Reference::kQuestion
                                                         ? with_question_before(question, history.back())
                                                         : with_topic(question, asked, gap, history);
  if (!resolved || resolved->text == question) return as_asked;
  return text::count_code_points(resolved->text) <= kMaxStandaloneCharacters ? *resolved : as_asked;
}

}  // namespace jackdaw::answer
