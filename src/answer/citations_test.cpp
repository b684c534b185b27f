#include "answer/citations.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "tests/support/told_answer.h"

namespace jackdaw::answer {
namespace {

constexpr const char* kPrices = "The Magpie-7 costs 390 EUR.\nThe Heron-2 costs 1,250 EUR. It needs two operators.";
constexpr const char* kMasses = "The Magpie-7 weighs 12 kg. Its range is 214 km.";

RetrievedPassage source(std::string text, std::string filename = "magpie-7.pdf") {
  RetrievedPassage found;
  found.passage.text = std::move(text);
  found.passage.filename = std::move(filename);
  found.passage.span.page = 2;
  found.passage.span.boxes = {{1, 2, 3, 4}};
  return found;
}

std::vector<RetrievedPassage> five_sources() {
  return {source(kPrices), source(kMasses), source("Three."), source("Four."), source("Five.")};
}

struct Told : testing::ToldAnswer {
  // "1: the claim", in order.
  std::vector<std::string> claims() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < citations.size(); ++i) {
      all.push_back(std::to_string(citations[i].source) + ": " + claim(i));
    }
    return all;
  }
};

Told read_all(const std::string& text, const std::vector<RetrievedPassage>& sources = five_sources()) {
  CitationReader reader(sources);
  Told told;
  told.add(reader.read(text));
  told.add(reader.finish());
  told.dropped = reader.dropped_marks();
  return told;
}

using Claims = std::vector<std::string>;

TEST(Citations, AMarkThatNamesASourceStaysAndCitesTheSentenceBeforeIt) {
  const Told told = read_all("Two machines are sold. The Magpie-7 costs 390 EUR [1].");
  EXPECT_EQ(told.text, "Two machines are sold. The Magpie-7 costs 390 EUR [1].");
  ASSERT_EQ(told.claims(), Claims{"1: The Magpie-7 costs 390 EUR"});
  const Citation& citation = told.citations[0];
  EXPECT_EQ(citation.number, 1);
  EXPECT_EQ(citation.quote, "The Magpie-7 costs 390 EUR.");
  EXPECT_EQ(citation.quote_begin, 0U);
  EXPECT_EQ(citation.quote_end, 27U);
  EXPECT_EQ(citation.page, 2);
  EXPECT_EQ(citation.boxes, (std::vector<Box>{{1, 2, 3, 4}}));
  EXPECT_TRUE(citation.verified);
}

TEST(Citations, AllWaysToWriteMarksAreShownAlike) {
  for (const char* marks : {"[1][2]", "[1, 2]", "[1,2]", "[1; 2]", "[1-2]", "[1\u20132]", "\u30101\u3011\u30102\u3011",
                            "[passage 1, passage 2]", "[Source 1][source 2]", "[passages 1, 2]", "[ 1 , 2 ]",
                            "[01][02]", "[2-1]", "[1, 2, 1]", "[1\uff0c2]"}) {
    const Told told = read_all("It weighs 12 kg " + std::string(marks) + ".");
    EXPECT_EQ(told.text, "It weighs 12 kg [1][2].") << marks;
    EXPECT_EQ(told.claims(), (Claims{"1: It weighs 12 kg", "2: It weighs 12 kg"})) << marks;
    EXPECT_EQ(told.dropped, 0) << marks;
  }
}

TEST(Citations, BracketsThatAreNoMarksAreText) {
  for (const char* text : {"- [x] done", "In [2024] it was", "see [123]", "[a]", "[]", "[ ]", "[1", "[1.5]", "[1 2]",
                           "[-1]", "[1\u3011", "[1,]", "[source]", "\\[1\\]", "[passage 1 of 2]", "[1\n]",
                           "[1                                                          ]"}) {
    const Told told = read_all(text);
    EXPECT_EQ(told.text, text);
    EXPECT_TRUE(told.citations.empty()) << text;
    EXPECT_EQ(told.dropped, 0) << text;
  }
}

TEST(Citations, AMarkThatNamesNoSourceIsLeftOutWithTheSpaceBeforeItAndCounted) {
  const Told told = read_all("It costs 390 EUR [12]. It weighs 12 kg[0], and it is red [6-9] [2].");
  EXPECT_EQ(told.text, "It costs 390 EUR. It weighs 12 kg, and it is red [2].");
  EXPECT_EQ(told.dropped, 3);
  EXPECT_EQ(told.claims(), Claims{"2: and it is red"});
}

TEST(Citations, HalfAListStaysWithItsGoodNumbers) {
  const Told told = read_all("It costs 390 EUR [1, 9, 2]. It flies [4-7].");
  EXPECT_EQ(told.text, "It costs 390 EUR [1][2]. It flies [4][5].");
  EXPECT_EQ(told.dropped, 2);
}

TEST(Citations, CodeHasNoMarks) {
  for (const char* text : {"Use `a[1]` here", "``x[1] ` [2]`` y", "```\na[1]\n```\n", "~~~ cpp\nb[2]\n~~~~\n",
                           "  ````md\n```\n[1]\n````\n", "```py [1]\n[2]\n", "- item\n  ```\n  a[1]\n  ```\n"}) {
    const Told told = read_all(text);
    EXPECT_EQ(told.text, text);
    EXPECT_TRUE(told.citations.empty()) << text;
  }
}

TEST(Citations, BehindCodeAndInProseThereAreMarks) {
  EXPECT_EQ(read_all("Call `open`[1] now.").claims(), Claims{"1: Call `open`"});
  EXPECT_EQ(read_all("It costs 390 EUR[1].").claims(), Claims{"1: It costs 390 EUR"});
  EXPECT_EQ(read_all("```\nx\n```\nIt weighs 12 kg [2].").claims(), Claims{"2: It weighs 12 kg"});
  EXPECT_EQ(read_all("A lone `x is text\n\nIt weighs 12 kg [2].").claims(), Claims{"2: It weighs 12 kg"});
  EXPECT_EQ(read_all("The ``quoted'' words count [2].").claims().size(), 0U) << "code to the line's end";
  EXPECT_EQ(read_all("The `` quoted '' words count [2].").claims(), Claims{"2: The `` quoted '' words count"});
  EXPECT_EQ(read_all("Escaped \\` is text [2].").claims().size(), 1U);
  EXPECT_EQ(read_all("```x``` is code in a line [2].").claims().size(), 1U);
}

TEST(Citations, NoLinkCanBeMadeOfAMark) {
  EXPECT_EQ(read_all("So it is [1](http://x.example).").text, "So it is [1] (http://x.example).");
  EXPECT_EQ(read_all("![1](http://x.example/a.png)").text, "![1] (http://x.example/a.png)");
  EXPECT_EQ(read_all("[[1]](http://x.example)").text, "[[1]] (http://x.example)");
  EXPECT_EQ(read_all("So [1][here] or [1][2](x)").text, "So [1] [here] or [1][2] (x)");
  EXPECT_EQ(read_all("So [1] [9](x)").text, "So [1] (x)");
  EXPECT_EQ(read_all("[1]: http://x.example\n> [2]: x").text, "[1] : http://x.example\n> [2] : x");
  EXPECT_EQ(read_all("It says [1]: 390 EUR").text, "It says [1]: 390 EUR");
  EXPECT_EQ(read_all("[site](http://x.example) [1]").text, "[site](http://x.example) [1]");
}

TEST(Citations, LeavingOutAMarkMakesNoOtherOne) {
  const Told told = read_all("So [1[9]] and [1[2]]");
  EXPECT_EQ(told.text, "So [1\\[9]] and [1[2]]");
  EXPECT_EQ(told.dropped, 1);
  EXPECT_EQ(told.citations.size(), 1U);
}

TEST(Citations, MarksSplitASentenceIntoClaims) {
  EXPECT_EQ(read_all("It costs 390 EUR [1] and weighs 12 kg [2], as known.").claims(),
            (Claims{"1: It costs 390 EUR", "2: and weighs 12 kg"}));
  EXPECT_EQ(read_all("It costs 390 EUR [1] [2], [3] and [4].").claims(),
            (Claims{"1: It costs 390 EUR", "2: It costs 390 EUR", "3: It costs 390 EUR", "4: It costs 390 EUR"}));
}

TEST(Citations, AMarkBehindTheFullStopBelongsToTheSentenceBefore) {
  EXPECT_EQ(read_all("It is old. It costs 390 EUR. [1] It weighs 12 kg.[2]").claims(),
            (Claims{"1: It costs 390 EUR.", "2: It weighs 12 kg."}));
  EXPECT_EQ(read_all("It is old. It costs 390 EUR.\n\n[1]\n\nIt weighs.").claims(), Claims{"1: It costs 390 EUR."});
  EXPECT_EQ(read_all("It costs 390 EUR (about 400 USD). [1]").claims(), Claims{"1: It costs 390 EUR (about 400 USD)."});
}

TEST(Citations, BlocksEndClaims) {
  EXPECT_EQ(read_all("# Prices\nIt costs 390 EUR [1]").claims(), Claims{"1: It costs 390 EUR"});
  EXPECT_EQ(read_all("They are\n- the price: 390 EUR [1]\n- **the mass**: 12 kg [2]\n3. range [3]").claims(),
            (Claims{"1: the price: 390 EUR", "2: the mass**: 12 kg", "3: range"}));
  EXPECT_EQ(read_all("| What | Value |\n|---|---|\n| Price | 390 EUR [1] |\n| Mass | 12 kg | [2] |").claims(),
            (Claims{"1: Price | 390 EUR", "2: Mass | 12 kg"}));
  EXPECT_EQ(read_all("A long line\nthat goes on [1]").claims(), Claims{"1: A long line\nthat goes on"});
  EXPECT_EQ(read_all("One\n\nTwo [1]").claims(), Claims{"1: Two"});
}

TEST(Citations, EmphasisIsOfAClaimOnlyInsideIt) {
  EXPECT_EQ(read_all("**It costs *390* EUR** [1].").claims(), Claims{"1: It costs *390* EUR"});
  EXPECT_EQ(read_all("It costs (**390 EUR**[1]).").claims(), Claims{"1: It costs (**390 EUR"});
}

TEST(Citations, AMarkWithNothingBeforeItCitesWhatFollows) {
  const Told told =
      read_all("According to [1], the Magpie-7 costs 390 EUR. It is old.\n\n[2] says that it weighs 12 kg.");
  EXPECT_EQ(told.claims(), (Claims{"1: the Magpie-7 costs 390 EUR.", "2: says that it weighs 12 kg."}));
  EXPECT_TRUE(told.citations[0].verified);
  EXPECT_EQ(read_all("- [1][2]: The range is 214 km\n- next").claims(),
            (Claims{"1: The range is 214 km", "2: The range is 214 km"}));
  EXPECT_EQ(read_all("[1]").claims(), Claims{"1: "});
  EXPECT_FALSE(read_all("[1]").citations[0].verified);
}

TEST(Citations, SpansAreCodePointsOfTheShownText) {
  const Told told = read_all("\u00dcber \U0001f426 \u2014 es kostet 390 \u20ac [1].");
  EXPECT_EQ(told.citations.at(0).begin, 0U);
  EXPECT_EQ(told.citations.at(0).end, 24U);
}

TEST(Citations, WhatMayBeAMarkIsHeldBackAndNothingElse) {
  const auto sources = five_sources();
  CitationReader reader(sources);
  EXPECT_EQ(reader.read("It weighs 12 kg").text, "It weighs 12 kg");
  EXPECT_EQ(reader.read(" ").text, "");
  EXPECT_EQ(reader.read("[").text, "");
  EXPECT_EQ(reader.read("1").text, "");
  const auto step = reader.read("]");
  EXPECT_EQ(step.text, " [1]");
  EXPECT_EQ(step.citations.size(), 1U);
  EXPECT_EQ(reader.read(" [to").text, " [to");
  EXPECT_EQ(reader.read(" [1").text, "");
  EXPECT_EQ(reader.finish().text, " [1");
  EXPECT_EQ(reader.dropped_marks(), 0);
}

TEST(Citations, BracketsThatStandInASourceWithTheWordsBeforeThemAreQuotedText) {
  const std::vector<RetrievedPassage> sources = {
      source("The method of Smith [2] is good. See [12] for more.", "a[2].pdf"), source("Other.")};
  const Told told =
      read_all("\"The method of Smith [2] is good.\" (a[2].pdf, page 2) [1]\n\n\"See [12] for more.\" [1]", sources);
  EXPECT_EQ(told.text,
            "\"The method of Smith \\[2] is good.\" (a\\[2].pdf, page 2) [1]\n\n\"See \\[12] for more.\" [1]");
  EXPECT_EQ(told.claims(), (Claims{"1: \"The method of Smith \\[2] is good.\"", "1: \"See \\[12] for more.\""}));
  EXPECT_TRUE(told.citations[0].verified);
  EXPECT_TRUE(told.citations[1].verified);
}

TEST(Citations, ADeletedSourceHasNoQuote) {
  const Told told = read_all("It costs 390 EUR [1].", {source("")});
  ASSERT_EQ(told.citations.size(), 1U);
  EXPECT_EQ(told.citations[0].quote_begin, told.citations[0].quote_end);
  EXPECT_FALSE(told.citations[0].verified);
}

TEST(Citations, ThereIsAnEndToCitations) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "It costs 390 EUR [1-2]. ";
  const Told told = read_all(text);
  EXPECT_EQ(told.citations.size(), kMaxCitations);
  EXPECT_EQ(static_cast<std::size_t>(told.dropped), 600 - kMaxCitations / 2);
}

// The paragraphs that are written without a language model: a quotation, its origin, its mark.
TEST(Citations, QuotationsAreVerified) {
  const std::vector<RetrievedPassage> sources = {
      source(
          "List price: \u20ac68,400 per unit. The drone needs two operators.1 It must not fly at night.\n\n214 "
          "km\n\nof "
          "range with the camera pod\n\nThe `` maximum '' altitude, says Dr. Smith, is not\n3,000 m but less. He said "
          "\"no.\" Then he left the old [3] field\nof Paris.",
          "Magpie 7 (final).pdf"),
      source("Mass\n12 kg\nWaterproof no\nRange 214 km\nColour Red\nIt`s `open\nat 5 p.m. on 05.03.2024!", "2.pdf"),
      source("Der Preis betr\u00e4gt 68.400 EUR. Er gilt nicht f\u00fcr "
             "H\u00e4ndler.\n\u4fa1\u683c\u306f500\u5186\u3067\u3059\u3002",
             "\u4fa1\u683c.pdf")};
  const std::string first = " (Magpie 7 (final).pdf, page 2) [1]";
  const std::string second = " (2.pdf, page 2) [2]";
  const std::string third = " (\u4fa1\u683c.pdf) [3]";
  const std::vector<std::string> paragraphs = {
      "\"List price: \u20ac68,400 per unit.\"" + first,
      "\"The drone needs two operators. It must not fly at night.\"" + first,
      "\"It must not fly at night.\"" + first,
      "\"214 km of range with the camera pod\"" + first,
      "\"The `` maximum '' altitude, says Dr. Smith, is not 3,000 m but less. He said \"no.\" Then he left the old [3] "
      "field of Paris.\"" +
          first,
      "\"12 kg\"" + second,
      "\"Range 214 km\"" + second,
      "\"Waterproof no\"" + second,
      "\"It`s `open at 5 p.m. on 05.03.2024!\"" + second,
      "\"Der Preis betr\u00e4gt 68.400 EUR. Er gilt nicht f\u00fcr H\u00e4ndler.\"" + third,
      "\"\u4fa1\u683c\u306f500\u5186\u3067\u3059\u3002\"" + third};
  std::string text = "Quoted from your documents (no language model configured):";
  for (const auto& paragraph : paragraphs) text += "\n\n" + paragraph;
  const Told told = read_all(text, sources);
  ASSERT_EQ(told.citations.size(), paragraphs.size());
  for (std::size_t i = 0; i < paragraphs.size(); ++i) {
    EXPECT_TRUE(told.citations[i].verified) << told.claim(i) << "\n" << told.citations[i].quote;
    EXPECT_TRUE(told.claim(i).starts_with('"') && told.claim(i).ends_with('"')) << told.claim(i);
  }
  EXPECT_EQ(told.dropped, 0);
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> parts = {"[",
                                                 "]",
                                                 "1",
                                                 "2",
                                                 "9",
                                                 "12",
                                                 ", ",
                                                 "-",
                                                 "\u3010",
                                                 "\u3011",
                                                 "passage ",
                                                 "Source ",
                                                 " ",
                                                 "  ",
                                                 "\n",
                                                 "\n\n",
                                                 "`",
                                                 "```",
                                                 "~~~",
                                                 "\\",
                                                 "(",
                                                 ")",
                                                 "!",
                                                 ":",
                                                 ". ",
                                                 "[1]",
                                                 "[2]",
                                                 " [1, 2]",
                                                 "[9]",
                                                 "**",
                                                 "- ",
                                                 "# ",
                                                 "| ",
                                                 "> ",
                                                 "\u65e5\u672c",
                                                 "\U0001f426",
                                                 "e\u0301",
                                                 "It costs 390 EUR",
                                                 "the Magpie-7",
                                                 "weighs 12 kg",
                                                 " and ",
                                                 "According to ",
                                                 "\"",
                                                 " (magpie-7.pdf, page 2)",
                                                 "[site](x)",
                                                 "\u3042"};
  std::string text;
  for (std::size_t n = random() % 40; n > 0; --n) text += parts[random() % parts.size()];
  return text;
}

void expect_same(const Told& a, const Told& b, const std::string& text) {
  ASSERT_EQ(a.text, b.text) << text;
  ASSERT_EQ(a.dropped, b.dropped) << text;
  ASSERT_EQ(a.claims(), b.claims()) << text;
  for (std::size_t i = 0; i < a.citations.size(); ++i) {
    ASSERT_EQ(a.citations[i].number, static_cast<int>(i) + 1);
    ASSERT_EQ(a.citations[i].quote, b.citations[i].quote) << text;
    ASSERT_EQ(a.citations[i].verified, b.citations[i].verified) << text;
  }
}

TEST(Citations, HowTheTextIsCutChangesNothing) {
  const auto sources = five_sources();
  std::mt19937 random(5);
  for (int round = 0; round < 700; ++round) {
    const std::string text = random_text(random);
    const Told whole = read_all(text, sources);
    for (int split = 0; split < 3; ++split) {
      CitationReader reader(sources);
      Told told;
      for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.size(), at + 1 + (split == 0 ? 0 : random() % 12));
        const auto in_character = [&] {
          return end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U;
        };
        while (split < 2 && in_character()) ++end;  // the last one is cut inside characters too
        const auto step = reader.read(std::string_view(text).substr(at, end - at));
        if (split < 2) {
          ASSERT_TRUE(text::is_valid_utf8(step.text)) << text;
        }
        told.add(step);
        at = end;
      }
      told.add(reader.finish());
      told.dropped = reader.dropped_marks();
      expect_same(whole, told, text);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// What is shown outside code can be read by the same rules, and means the same.
TEST(Citations, ReadingWhatIsShownOnceMoreTellsTheSame) {
  const auto sources = five_sources();
  std::mt19937 random(6);
  for (int round = 0; round < 700; ++round) {
    std::string text = random_text(random);
    std::erase(text, '`');
    std::erase(text, '~');
    const Told once = read_all(text, sources);
    const Told twice = read_all(once.text, sources);
    ASSERT_EQ(once.text, twice.text) << text;
    ASSERT_EQ(twice.dropped, 0) << text << "\n" << once.text;
    ASSERT_EQ(once.citations.size(), twice.citations.size()) << text;
  }
}

}  // namespace
}  // namespace jackdaw::answer
