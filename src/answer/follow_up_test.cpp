#include "answer/follow_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "answer/follow_up_words.h"
#include "core/text.h"

namespace jackdaw::answer {
namespace {

// A conversation as the product leads it: each question is resolved in its turn.
class Talk {
 public:
  Talk& ask(std::string question, std::string answer = "") {
    PastTurn turn{MessageId{"q" + std::to_string(history_.size())}, std::move(question), {}, std::move(answer)};
    turn.standalone_question = resolve_by_rules(turn.question, history_).text;
    history_.push_back(std::move(turn));
    return *this;
  }
  std::string then(std::string_view question) const { return resolve_by_rules(question, history_).text; }
  std::vector<std::string> turns_used(std::string_view question) const {
    std::vector<std::string> ids;
    for (const MessageId& id : resolve_by_rules(question, history_).used_turns) ids.push_back(id.value);
    return ids;
  }

 private:
  std::vector<PastTurn> history_;
};

using Ids = std::vector<std::string>;

TEST(FollowUp, WritesWhatAPronounStandsForInItsPlace) {
  Talk talk;
  talk.ask("What is throat cancer?");
  EXPECT_EQ(talk.then("Is it treatable?"), "Is throat cancer treatable?");
  EXPECT_EQ(talk.then("What are its symptoms?"), "What are throat cancer's symptoms?");
  EXPECT_EQ(talk.turns_used("What are its symptoms?"), Ids{"q0"});
  talk.ask("Is it treatable?").ask("Tell me about lung cancer.");
  EXPECT_EQ(talk.then("Can it spread to the throat?"), "Can lung cancer spread to the throat?");
  EXPECT_EQ(talk.turns_used("Can it spread to the throat?"), Ids{"q2"});
}

TEST(FollowUp, KeepsTheSubjectThatEarlierQuestionsTookOver) {
  Talk talk;
  talk.ask("How do I install the heat pump?").ask("How much does it cost?").ask("Is it noisy?");
  EXPECT_EQ(talk.then("Does it need a permit?"), "Does the heat pump need a permit?");
  EXPECT_EQ(talk.turns_used("Does it need a permit?"), Ids{"q0"});
}

TEST(FollowUp, FitsThePluralToThePlural) {
  Talk talk;
  talk.ask("What do sharks eat in the Pacific Ocean?");
  EXPECT_EQ(talk.then("Where do they live?"), "Where do sharks live?");
}

TEST(FollowUp, NamesTheTopicBehindAQuestionThatLacksOne) {
  Talk talk;
  talk.ask("Tell me about the Neverending Story film.");
  EXPECT_EQ(talk.then("What are the main themes?"), "What are the main themes? (Neverending Story film)");
  EXPECT_EQ(talk.then("any awards?"), "any awards? (Neverending Story film)");
  EXPECT_EQ(talk.then("Which is the best?"), "Which is the best? (Neverending Story film)");
}

TEST(FollowUp, CompletesAnEllipsis) {
  Talk talk;
  talk.ask("How much is the A200 printer?");
  EXPECT_EQ(talk.then("And how much does the other one cost?"), "And how much does the other one cost? (A200 printer)");
  EXPECT_EQ(talk.then("What about in Spain?"), "What about in Spain? (A200 printer)");
  EXPECT_EQ(talk.then("And the warranty?"), "And the warranty? (A200 printer)");
}

TEST(FollowUp, AQuestionThatNamesNothingRepeatsTheOneBefore) {
  Talk talk;
  talk.ask("What is throat cancer?").ask("Is it treatable?");
  EXPECT_EQ(talk.then("Why?"), "Is throat cancer treatable? Why?");
  EXPECT_EQ(talk.then("Tell me more."), "Is throat cancer treatable? Tell me more.");
  EXPECT_EQ(talk.turns_used("Why?"), Ids{"q1"});
}

TEST(FollowUp, WritesAShortNameInFull) {
  Talk talk;
  talk.ask("What was the Stanford Experiment?").ask("Who was Anne Bonny?");
  EXPECT_EQ(talk.then("Who paid for the experiment?"), "Who paid for the Stanford Experiment?");
  EXPECT_EQ(talk.then("What happened to Anne?"), "What happened to Anne Bonny?");
}

TEST(FollowUp, FindsAPlaceForThere) {
  Talk talk;
  talk.ask("What are good hotels in Ann Arbor?").ask("Tell me about film festivals.");
  EXPECT_EQ(talk.then("Are jazz concerts held there?"), "Are jazz concerts held there? (Ann Arbor)");
}

TEST(FollowUp, TakesTheNameThatTheAnswerGave) {
  Talk talk;
  talk.ask("Which is the biggest commercial plane?", "The biggest is the Airbus A380 [1]. It seats 853.");
  EXPECT_EQ(talk.then("What are its operational costs?"), "What are the Airbus A380's operational costs?");
  EXPECT_EQ(talk.turns_used("What are its operational costs?"), Ids{"q0"});
  Talk unasked;
  unasked.ask("Is the contract valid?", "Yes, says Mr Smith of Leeds.");
  EXPECT_EQ(unasked.then("When does it end?"), "When does the contract end?");
}

TEST(FollowUp, KeepsAQuotedTitleTogether) {
  Talk talk;
  talk.ask("Who wrote \"To Kill a Mockingbird\"?");
  EXPECT_EQ(talk.then("When was it published?"), "When was To Kill a Mockingbird published?");
}

TEST(FollowUp, LeavesAQuestionThatStandsByItself) {
  Talk talk;
  talk.ask("What is throat cancer?").ask("Is it treatable?");
  for (const std::string_view question :
       {"What is Rock City, and why is it famous?", "How do I renew a passport in Canada?", "What is taurine?",
        "Tell me about the Oregon Trail.", "Is it possible to pay the annual invoice by bank transfer?",
        "Which foods that contain gluten are sold in Germany?", "Mortgage insurance", "  throat cancer stages  "}) {
    EXPECT_EQ(talk.then(question), question);
    EXPECT_TRUE(talk.turns_used(question).empty()) << question;
  }
}

TEST(FollowUp, ForgetsTheFormerTopicOnceItChanged) {
  Talk talk;
  talk.ask("What is jet lag?").ask("How long does it last?").ask("What does a passport cost in Canada?");
  talk.ask("What is melatonin?");
  EXPECT_EQ(talk.then("Is it safe?"), "Is melatonin safe?");
  EXPECT_EQ(talk.then("What are the side effects?"), "What are the side effects? (melatonin)");
}

TEST(FollowUp, TakesTheTopicFromAStandaloneFormThatAModelWrote) {
  const std::vector<PastTurn> history{
      {MessageId{"a"}, "What did he build?", "What did Gustave Eiffel build?", "A tower in Paris."}};
  const auto resolved = resolve_by_rules("When was he born?", history);
  EXPECT_EQ(resolved.text, "When was Gustave Eiffel born?");
  EXPECT_EQ(resolved.used_turns, std::vector<MessageId>{MessageId{"a"}});
}

TEST(FollowUp, LeavesOtherLanguagesAlone) {
  Talk english;
  english.ask("What is throat cancer?");
  Talk german;
  german.ask("Was kostet die W\u00E4rmepumpe?");
  for (const std::string_view question :
       {"Und wie ist das andere?", "Y el otro?", "Et quels sont les prix ?",
        "\u90A3\u4E48\u5B83\u7684\u4EF7\u683C"
        "\u5462\uFF1F",
        "\u0430 \u0441\u043A\u043E\u043B\u044C\u043A\u043E \u0441\u0442\u043E\u0438\u0442 \u0434\u0440\u0443\u0433"
        "\u043E\u0439?",
        "\u0645\u0627\u0630\u0627 \u0639\u0646\u0647\u061F"}) {
    EXPECT_EQ(english.then(question), question);
    EXPECT_EQ(german.then(question), question);
  }
  EXPECT_EQ(german.then("Warum?"), "Warum?");
}

TEST(FollowUp, LeavesTheFirstQuestionAlone) {
  for (const std::string_view question : {"Why?", "And it?", "", " ", "\xFF\xFE it", "What are its symptoms?"}) {
    const auto resolved = resolve_by_rules(question, {});
    EXPECT_EQ(resolved.text, question);
    EXPECT_TRUE(resolved.used_turns.empty());
  }
}

TEST(FollowUp, LeavesWhatIsNoText) {
  Talk talk;
  talk.ask("What is throat cancer?");
  for (const std::string_view question : {std::string_view("Is\0 it treatable?", 17), std::string_view("Is\xFF it?")}) {
    EXPECT_EQ(talk.then(question), question);
  }
}

TEST(FollowUp, AddsNothingWhenNothingWasNamed) {
  Talk talk;
  talk.ask("Hello!").ask("How are you?");
  EXPECT_EQ(talk.then("What does it cost?"), "What does it cost?");
}

TEST(FollowUp, IsBoundedWhateverWasSaid) {
  const std::string letters(1'000'000, 'a'), quotes(1'000'000, '"'), capitals = [] {
    std::string text;
    while (text.size() < 1'000'000) text += "Ab ";
    return text;
  }();
  const std::string broken(1'000'000, '\xC3'), marks(1'000'000, '\xAE');
  for (const std::string& huge : {letters, quotes, capitals, broken, "A" + marks + "B"}) {
    std::vector<PastTurn> history(9, {MessageId{"q"}, huge, huge, huge});
    for (const std::string_view question : {"Which is it?", "Why?", "What are its parts?", "\xFF it?"}) {
      const auto began = std::chrono::steady_clock::now();
      const auto resolved = resolve_by_rules(question, history);
      EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
      EXPECT_LE(text::count_code_points(resolved.text), kMaxStandaloneCharacters);
      if (resolved.text != question) {
        EXPECT_TRUE(text::is_valid_utf8(resolved.text));
      }
    }
    EXPECT_EQ(resolve_by_rules(huge, history).text, huge);
  }
}

// A topic of the TREC Conversational Assistance Track: what was said, and how a person rewrote it.
using CastTopic = std::vector<std::pair<std::string, std::string>>;

std::filesystem::path cast_2019() {
  const char* named = std::getenv("JACKDAW_TEST_DATA");
  const auto data = named != nullptr ? std::filesystem::path(named)
                                     : std::filesystem::path(JACKDAW_SOURCE_DIR) / ".." / "shared" / "data";
  return data / "retrieval" / "cast" / "2019";
}

std::map<std::string, std::string> read_tab_separated(const std::filesystem::path& path) {
  std::map<std::string, std::string> read;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    const auto tab = line.find('\t');
    if (tab != std::string::npos) read[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return read;
}

// "Number: 31", then a line "1<tab>question" for each turn; some have a blank before the tab.
std::vector<CastTopic> read_cast_2019(const std::filesystem::path& folder) {
  const auto resolved = read_tab_separated(folder / "evaluation_topics_annotated_resolved_v1.0.tsv");
  std::vector<CastTopic> topics;
  std::string number;
  std::ifstream in(folder / "evaluation_topics_v1.0.txt");
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with("Number: ")) {
      number = line.substr(8);
      topics.emplace_back();
    }
    const auto tab = line.find('\t');
    const auto digits = std::min(line.find_first_not_of("0123456789"), line.size());
    if (tab == std::string::npos || digits == 0 || line.find_first_not_of(' ', digits) != tab) continue;
    topics.back().emplace_back(line.substr(tab + 1), resolved.at(number + "_" + line.substr(0, digits)));
  }
  return topics;
}

std::vector<std::string> content_words(const std::string& question) {
  std::vector<std::string> keys;
  for (const WrittenWord& word : read_words(question)) {
    if (!word.is(WordClass::kFunction)) keys.push_back(noun_key(word.folded));
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

double f1(const std::string& ours, const std::string& wanted) {
  const auto a = content_words(ours), b = content_words(wanted);
  std::vector<std::string> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return a.empty() && b.empty() ? 1
                                : 2.0 * static_cast<double>(common.size()) / static_cast<double>(a.size() + b.size());
}

TEST(FollowUp, IsNearToWhatPeopleWroteForTheTopicsOfCast2019) {
  const auto folder = cast_2019();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent: set JACKDAW_TEST_DATA to the test data.";
  const auto topics = read_cast_2019(folder);
  ASSERT_EQ(topics.size(), 50u);
  double as_asked = 0, resolved = 0;
  int turns = 0;
  for (const CastTopic& topic : topics) {
    Talk talk;
    for (std::size_t i = 0; i < topic.size(); ++i) {
      const auto& [raw, manual] = topic[i];
      const std::string ours = talk.then(raw);
      talk.ask(raw);
      if (i == 0) {
        EXPECT_EQ(ours, raw);
        continue;
      }
      as_asked += f1(raw, manual);
      resolved += f1(ours, manual);
      ++turns;
    }
  }
  ASSERT_EQ(turns, 429);
  RecordProperty("f1_as_asked", std::to_string(as_asked / turns));
  RecordProperty("f1_resolved", std::to_string(resolved / turns));
  EXPECT_GT(resolved / turns, as_asked / turns + 0.09);
}

}  // namespace
}  // namespace jackdaw::answer
