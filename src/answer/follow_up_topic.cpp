#include "answer/follow_up_topic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

namespace jackdaw::answer {
namespace {

constexpr std::size_t kMaxReadBytes = 1200;  // of each text: a name stands at its beginning
constexpr std::size_t kMaxWordBytes = 48;    // longer ones are no words
constexpr std::size_t kMaxGroupWords = 6;
constexpr std::size_t kMaxTurnsBack = 6;

// How much each turn counts less than the one after it.
constexpr double kDecay = 0.6;
constexpr double kBeginning = 0.25;  // what the conversation began with is never forgotten
constexpr double kNamed = 1.4;
constexpr double kTopical = 1.6;
constexpr double kCarried = 2.4;  // what a question without a subject took over goes on being the subject
constexpr double kUnspecific = 0.15;
constexpr double kRelationalHead = 0.5;  // "natural treatments" are of something
constexpr double kSeveralWords = 1.2;
constexpr double kAskedFor = 0.5;
constexpr double kCircumstance = 0.5;  // "on Earth"
constexpr double kBeside = 0.5;        // what a question names beside the subject that it takes over
constexpr double kFormer = 0.35;       // what was spoken of before a question named a subject of its own

std::string_view bounded(std::string_view utf8) {
  if (utf8.size() <= kMaxReadBytes) return utf8;
  std::size_t end = kMaxReadBytes;
  while (end > 0 && (static_cast<unsigned char>(utf8[end]) & 0xC0) == 0x80) --end;
  return utf8.substr(0, end);
}

bool is_usable(const WrittenWord& word) {
  return word.range.end - word.range.begin <= kMaxWordBytes;
}

// In a title or in capitals throughout, a capital letter tells nothing.
bool capitals_tell(const std::vector<WrittenWord>& words) {
  std::size_t capitals = 0, others = 0;
  for (const WrittenWord& word : words) {
    if (!word.first && !word.digit) ++(word.capital ? capitals : others);
  }
  return capitals < 3 || others > capitals / 2;
}

bool is_name_word(const WrittenWord& word, bool capitals) {
  if (word.digit) return !word.is(WordClass::kFunction);
  return capitals && word.capital && !word.first;
}

bool is_group_word(const WrittenWord& word, bool capitals) {
  if (!is_usable(word)) return false;
  if (word.is_content()) return true;
  return is_name_word(word, capitals) && !word.is(WordClass::kPersonal) && word.folded.size() > 1 &&
         word.folded.front() != 'i';
}

// "Museum of Art", "Lord of the Rings": how many words after `at` belong to the name without being nouns.
std::size_t inner_function_words(const std::vector<WrittenWord>& words, std::size_t at, bool capitals) {
  if (!is_name_word(words[at], capitals) && !(words[at].first && words[at].capital)) return 0;
  if (at + 2 >= words.size() || words[at + 1].folded != "of" || !words[at + 1].joined) return 0;
  const std::size_t inner = words[at + 2].folded == "the" ? 2 : 1;
  if (at + inner + 1 >= words.size()) return 0;
  const WrittenWord& next = words[at + inner + 1];
  return next.joined && is_name_word(next, capitals) && is_group_word(next, capitals) ? inner : 0;
}

bool is_hyphenated(std::string_view utf8, const WrittenWord& left, const WrittenWord& right) {
  return utf8.substr(left.range.end, right.range.begin - left.range.end) == "-";
}

void describe(const ReadQuestion& question, NounGroup& group, bool capitals) {
  for (std::size_t i = group.first; i <= group.last; ++i) {
    const WrittenWord& word = question.words[i];
    group.named = group.named || is_name_word(word, capitals);
    group.specific = group.specific || word.is_specific();
  }
  const WrittenWord& last = question.words[group.last];
  const auto begin = question.words.begin() + static_cast<std::ptrdiff_t>(group.first);
  const auto specific = std::count_if(begin, begin + static_cast<std::ptrdiff_t>(group.last - group.first + 1),
                                      [](const WrittenWord& word) { return word.is_specific(); });
  group.complete = group.named || specific > 1 || last.is_specific();
  const std::string& head = last.folded;
  group.plural = noun_key(head) != head || head == "people" || head == "children" || head == "men" || head == "women";
}

bool is_participle(const WrittenWord& word) {
  return !word.capital && word.folded.size() > 5 && (word.folded.ends_with("ed") || word.folded.ends_with("ing"));
}

// "main", "best" and the like before a noun qualify it in its own sentence only.
bool drops_in_front(const ReadQuestion& question, const NounGroup& group) {
  const WrittenWord& word = question.words[group.first];
  if (word.capital && !word.first) return false;
  if (is_hyphenated(question.text, word, question.words[group.first + 1])) return false;
  return word.is(WordClass::kVague) && word.folded != "popular" && word.folded != "social";
}

// What stands behind a noun says something of it in its own sentence only: "(is) Red Bull bad", "oxygen transported".
bool drops_behind(const ReadQuestion& question, const NounGroup& group) {
  const WrittenWord& word = question.words[group.last];
  if (is_hyphenated(question.text, question.words[group.last - 1], word)) return false;
  return !word.capital && !word.digit &&
         (word.is(WordClass::kVague) || (is_participle(word) && word.folded.ends_with("ed")));
}

// "Did Netflix shift": behind an auxiliary, small letters after a name begin the rest of the sentence.
void end_at_name(const ReadQuestion& question, NounGroup& group, bool capitals) {
  const auto& words = question.words;
  if (group.first == 0 || !words[group.first - 1].is(WordClass::kAuxiliary)) return;
  if (words[group.first - 1].folded == "is" && group.first > 1 && words[group.first - 2].is(WordClass::kQuestion))
    return;
  for (std::size_t i = group.first; i < group.last; ++i) {
    if (is_name_word(words[i], capitals) && !words[i + 1].capital && !words[i + 1].digit && i + 1 == group.last) {
      group.last = i;
    }
  }
}

void trim(const ReadQuestion& question, NounGroup& group, bool capitals) {
  while (group.first < group.last && drops_in_front(question, group)) ++group.first;
  while (group.first < group.last && drops_behind(question, group)) --group.last;
  end_at_name(question, group, capitals);
}

// The subject of its sentence: behind "about", behind "what is", or between an auxiliary and a verb.
bool is_topical(const std::vector<WrittenWord>& words, const NounGroup& group) {
  std::size_t at = group.first;
  while (at > 0 && !words[at].comma &&
         (words[at - 1].folded == "the" || words[at - 1].folded == "a" || words[at - 1].folded == "an" ||
          words[at - 1].folded == "of" || words[at - 1].is(WordClass::kRelational) ||
          words[at - 1].is(WordClass::kVague))) {
    --at;
  }
  if (at == 0) return true;
  const WrittenWord& before = words[at - 1];
  if (before.is(WordClass::kVerb)) return at == 1 || words[at - 2].is(WordClass::kQuestion);
  return before.folded == "about" || before.is(WordClass::kAuxiliary) || before.is(WordClass::kQuestion);
}

// "Which teams", "how many legs", "are there any films".
bool is_asked_for(const std::vector<WrittenWord>& words, const NounGroup& group) {
  std::size_t at = group.first;
  while (at > 0 && !words[at].comma && words[at - 1].is(WordClass::kVague)) --at;
  if (at == 0) return false;
  const std::string& before = words[at - 1].folded;
  if (before == "what" || before == "which" || before == "whose") return true;
  if (at < 2) return false;
  if (before == "many" || before == "much") return words[at - 2].folded == "how";
  return (before == "any" || before == "some") && words[at - 2].folded == "there";
}

std::vector<NounGroup> find_groups(const ReadQuestion& question) {
  const auto& words = question.words;
  const bool capitals = capitals_tell(words);
  std::vector<NounGroup> groups;
  for (std::size_t i = 0; i < words.size();) {
    if (!is_group_word(words[i], capitals)) {
      ++i;
      continue;
    }
    NounGroup group;
    group.first = group.last = i;
    while (group.last + 1 < words.size() && group.last - group.first + 1 < kMaxGroupWords) {
      if (words[group.last].possessive) break;
      const std::size_t inner = inner_function_words(words, group.last, capitals);
      const std::size_t next = group.last + inner + 1;
      if (!words[next].joined || words[next].first || !is_group_word(words[next], capitals)) break;
      group.last = next;
    }
    i = group.last + 1;
    trim(question, group, capitals);
    describe(question, group, capitals);
    group.asked_for = is_asked_for(words, group);
    group.topical = !group.asked_for && is_topical(words, group);
    groups.push_back(group);
  }
  return groups;
}

bool is_place_or_time(const ReadQuestion& question, const NounGroup& group) {
  const auto& words = question.words;
  std::size_t at = group.first;
  while (at > 0 && (words[at - 1].folded == "the" || words[at - 1].folded == "a")) --at;
  if (at < 2) return false;
  return words[at - 1].folded == "in" || words[at - 1].folded == "on" || words[at - 1].folded == "at" ||
         words[at - 1].folded == "from" || words[at - 1].folded == "than" || words[at - 1].folded == "to" ||
         words[at - 1].folded == "with" || words[at - 1].folded == "by";
}

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
  if (is_place_or_time(question, group)) weight *= kCircumstance;
  if (group.asked_for) weight *= kAskedFor;
  const WrittenWord& head = question.words[group.last];
  for (const std::string_view ending :
       {"able", "ible", "ful", "ous", "ive", "ical", "ual", "onal", "ental", "est", "ly", "ing", "ed"}) {
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

std::string_view ReadQuestion::written(const NounGroup& group) const {
  return std::string_view(text).substr(words[group.first].range.begin,
                                       words[group.last].range.end - words[group.first].range.begin);
}

std::vector<std::string> ReadQuestion::keys(const NounGroup& group) const {
  std::vector<std::string> keys;
  for (std::size_t i = group.first; i <= group.last; ++i) {
    if (!words[i].is(WordClass::kFunction)) keys.push_back(noun_key(words[i].folded));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<std::string> ReadQuestion::keys() const {
  std::vector<std::string> keys;
  for (const WrittenWord& word : words) {
    if (!word.is(WordClass::kFunction)) keys.push_back(noun_key(word.folded));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

ReadQuestion read_question(std::string_view utf8) {
  ReadQuestion question;
  question.text = text::sanitize(bounded(utf8));
  question.words = read_words(question.text);
  question.groups = find_groups(question);
  return question;
}

std::vector<Topic> topics(std::span<const PastTurn> history) {
  Subjects subjects;
  const std::size_t begin = history.size() > kMaxTurnsBack ? history.size() - kMaxTurnsBack : 0;
  for (std::size_t turn = 0; turn < history.size(); ++turn) {
    if (turn > 0 && turn < begin) continue;
    const double age = std::pow(kDecay, static_cast<double>(history.size() - 1 - turn));
    subjects.hear(history[turn], turn, turn == 0 ? std::max(age, kBeginning) : age);
  }
  return subjects.sorted();
}

}  // namespace jackdaw::answer
