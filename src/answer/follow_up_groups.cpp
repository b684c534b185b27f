#include "answer/follow_up_groups.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "core/text.h"

namespace jackdaw::answer {
namespace {

constexpr std::size_t kMaxReadBytes = 1200;  // of each text: a name stands at its beginning
constexpr std::size_t kMaxWordBytes = 48;    // longer ones are no words
constexpr std::size_t kMaxGroupWords = 6;
constexpr std::size_t kMaxTitleWords = 10;

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
  return word.is_content() || (is_name_word(word, capitals) && !word.is(WordClass::kFunction));
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

// "Is the contract valid?": what ends such a question is said of its subject.
bool ends_in_predicate(const ReadQuestion& question, const NounGroup& group) {
  const auto& words = question.words;
  std::size_t at = group.first;
  while (at > 0 && (words[at - 1].folded == "the" || words[at - 1].folded == "a")) --at;
  if (at == 0 || !words[at - 1].first) return false;
  const std::string& begin = words[at - 1].folded;
  if (begin != "is" && begin != "are" && begin != "was" && begin != "were") return false;
  return !words[group.last].capital && (group.last + 1 == words.size() || words[group.last + 1].comma);
}

void trim(const ReadQuestion& question, NounGroup& group, bool capitals) {
  while (group.first < group.last && drops_in_front(question, group)) ++group.first;
  while (group.first < group.last && drops_behind(question, group)) --group.last;
  if (group.first < group.last && ends_in_predicate(question, group)) --group.last;
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

// The title that begins with the word `at`: from an opening quotation mark before it to the closing one.
std::optional<NounGroup> quoted_at(const ReadQuestion& question, std::size_t at) {
  const std::string_view utf8 = question.text;
  const std::string_view before = utf8.substr(0, question.words[at].range.begin);
  const bool straight = before.ends_with('"');
  if (!straight && !before.ends_with("\u201C")) return std::nullopt;
  if (straight && std::count(before.begin(), before.end(), '"') % 2 == 0) return std::nullopt;
  const std::size_t close = utf8.find(straight ? "\"" : "\u201D", question.words[at].range.begin);
  if (close == std::string_view::npos) return std::nullopt;
  NounGroup title{.first = at, .last = at};
  while (title.last + 1 < question.words.size() && question.words[title.last + 1].range.end <= close) ++title.last;
  if (title.last - at + 1 > kMaxTitleWords) return std::nullopt;
  title.named = title.specific = title.complete = true;
  title.asked_for = false;
  title.topical = is_topical(question.words, title);
  return title;
}

std::vector<NounGroup> find_groups(const ReadQuestion& question) {
  const auto& words = question.words;
  const bool capitals = capitals_tell(words);
  std::vector<NounGroup> groups;
  for (std::size_t i = 0; i < words.size();) {
    if (const auto title = quoted_at(question, i)) {
      groups.push_back(*title);
      i = title->last + 1;
      continue;
    }
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

}  // namespace jackdaw::answer
