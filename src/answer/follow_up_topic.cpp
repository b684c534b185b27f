#include "answer/follow_up_topic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "answer/follow_up_groups.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kMaxTurnsBack = 6;
constexpr std::size_t kMaxAnswerBytes = 1200;  // what a question asked for is named at the beginning

// How much each turn counts less than the one after it.
constexpr double kDecay = 0.6;
constexpr double kBeginning = 0.25;  // what the conversation began with is never forgotten
constexpr double kNamed = 1.4;
constexpr double kTopical = 1.6;
constexpr double kCarried = 2.4;  // what a question without a subject took over goes on being the subject
constexpr double kUnspecific = 0.15;
constexpr double kRelationalHead = 0.5;  // "natural treatments" are of something
constexpr double kAnswered = 1.5;
constexpr double kSeveralWords = 1.2;
constexpr double kAskedFor = 0.5;
constexpr double kCircumstance = 0.5;  // "on Earth"
constexpr double kBeside = 0.5;        // what a question names beside the subject that it takes over
constexpr double kFormer = 0.35;       // what was spoken of before a question named a subject of its own

// The preposition that a group follows, with or without an article; empty for none.
std::string_view preposition_of(const ReadQuestion& question, const NounGroup& group) {
  std::size_t at = group.first;
  while (at > 0 && (question.words[at - 1].folded == "the" || question.words[at - 1].folded == "a")) --at;
  if (at < 2 || !question.words[at - 1].is(WordClass::kPreposition)) return {};
  return question.words[at - 1].folded;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 8> kOfCircumstance{"in", "on", "at", "from", "than", "to", "with", "by"};
constexpr std::array<std::string_view, 6> kOfPlace{"in", "at", "from", "around", "near", "to"};

bool contains_all(const std::vector<std::string>& sorted, const std::vector<std::string>& wanted) {
  return std::includes(sorted.begin(), sorted.end(), wanted.begin(), wanted.end());
}

double weight_of(const ReadQuestion& question, const NounGroup& group) {
  double weight = 1;
  if (!group.specific) weight *= group.named ? 1 : kUnspecific;
  if (group.specific && !group.named && !question.words[group.last].is_specific()) weight *= kRelationalHead;
  if (group.named) weight *= kNamed;
  if (group.topical) weight *= kTopical;
  if (group.last > group.first) weight *= kSeveralWords;
  if (is_one_of(kOfCircumstance, preposition_of(question, group))) weight *= kCircumstance;
  if (group.asked_for) weight *= kAskedFor;
  const WrittenWord& head = question.words[group.last];
  if (group.first == group.last && !head.capital && head.folded.size() > 5 && head.folded.ends_with("ed")) return 0;
  for (const std::string_view ending :
       {"able", "ible", "ful", "ous", "ive", "ical", "ual", "onal", "ental", "est", "ly", "ing"}) {
    if (group.first == group.last && !group.named && head.folded.size() > 5 && head.folded.ends_with(ending)) {
      weight *= kUnspecific;
      break;
    }
  }
  return weight;
}

std::string article_of(const ReadQuestion& question, const NounGroup& group) {
  if (group.first == 0) return "";
  const std::string& before = question.words[group.first - 1].folded;
  return before == "the" || before == "a" || before == "an" ? before : "";
}

bool overlaps(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& key) { return std::binary_search(b.begin(), b.end(), key); });
}

std::string_view first_sentence(std::string_view utf8) {
  const std::string_view beginning = utf8.substr(0, kMaxAnswerBytes);
  const auto sentences = text::sentences(beginning);
  return sentences.empty() ? beginning : beginning.substr(0, sentences.front().end);
}

// The first word of an answer is a name when it is no common word: "Canberra is ...".
bool is_answer_name(const ReadQuestion& answer, const NounGroup& group) {
  const WrittenWord& first = answer.words[group.first];
  if (group.first == 0) return first.capital && first.is_specific();
  return first.capital && group.named;
}

bool asks_for_name(const ReadQuestion& question) {
  const auto& words = question.words;
  return !words.empty() && (words[0].folded == "which" || words[0].folded == "who" || words[0].folded == "who's" ||
                            std::any_of(question.groups.begin(), question.groups.end(),
                                        [](const NounGroup& group) { return group.first == 1 && group.asked_for; }));
}

bool names_subject(const ReadQuestion& question) {
  return std::any_of(question.groups.begin(), question.groups.end(),
                     [](const NounGroup& group) { return group.topical && group.complete; });
}

// What was spoken of, turn by turn.
class Subjects {
 public:
  void hear(const PastTurn& turn, std::size_t place, double share) {
    const ReadQuestion asked = read_question(turn.question);
    const bool resolved = !turn.standalone_question.empty() && turn.standalone_question != turn.question;
    bool took_over = false;
    if (resolved) took_over = take_over(asked, read_question(turn.standalone_question), place, share);
    if (!took_over && names_subject(asked)) {
      for (auto& [keys, topic] : found_) topic.weight *= kFormer;
    }
    for (const NounGroup& group : asked.groups) add(asked, group, place, share * (took_over ? kBeside : 1));
  }

  // What the newest question asked for is named by its answer: "which is the largest plane?" "The Airbus A380".
  void hear_answer(const PastTurn& turn, std::size_t place) {
    const ReadQuestion asked = read_question(turn.question);
    if (!asks_for_name(asked)) return;
    const ReadQuestion answer = read_question(first_sentence(turn.answer));
    const auto known = asked.keys();
    for (const NounGroup& group : answer.groups) {
      if (!is_answer_name(answer, group) || overlaps(known, answer.keys(group))) continue;
      if (found_.contains(answer.keys(group))) return;
      add(answer, group, place, kAnswered);
      found_[answer.keys(group)].answered = true;
      return;
    }
  }

  std::vector<Topic> sorted() const {
    std::vector<Topic> sorted;
    for (const auto& [keys, topic] : found_) sorted.push_back(topic);
    std::stable_sort(sorted.begin(), sorted.end(), [](const Topic& a, const Topic& b) { return a.weight > b.weight; });
    return sorted;
  }

 private:
  void add(const ReadQuestion& question, const NounGroup& group, std::size_t place, double share) {
    auto keys = question.keys(group);
    if (keys.empty()) return;
    Topic& topic = found_[keys];
    topic.weight += share * weight_of(question, group);
    topic.text = std::string(question.written(group));
    topic.keys = std::move(keys);
    topic.head = noun_key(question.words[group.last].folded);
    topic.article = article_of(question, group);
    topic.turn = place;
    topic.named = topic.named || group.named;
    topic.plural = group.plural;
    topic.place = topic.place || (group.named && is_one_of(kOfPlace, preposition_of(question, group)));
  }

  // What the stand-alone form has beyond the words of the question itself.
  bool take_over(const ReadQuestion& asked, const ReadQuestion& standalone, std::size_t place, double share) {
    const auto own = asked.keys(), all = standalone.keys();
    bool took_over = false;
    for (auto& [keys, topic] : found_) {
      if (contains_all(own, keys) || !contains_all(all, keys)) continue;
      topic.weight += share * kCarried * (topic.named ? kNamed : 1);
      took_over = true;
    }
    if (took_over) return true;
    for (const NounGroup& group : standalone.groups) {
      if (contains_all(own, standalone.keys(group))) continue;
      add(standalone, group, place, share * kCarried);
      took_over = true;
    }
    return took_over;
  }

  std::map<std::vector<std::string>, Topic> found_;
};

}  // namespace

std::vector<Topic> topics(std::span<const PastTurn> history) {
  Subjects subjects;
  const std::size_t begin = history.size() > kMaxTurnsBack ? history.size() - kMaxTurnsBack : 0;
  for (std::size_t turn = 0; turn < history.size(); ++turn) {
    if (turn > 0 && turn < begin) continue;
    const double age = std::pow(kDecay, static_cast<double>(history.size() - 1 - turn));
    subjects.hear(history[turn], turn, turn == 0 ? std::max(age, kBeginning) : age);
  }
  if (!history.empty()) subjects.hear_answer(history.back(), history.size() - 1);
  return subjects.sorted();
}

}  // namespace jackdaw::answer
