#include "providers/quotes.h"

#include <gtest/gtest.h>

namespace jackdaw::providers {
namespace {

using Words = std::vector<std::string>;

RetrievedPassage passage(std::string text, int page = 2, std::string filename = "magpie-7.pdf",
                         std::uint32_t begin = 0) {
  RetrievedPassage out;
  out.passage.document = DocumentId{filename};
  out.passage.filename = std::move(filename);
  out.passage.span = {
      .page = page, .begin = begin, .end = begin + static_cast<std::uint32_t>(text.size()), .boxes = {}};
  out.passage.text = std::move(text);
  return out;
}

Words texts_of(const std::vector<Quotable>& quotes) {
  Words texts;
  for (const auto& quote : quotes) texts.push_back(quote.text);
  return texts;
}

// The first lines of a data sheet's first page, title and figure included.
constexpr const char* kFirstPage =
    "Magpie-7\n\nAutonomous survey aircraft for lines, dams, quarries and coasts\n\n2.86 m\n\n"
    "The Magpie-7 is a battery-electric tail-sitter: it takes off and lands like a helicopter and\n"
    "cruises like a glider. It inspects power lines, dams, quarries and coastlines without a\n"
    "pilot at the sticks, and it comes home with pictures sharp enough to count the bolts on\na pylon.\n\n"
    "Who flies it\n\nMagpie-7 data sheet 1\nSkarvholm Aeroworks Magpie-7\n";

TEST(Quotes, JoinsWrappedLinesAndLeavesRowsAlone) {
  const Words expected = {"Price and delivery", "List price: €68,400 per unit", "Delivery: 6 weeks",
                          "The Magpie-7 is delivered fully assembled, tested and calibrated at the factory.",
                          "It needs no tools."};
  EXPECT_EQ(split_into_sentences("Price and delivery\nList price: €68,400 per unit\nDelivery: 6 weeks\n\n"
                                 "The Magpie-7 is delivered fully assembled, tested\nand calibrated at the factory. It "
                                 "needs\nno tools.\n"),
            expected);
}

TEST(Quotes, LeavesOutHeadingsFragmentsAndRepetitions) {
  const std::vector<RetrievedPassage> passages = {
      passage("Dimensions\n3 Electrical data\nMass: 12 kg\nThe arm reaches 1.4 m from its base.", 3, "a.pdf", 400),
      passage("The arm reaches 1.4 m from its base. A second sentence stands here too.", 3, "a.pdf", 450)};
  Words texts;
  for (const auto& found : quotables(passages, 100)) texts.push_back(found.text);
  EXPECT_EQ(texts,
            (Words{"Mass: 12 kg", "The arm reaches 1.4 m from its base.", "A second sentence stands here too."}));
  EXPECT_EQ(quotables(passages, 2).size(), 2U);
}

TEST(Quotes, SkipsTheRestOfASentenceAtTheBeginOfAPassage) {
  const auto found = quotables(std::vector{passage("and so it ends after all these words. A new sentence begins "
                                                   "here then.",
                                                   1, "a.pdf", 100)},
                               100);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "A new sentence begins here then.");
}

TEST(Quotes, ChoosesTheBestOfFewPassagesInDocumentOrder) {
  const std::vector<RetrievedPassage> passages = {passage("x", 5), passage("x", 2), passage("x", 1)};
  const auto chosen = choose(
      {{0, 0, "c", "", 3}, {1, 4, "b", "", 2}, {1, 1, "a", "", 1}, {2, 0, "z", "", 2.5}, {0, 1, "too weak", "", -1}},
      passages, {0, 9, 3, 2});
  Words texts;
  for (const auto& quote : chosen) texts.push_back(quote.text);
  EXPECT_EQ(texts, (Words{"z", "c"}));
  EXPECT_EQ(choose({{0, 0, "weak", "", -2}, {0, 1, "weaker", "", -2.5}}, passages, {0, 9, 3, 2}).size(), 1U);
}

TEST(Quotes, LeavesOutNamesThatHoldADigit) {
  EXPECT_EQ(texts_of(quotables(std::vector{passage(kFirstPage)}, 100)),
            (Words{"Autonomous survey aircraft for lines, dams, quarries and coasts",
                   "The Magpie-7 is a battery-electric tail-sitter: it takes off and lands like a helicopter and "
                   "cruises like a glider.",
                   "It inspects power lines, dams, quarries and coastlines without a pilot at the sticks, and it comes "
                   "home with pictures sharp enough to count the bolts on a pylon."}));
  EXPECT_TRUE(quotables(std::vector{passage("Chapter 3 Safety\n\nEdition 4\n\nA lost link, step by step\n\n"
                                            "Option Order code Mass Price\n\nThe Magpie-7\n")},
                        100)
                  .empty());
}

TEST(Quotes, KeepsShortPartsThatStateAValue) {
  const Words values = {"Price: €68,400", "Mass 12 kg",    "Humidity 95%", "Crew: 2",
                        "Mains 230 V",    "Width -5.2 mm", "Battery 620Wh"};
  std::string page;
  for (const auto& value : values) page += value + "\n\n";
  EXPECT_EQ(texts_of(quotables(std::vector{passage(page)}, 100)), values);
}

TEST(Quotes, KeepsTheLongerOfTwoThatOverlap) {
  const std::string whole = "The warranty runs for 24 months or 600 flight hours, whichever comes first.";
  const std::vector<RetrievedPassage> passages = {
      passage("The warranty runs for 24 months or 600 flight", 2, "a.pdf", 100), passage(whole, 2, "a.pdf", 100),
      passage("The warranty runs for 24 months or 600", 2, "a.pdf", 100), passage(whole, 2, "b.pdf", 100)};
  const auto found = quotables(passages, 100);
  EXPECT_EQ(texts_of(found), (Words{whole, whole}));
  EXPECT_EQ(found[0].passage, 1U);
  EXPECT_EQ(found[1].passage, 3U) << "another document";
}

TEST(Quotes, PartsAHeadingFromTheSentenceBelowIt) {
  const Words expected = {"Losing the link",
                          "If the radio link stays silent for 20 seconds, the Magpie-7 climbs to 120 metres.",
                          "It waits there.", "Warranty", "It runs for 24 months."};
  EXPECT_EQ(split_into_sentences("Losing the link\nIf the radio link stays silent for 20\nseconds, the Magpie-7 climbs "
                                 "to 120\nmetres. It waits there.\n\nWarranty\n\nIt runs for 24 months.\n"),
            expected);
  const auto found = quotables(std::vector{passage("Warranty\n\nIt runs for 24 months.")}, 100);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].before, "") << "a heading is not what \"It\" points to";
}

TEST(Quotes, KeepsTheRowsOfATableApart) {
  const Words expected = {"Technical data",
                          "Property Value Remark",
                          "Wingspan 2.86 m wing tips fold for transport",
                          "Take-off mass 11.4 kg with camera pod and two packs",
                          "Endurance 3 h 10 min at 15 °C, no wind",
                          "2",
                          "Service ceiling 4,500 m above mean sea level",
                          "Battery 2 × 620 Wh lithium-ion, hot-swappable",
                          "Charging time 55 min both packs, from the case, 230 V",
                          "Motors 2 × 1.4 kW brushless, sealed bearings"};
  std::string page = "Technical data\n\n";
  for (std::size_t i = 1; i < expected.size(); ++i) page += expected[i] + "\n";
  EXPECT_EQ(split_into_sentences(page), expected);
}

TEST(Quotes, JoinsALineThatIsWrappedBehindAColonOrBeforeAName) {
  EXPECT_EQ(split_into_sentences("The hotline answers on every day of the year from 6 to 22 o'clock, in English,\n"
                                 "German, Norwegian and Portuguese. It has two numbers, and these are the things:\n"
                                 "the name and the place.\n"),
            (Words{"The hotline answers on every day of the year from 6 to 22 o'clock, in English, German, Norwegian "
                   "and Portuguese.",
                   "It has two numbers, and these are the things: the name and the place."}));
  EXPECT_EQ(split_into_sentences("The crate holds:\nthe aircraft\n• a tablet that is as long as this line here is\n"
                                 "• A case\n"),
            (Words{"The crate holds:", "the aircraft", "• a tablet that is as long as this line here is", "• A case"}));
}

TEST(Quotes, LeavesOutFootnoteMarksAtASentencesEnd) {
  EXPECT_EQ(split_into_sentences("It buys training for two operators.\n1\n\nOptions"),
            (Words{"It buys training for two operators.", "1", "Options"}));
  EXPECT_EQ(split_into_sentences("It buys training for two operators.12 The rest is free.3"),
            (Words{"It buys training for two operators.", "The rest is free."}));
  EXPECT_EQ(split_into_sentences("See No.1 and version 2.1 for it."), (Words{"See No.1 and version 2.1 for it."}));
  EXPECT_EQ(split_into_sentences("The price takes about\n5\nminutes to pay."),
            (Words{"The price takes about 5 minutes to pay."}))
      << "inside a sentence it may be a number";
}

TEST(Quotes, JoinsAFigureInLargeTypeToItsCaption) {
  EXPECT_EQ(texts_of(quotables(std::vector{passage("At a glance\n\n3 h 10 min\n\nin the air on one charge\n\n214 km\n\n"
                                                   "of range with the camera pod\n\n14 m/s\n\n"
                                                   "of steady wind, gusts up to 18\nm/s\n\n6 minutes\n")},
                               100)),
            (Words{"3 h 10 min in the air on one charge", "214 km of range with the camera pod",
                   "14 m/s of steady wind, gusts up to 18 m/s"}));
}

TEST(Quotes, KeepsOnlyThoseWithinTheMarginOfTheBest) {
  const std::vector<RetrievedPassage> passages = {passage("x", 2), passage("x", 1)};
  EXPECT_EQ(texts_of(choose({{1, 0, "tail-sitter", "", 2}, {0, 0, "price", "", 6}, {0, 3, "options", "", 5}}, passages,
                            {0, 2, 3, 2})),
            (Words{"price", "options"}));
}

TEST(Quotes, SharesAParagraphOnlyAmongSentences) {
  Prompt prompt;
  prompt.passages = {passage("x")};
  EXPECT_EQ(
      format(
          std::vector<Quotable>{{0, 0, "A first one.", "", 1}, {0, 1, "Mass 12 kg", "", 1}, {0, 2, "Width 3 m", "", 1}},
          prompt),
      (Words{"\"A first one. Mass 12 kg\" (magpie-7.pdf, page 2) [1]", "\"Width 3 m\" (magpie-7.pdf, page 2) [1]"}));
}

TEST(Quotes, HaveTheNumbersOfTheirPassages) {
  Prompt prompt;
  prompt.passages = {passage("x"), passage("y", 3)};
  prompt.numbers = {1, 4};
  EXPECT_EQ(format(std::vector<Quotable>{{0, 0, "One.", "", 1}, {1, 0, "Two.", "", 1}}, prompt),
            (Words{"\"One.\" (magpie-7.pdf, page 2) [1]", "\"Two.\" (magpie-7.pdf, page 3) [4]"}));
}

}  // namespace
}  // namespace jackdaw::providers
