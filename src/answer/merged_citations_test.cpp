// Citations where the writer saw neighbouring chunks as one passage.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "answer/citations.h"
#include "core/text.h"
#include "tests/support/told_answer.h"

namespace jackdaw::answer {
namespace {

constexpr std::string_view kPage =
    "The Magpie-7 costs 390 EUR. It weighs 12 kg.\nThe Heron-2 costs 1,250 EUR and needs two operators. Ask us first.";

RetrievedPassage chunk(std::string_view page, std::size_t begin, std::size_t end, std::string filename = "a.pdf") {
  RetrievedPassage found;
  found.passage.document = DocumentId{filename};
  found.passage.filename = std::move(filename);
  found.passage.text = std::string(page.substr(begin, end - begin));
  found.passage.span = {
      .page = 2, .begin = static_cast<std::uint32_t>(begin), .end = static_cast<std::uint32_t>(end), .boxes = {}};
  return found;
}

// Source 1 is the middle of the page, 3 its begin, 4 its end; 2 is of another document.
std::vector<RetrievedPassage> four_sources() {
  return {chunk(kPage, 28, 72), chunk("Cranes eat 3 frogs a day.", 0, 25, "b.pdf"), chunk(kPage, 0, 44),
          chunk(kPage, 72, kPage.size())};
}

std::vector<PromptPassage> merged(const std::vector<RetrievedPassage>& sources) {
  return choose_passages(sources, {.top_k = sources.size(), .drop_duplicates = false});
}

struct Told : testing::ToldAnswer {
  std::vector<std::string> quotes() const {
    std::vector<std::string> all;
    for (const Citation& one : citations) {
      all.push_back(std::to_string(one.source) + (one.verified ? "+ " : "- ") + one.quote);
    }
    return all;
  }
};

Told read_all(std::string_view text, const std::vector<RetrievedPassage>& sources) {
  CitationReader reader(sources, merged(sources));
  Told told;
  told.add(reader.read(text));
  told.add(reader.finish());
  told.dropped = reader.dropped_marks();
  return told;
}

using Quotes = std::vector<std::string>;

TEST(MergedCitations, TheSourceThatHasTheQuoteIsNamed) {
  const Told told = read_all("The Magpie-7 costs 390 EUR [1]. It weighs 12 kg [1]. Ask us first [1].", four_sources());
  EXPECT_EQ(told.text, "The Magpie-7 costs 390 EUR [3]. It weighs 12 kg [1]. Ask us first [4].");
  EXPECT_EQ(told.quotes(), (Quotes{"3+ The Magpie-7 costs 390 EUR.", "1+ It weighs 12 kg.", "4+ Ask us first."}));
  EXPECT_EQ(told.claim(2), "Ask us first");
  EXPECT_EQ(told.citations[0].quote_begin, 0U);
  EXPECT_EQ(told.citations[2].page, 2);
}

TEST(MergedCitations, AQuoteOverTheBorderOfTwoSourcesNamesBoth) {
  const Told told = read_all("The Heron-2 costs 1,250 EUR and needs two operators [1]. Cranes eat 3 frogs a day [2].",
                             four_sources());
  EXPECT_EQ(told.text, "The Heron-2 costs 1,250 EUR and needs two operators [1][4]. Cranes eat 3 frogs a day [2].");
  EXPECT_EQ(told.quotes(),
            (Quotes{"1+ The Heron-2 costs 1,250 EUR", "4+ and needs two operators.", "2+ Cranes eat 3 frogs a day."}));
  EXPECT_EQ(told.claim(0), "The Heron-2 costs 1,250 EUR and needs two operators");
  EXPECT_EQ(told.claim(1), told.claim(0));
  EXPECT_EQ(told.claim(2), "Cranes eat 3 frogs a day") << "what follows has moved with the mark";
}

TEST(MergedCitations, WhatTheSourcesDoNotSayIsNotVerified) {
  const Told told = read_all("The Magpie-7 costs 391 EUR [1]. Nobody knows anything [1].", four_sources());
  ASSERT_EQ(told.citations.size(), 2U);
  EXPECT_EQ(told.citations[0].source, 3) << "it matches that best";
  EXPECT_FALSE(told.citations[0].verified);
  EXPECT_EQ(told.citations[1].source, 1);
  EXPECT_FALSE(told.citations[1].verified);
}

TEST(MergedCitations, ANumberThatThePromptDoesNotShowLeadsToThePassageThatShowsItsSource) {
  const Told told = read_all("The Magpie-7 costs 390 EUR [4]. It weighs 12 kg [1-3]. It flies [5].", four_sources());
  EXPECT_EQ(told.text, "The Magpie-7 costs 390 EUR [3]. It weighs 12 kg [1][2]. It flies.");
  EXPECT_EQ(told.dropped, 1);
}

TEST(MergedCitations, WhatTheWriterDidNotSeeCannotBeCited) {
  const auto sources = four_sources();
  auto shown = merged(sources);
  shown.pop_back();
  CitationReader reader(sources, shown);
  EXPECT_EQ(reader.read("Cranes eat 3 frogs a day [2].").text, "Cranes eat 3 frogs a day.");
  EXPECT_EQ(reader.dropped_marks(), 1);
}

TEST(MergedCitations, AMarkBeforeItsClaimWaitsForIt) {
  const auto sources = four_sources();
  CitationReader reader(sources, merged(sources));
  EXPECT_EQ(reader.read("According to [1]").text, "According to ");
  EXPECT_EQ(reader.read(", the Magpie-7 costs").text, "");
  EXPECT_EQ(reader.read(" 390 EUR.").text, "");
  Told told;
  told.add(reader.read("\n\nIt weighs"));
  EXPECT_EQ(told.text, "[3], the Magpie-7 costs 390 EUR.\n\nIt weighs");
  ASSERT_EQ(told.citations.size(), 1U);
  EXPECT_EQ(told.citations[0].source, 3);
  EXPECT_TRUE(told.citations[0].verified);
  EXPECT_EQ(reader.read(" 12").text, " 12") << "nothing waits any more";
}

TEST(MergedCitations, ClaimsBehindTheirMarksMoveWithThem) {
  const Told told = read_all(
      "Look: \u00dc [1][2] The Heron-2 costs 1,250 EUR and needs two operators.\nAsk us first [1].", four_sources());
  const Told other = read_all("- [1]: The Heron-2 costs 1,250 EUR and needs two operators.", four_sources());
  EXPECT_EQ(other.text, "- [1][4] : The Heron-2 costs 1,250 EUR and needs two operators.");
  EXPECT_EQ(other.claim(0), "The Heron-2 costs 1,250 EUR and needs two operators.");
  EXPECT_EQ(other.claim(1), other.claim(0));
  EXPECT_EQ(told.claim(told.citations.size() - 1), "Ask us first");
}

TEST(MergedCitations, AMarkWhoseClaimDoesNotComeKeepsItsNumber) {
  std::string text = "According to [1] ";
  while (text.size() < 3000) text += "the one, which is the other, ";
  const Told told = read_all(text + "the Magpie-7 costs 390 EUR.", four_sources());
  EXPECT_TRUE(told.text.starts_with("According to [1] the one"));
  ASSERT_EQ(told.citations.size(), 1U);
  EXPECT_EQ(told.citations[0].source, 1);
}

TEST(MergedCitations, AQuotationOverABorderIsVerifiedAsAWhole) {
  const Told told = read_all(
      "Quoted:\n\n\"It weighs 12 kg.\" (a.pdf, page 2) [1]\n\n"
      "\"The Heron-2 costs 1,250 EUR and needs two operators.\" (a.pdf, page 2) [1]",
      four_sources());
  EXPECT_EQ(told.quotes(),
            (Quotes{"1+ It weighs 12 kg.", "1+ The Heron-2 costs 1,250 EUR", "4+ and needs two operators."}));
  EXPECT_TRUE(told.text.ends_with("(a.pdf, page 2) [1][4]"));
}

TEST(MergedCitations, BracketsOfAPassageAreQuotedTextAcrossItsBordersToo) {
  const std::string page = "The old method of Jan Smith [2] is good. See there.";
  const std::vector<RetrievedPassage> sources = {chunk(page, 0, 28), chunk(page, 28, page.size())};
  const Told told = read_all("\"The old method of Jan Smith [2] is good.\" (a.pdf, page 2) [1]", sources);
  EXPECT_TRUE(told.text.starts_with("\"The old method of Jan Smith \\[2] is good.\"")) << told.text;
}

TEST(MergedCitations, ThereIsAnEndToCitationsThatNameSeveralSources) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "The Heron-2 costs 1,250 EUR and needs two operators [1]. ";
  EXPECT_LE(read_all(text, four_sources()).citations.size(), kMaxCitations);
}

// A page of sentences, some of its chunks in any order, a writer that says some of it and marks it at random.
struct Round {
  std::vector<RetrievedPassage> sources;
  std::string answer;
};

Round random_round(std::mt19937& random) {
  static const std::vector<std::string> sentences = {"The Magpie-7 costs 390 EUR. ",
                                                     "It weighs 12 kg.\n",
                                                     "\u00dcber 5 V ist es nicht erlaubt. ",
                                                     "\u65e5\u672c\u3067\u306f500\u5186\u3002",
                                                     "See [2] for more. ",
                                                     "Nobody may open it. ",
                                                     "It flies 214 km. "};
  const auto any = [&] { return sentences[random() % sentences.size()]; };
  Round round;
  std::string page;
  std::vector<std::size_t> borders = {0};
  for (std::size_t n = 4 + random() % 20; n > 0; --n) page += any();
  for (const auto& c : text::decode(page)) borders.push_back(c.end);
  for (std::size_t n = 1 + random() % 12; n > 0; --n) {
    const std::size_t begin = random() % (borders.size() - 1);
    const std::size_t end = std::min(borders.size() - 1, begin + 1 + random() % 60);
    round.sources.push_back(chunk(page, borders[begin], borders[end], random() % 4 ? "a.pdf" : "b.pdf"));
  }
  for (std::size_t n = random() % 12; n > 0; --n) {
    const std::string mark = "[" + std::to_string(random() % 14) + "]";
    switch (random() % 4) {
      case 0: round.answer += mark + " " + any(); break;
      case 1: round.answer += "\n" + mark + mark + ": "; break;
      default: round.answer += any() + mark + (random() % 3 ? " " : "\n\n");
    }
  }
  return round;
}

// The numbers of the marks in a text without other brackets.
std::vector<int> marks_in(const std::string& text) {
  std::vector<int> numbers;
  for (std::size_t at = text.find('['); at != std::string::npos; at = text.find('[', at + 1)) {
    if (at == 0 || text[at - 1] != '\\') numbers.push_back(std::stoi(text.substr(at + 1)));
  }
  return numbers;
}

void expect_sound(const Told& told, const Round& round) {
  std::vector<int> named;
  const std::size_t characters = text::count_code_points(told.text);
  for (const Citation& one : told.citations) {
    ASSERT_GE(one.source, 1);
    ASSERT_LE(static_cast<std::size_t>(one.source), round.sources.size());
    const std::string& source = round.sources[static_cast<std::size_t>(one.source) - 1].passage.text;
    ASSERT_LE(one.quote_begin, one.quote_end);
    ASSERT_LE(one.quote_end, source.size());
    ASSERT_EQ(source.substr(one.quote_begin, one.quote_end - one.quote_begin), one.quote);
    ASSERT_TRUE(text::is_valid_utf8(one.quote));
    ASSERT_TRUE(!one.verified || !one.quote.empty());
    ASSERT_LE(one.begin, one.end);
    ASSERT_LE(one.end, characters);
    named.push_back(one.source);
  }
  ASSERT_EQ(marks_in(told.text), named) << "mark k is that of citation k";
  for (std::size_t i = 0; i < told.citations.size(); ++i) {
    ASSERT_EQ(told.claim(i).find('['), std::string::npos) << told.claim(i);
    ASSERT_EQ(told.citations[i].number, static_cast<int>(i) + 1);
  }
}

TEST(MergedCitations, EverySpanLiesInItsSourceAndEveryMarkNamesIt) {
  std::mt19937 random(12);
  for (int number = 0; number < 1500; ++number) {
    Round round = random_round(random);
    std::erase(round.answer, '(');
    for (std::size_t at; (at = round.answer.find("See [2]")) != std::string::npos;) round.answer.erase(at, 7);
    SCOPED_TRACE(round.answer);
    const Told whole = read_all(round.answer, round.sources);
    expect_sound(whole, round);
    CitationReader reader(round.sources, merged(round.sources));
    Told pieces;
    for (std::size_t at = 0; at < round.answer.size(); ++at) pieces.add(reader.read(round.answer.substr(at, 1)));
    pieces.add(reader.finish());
    ASSERT_EQ(pieces.text, whole.text);
    ASSERT_EQ(pieces.quotes(), whole.quotes());
    ASSERT_EQ(reader.dropped_marks(), whole.dropped);
    for (std::size_t i = 0; i < whole.citations.size(); ++i) {
      ASSERT_EQ(pieces.citations[i].begin, whole.citations[i].begin);
      ASSERT_EQ(pieces.citations[i].end, whole.citations[i].end);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace jackdaw::answer
