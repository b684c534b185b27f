#include "answer/follow_up_gap.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace jackdaw::answer {
namespace {

using Words = std::vector<WrittenWord>;

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 8> kBe{"is", "are", "was", "were", "be", "been", "isn't", "aren't"};
constexpr std::array<std::string_view, 14> kSeveral{"they",   "them",  "their",   "theirs",  "themselves",
                                                    "these",  "those", "they're", "they've", "they'll",
                                                    "they'd", "ones",  "both",    "others"};
constexpr std::array<std::string_view, 12> kNamed{"he",   "him",     "his",  "himself", "she",  "her",
                                                  "hers", "herself", "he's", "she's",   "he'd", "she'd"};
constexpr std::array<std::string_view, 3> kPossessive{"its", "their", "his"};
constexpr std::array<std::string_view, 10> kReplaceable{"it",  "they", "them", "he",    "she",
                                                        "him", "this", "that", "these", "those"};

constexpr std::array<std::string_view, 7> kBehindHead{"for", "in", "of", "ever", "to", "and", "that"};
constexpr std::array<std::string_view, 7> kRegion{"city", "town", "region", "area", "country", "state", "island"};

bool ends_clause(const Words& words, std::size_t at) {
  return at + 1 == words.size() || words[at + 1].comma || words[at + 1].first;
}

bool has_verb(const Words& words, std::size_t begin, std::size_t end) {
  return std::any_of(
      words.begin() + static_cast<std::ptrdiff_t>(begin), words.begin() + static_cast<std::ptrdiff_t>(end),
      [](const WrittenWord& word) { return word.is(WordClass::kAuxiliary) || word.is(WordClass::kVerb); });
}

// "... and how", "..., is it": not "salt and pepper".
bool begins_clause(const Words& words, std::size_t at) {
  if (words[at].first) return true;
  if (words[at].comma || words[at].folded == "and" || words[at].folded == "or") {
    const std::size_t next = words[at].is(WordClass::kConjunction) ? at + 1 : at;
    if (next >= words.size()) return false;
    return words[next].is(WordClass::kQuestion) || words[next].is(WordClass::kAuxiliary) ||
           words[next].is(WordClass::kPersonal);
  }
  return words[at].is(WordClass::kConjunction) || words[at].folded == "when" || words[at].folded == "while";
}

// A noun in an earlier clause of the same text can be what a pronoun stands for. "Besides the price, is it good?" has
// none: what stands before the comma is no clause.
bool is_explained_before(const ReadQuestion& question, std::size_t at) {
  const Words& words = question.words;
  for (const NounGroup& group : question.groups) {
    if (group.last >= at || !group.complete) continue;
    if (!has_verb(words, 0, group.last) && words[0].folded != "speaking") continue;
    for (std::size_t i = group.last + 1; i <= at; ++i) {
      if (begins_clause(words, i)) return true;
    }
  }
  return false;
}

// "Is it possible to ...", "it takes ... to": stands for what follows.
bool is_expletive(const Words& words, std::size_t at) {
  if (words[at].folded != "it") return false;
  for (std::size_t i = at + 1; i + 1 < words.size() && i <= at + 2; ++i) {
    if (words[i + 1].folded != "to" && words[i + 1].folded != "that") continue;
    if (words[i].is(WordClass::kVague) || words[i].folded == "mean" || words[i].folded == "take") return true;
  }
  return false;
}

// "Which foods that ..." and "know that ..." refer to nothing outside of their sentence.
bool is_referring_demonstrative(const Words& words, std::size_t at) {
  if (!words[at].folded.starts_with("that")) return true;
  if (words[at].first || ends_clause(words, at)) return true;
  return words[at - 1].is(WordClass::kPreposition) || words[at - 1].is(WordClass::kAuxiliary);
}

// "a new one", "the other ones", "some others"; not "one of" and not "one year".
bool is_referring_one(const Words& words, std::size_t at) {
  const std::string& word = words[at].folded;
  if (at == 0 || (word != "one" && word != "ones" && word != "others")) return false;
  return ends_clause(words, at) || (words[at + 1].folded != "of" && !words[at + 1].is_content());
}

// "held there"; not "is there", "there are".
bool is_referring_there(const Words& words, std::size_t at) {
  if (words[at].folded != "there" || words[at].first || is_one_of(kBe, words[at - 1].folded)) return false;
  return ends_clause(words, at) || !words[at + 1].is(WordClass::kAuxiliary);
}

std::optional<std::size_t> referring_word(const ReadQuestion& question) {
  const Words& words = question.words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool refers = (words[i].is(WordClass::kPersonal) && !is_expletive(words, i)) ||
                        (words[i].is(WordClass::kDemonstrative) && is_referring_demonstrative(words, i)) ||
                        is_referring_one(words, i) || is_referring_there(words, i);
    if (refers && !is_explained_before(question, i)) return i;
  }
  return std::nullopt;
}

Gap gap_at(const Words& words, std::size_t at) {
  const WrittenWord& word = words[at];
  Gap gap{Reference::kThing, Place::kBehind, word.range};
  if (is_one_of(kSeveral, word.folded)) gap.reference = Reference::kSeveral;
  if (is_one_of(kNamed, word.folded)) gap.reference = Reference::kNamed;
  if (word.folded == "there") gap.reference = Reference::kPlace;
  const bool before_noun = !ends_clause(words, at) && words[at + 1].is_content();
  if (is_one_of(kPossessive, word.folded) || (word.folded == "her" && before_noun)) {
    gap.place = Place::kPossessive;
  } else if (is_one_of(kReplaceable, word.folded) && !(word.is(WordClass::kDemonstrative) && before_noun)) {
    gap.place = Place::kNoun;
  }
  return gap;
}

bool begins_with(const Words& words, std::string_view first, std::string_view second) {
  return words.size() > 1 && words[0].folded == first && words[1].folded == second;
}

// "And in Spain?", "What about the cons?": a part of the question before, put anew.
bool begins_elliptically(const Words& words) {
  return words[0].folded == "and" || words[0].folded == "or" || words[0].folded == "but" ||
         begins_with(words, "what", "about") || begins_with(words, "how", "about");
}

// "I am in Spain.", "No, I meant the new one.": completes the question before it.
bool completes(const Words& words) {
  if (words[0].folded == "no" && words.size() > 1 && words[1].comma) return true;
  if (words[0].folded == "i'm") return true;
  return begins_with(words, "i", "am") || begins_with(words, "i", "meant") || begins_with(words, "i", "mean");
}

// "the biggest ever caught", "which is younger": says how, not what.
bool lacks_head(const Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool superlative = words[i].folded.ends_with("est") && words[i].folded.size() > 4;
    if (words[i - 1].folded != "the" || !(words[i].is(WordClass::kVague) || superlative)) continue;
    if (ends_clause(words, i) || words[i + 1].is(WordClass::kAuxiliary) || words[i + 1].is(WordClass::kVerb) ||
        is_one_of(kBehindHead, words[i + 1].folded)) {
      return true;
    }
  }
  return words.size() > 1 && words[0].folded == "which" && words[1].is(WordClass::kAuxiliary);
}

// "the city", "the studies": one that was spoken of.
bool is_definite(const ReadQuestion& question, const NounGroup& group) {
  const Words& words = question.words;
  if (group.first == 0 || group.first != group.last || group.named) return false;
  if (words[group.first - 1].folded != "the") return false;
  return ends_clause(words, group.last) ||
         !(words[group.last + 1].is(WordClass::kPreposition) || words[group.last + 1].folded == "that");
}

// "What is taurine?", "Tell me about makos", "Are dogs ...": a subject that needs no introduction.
bool introduces(const ReadQuestion& question, const NounGroup& group) {
  const Words& words = question.words;
  if (!group.complete || group.first == 0) return false;
  const WrittenWord& before = words[group.first - 1];
  if (before.folded == "about" || before.is(WordClass::kAuxiliary)) return true;
  if (before.folded == "of" && group.first > 1 && words[group.first - 2].is(WordClass::kRelational)) return true;
  if (before.folded != "a" && before.folded != "an") return false;
  return group.first >= 3 && words[group.first - 3].is(WordClass::kQuestion) &&
         is_one_of(kBe, words[group.first - 2].folded);
}

// "the role of melatonin", "the impact on schools", "the difference with a container": one of two is not said.
bool pairs(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].is(WordClass::kPairing) || ends_clause(words, i)) continue;
    if (words[i].folded.starts_with("role") || words[i + 1].folded != "of") return true;
  }
  return false;
}

struct Contents {
  std::size_t specific_words = 0;
  std::size_t complete_groups = 0;
  bool named = false;
  bool introduced = false;
  bool definite = false;
  bool pairing = false;
};

Contents contents_of(const ReadQuestion& question) {
  Contents contents;
  for (const WrittenWord& word : question.words) {
    if (word.is_specific()) ++contents.specific_words;
  }
  contents.pairing = pairs(question.words);
  for (const NounGroup& group : question.groups) {
    if (group.complete && (!group.asked_for || group.named)) ++contents.complete_groups;
    contents.named = contents.named || group.named;
    contents.introduced = contents.introduced || introduces(question, group);
    contents.definite = contents.definite || (group.specific && is_definite(question, group));
  }
  return contents;
}

bool leaves_topic_out(const ReadQuestion& question) {
  const Words& words = question.words;
  const Contents has = contents_of(question);
  if (has.complete_groups == 0) return true;
  if (completes(words)) return has.specific_words <= 2;
  if (std::all_of(words.begin(), words.end(), [](const auto& word) { return word.is_content(); })) return false;
  if (begins_elliptically(words)) {
    return words.size() > 2 && words[2].is(WordClass::kPreposition) ? has.specific_words <= 2
                                                                    : !has.named && has.specific_words <= 1;
  }
  if (lacks_head(words) && has.specific_words <= 2) return true;
  if (has.pairing && has.complete_groups == 1) return true;
  if (has.named || has.introduced) return false;
  return has.specific_words <= 1 || (has.definite && has.specific_words <= 2);
}

// "the city" is one that has a name.
bool names_region(const ReadQuestion& question) {
  return std::any_of(question.groups.begin(), question.groups.end(), [&](const NounGroup& group) {
    return is_definite(question, group) && is_one_of(kRegion, question.words[group.last].folded);
  });
}

}  // namespace

Gap find_gap(const ReadQuestion& question) {
  if (question.words.empty()) return {};
  if (const auto at = referring_word(question)) return gap_at(question.words, *at);
  const bool names_nothing = std::none_of(question.words.begin(), question.words.end(),
                                          [](const WrittenWord& word) { return word.is_content(); });
  if (names_nothing) return {Reference::kQuestion, Place::kBehind, {}};
  if (leaves_topic_out(question)) {
    return {names_region(question) ? Reference::kPlace : Reference::kAny, Place::kBehind, {}};
  }
  return {};
}

bool is_short_form(const ReadQuestion& question, const NounGroup& group) {
  if (group.first != group.last || !group.complete || group.asked_for) return false;
  if (question.words[group.first].possessive) return false;
  if (group.named) return true;
  if (group.first == 0) return false;
  const std::string& before = question.words[group.first - 1].folded;
  return before == "the" || before == "a" || before == "an" || before == "this" || before == "that";
}

}  // namespace jackdaw::answer
