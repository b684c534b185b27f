#include "answer/quote_finder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::answer {
namespace {

std::string quoted(std::string_view claim, std::string_view passage) {
  const Quote quote = find_quote(claim, passage);
  return std::string(passage.substr(quote.begin, quote.end - quote.begin));
}

bool verified(std::string_view claim, std::string_view passage) {
  return find_quote(claim, passage).verified;
}

std::vector<std::string> units(std::string_view passage) {
  std::vector<std::string> all;
  for (const auto& range : quotable_units(passage)) {
    all.emplace_back(passage.substr(range.begin, range.end - range.begin));
  }
  return all;
}

constexpr std::string_view kManual =
    "The Magpie-7 is a light drone made by Corvid Ltd. It costs 68,400 EUR and weighs 12.50 kg. "
    "It was first sold on 5 March 2021 in Norway.\nThe Heron costs 150 EUR. Do not fly the Heron in rain.";

TEST(QuoteFinder, TheSentenceThatMatchesBestIsQuoted) {
  EXPECT_EQ(quoted("The Heron has a price of 150 EUR.", kManual), "The Heron costs 150 EUR.");
  EXPECT_EQ(quoted("Flying the Heron in rain is bad", kManual), "Do not fly the Heron in rain.");
  EXPECT_EQ(quoted("Bananas grow elsewhere", kManual), "");
}

TEST(QuoteFinder, NumbersAreComparedByValue) {
  EXPECT_TRUE(verified("It costs 68400 EUR", kManual));
  EXPECT_TRUE(verified("It costs \u20ac68,400.00", kManual));
  EXPECT_TRUE(verified("It weighs 12.5 kg", kManual));
  EXPECT_FALSE(verified("It weighs 12 kg", kManual));
  EXPECT_FALSE(verified("The Heron costs 15 EUR", kManual));
  EXPECT_FALSE(verified("The Heron costs 1.50 EUR", kManual));
  EXPECT_TRUE(verified("seven birds sang", "There 7 birds sang."));
  EXPECT_TRUE(verified("It grew 5 percent", "It grew 5%."));
  EXPECT_TRUE(verified("Preis: 68,400 EUR", "Der Preis ist 68.400 EUR."));
  EXPECT_TRUE(verified("Der Wert ist 3,5 kg", "Der Wert ist 3.50 kg, so."));
  EXPECT_FALSE(verified("It fell to -5 degrees", "It fell to 5 degrees."));
  EXPECT_TRUE(verified("the price is \u0663\u0669\u0660", "the price is 390 today"));
}

TEST(QuoteFinder, ANumberGoesWithWhatItMeasures) {
  constexpr std::string_view passage = "It carries 5 kg, flies 12 km and costs 3 million dollars or 7 % more.";
  EXPECT_TRUE(verified("It carries 5 kg", passage));
  EXPECT_FALSE(verified("It carries 12 kg", passage));
  EXPECT_FALSE(verified("It costs 7 million dollars", passage));
  EXPECT_FALSE(verified("It carries 5 lb", passage));
  EXPECT_FALSE(verified("It carries from 5 to 5 kg", passage));
}

TEST(QuoteFinder, DatesAreComparedHoweverTheyAreWritten) {
  for (const char* date : {"5 March 2021", "March 5, 2021", "2021-03-05", "05.03.2021", "5 Mar 2021", "March 5"}) {
    EXPECT_TRUE(verified("It was first sold on " + std::string(date), kManual)) << date;
  }
  for (const char* date : {"6 March 2021", "5 May 2021", "2021-05-03", "2020-03-05", "March 12.50"}) {
    EXPECT_FALSE(verified("It was first sold on " + std::string(date), kManual)) << date;
  }
}

TEST(QuoteFinder, NamesMustOccur) {
  EXPECT_TRUE(verified("It was first sold in Norway", kManual));
  EXPECT_FALSE(verified("It was first sold in Sweden", kManual));
  EXPECT_TRUE(verified("The Magpie-7 is made by Corvid", kManual));
  EXPECT_TRUE(verified("The drone Magpie 7 is made by Corvid", kManual));
  EXPECT_FALSE(verified("The Magpie-9 is made by Corvid", kManual));
  EXPECT_FALSE(verified("The Magpie-68400 is made by Corvid", kManual));
  EXPECT_TRUE(verified("Corvid's drone is light", kManual));
  EXPECT_FALSE(verified("Ravens' drone is light", kManual));
  EXPECT_TRUE(verified("the engine is an A-320", "Its engine is an A320."));
  EXPECT_FALSE(verified("the engine is an A330", "Its engine is an A320."));
}

TEST(QuoteFinder, ACapitalAtASentencesBeginIsANameOnlyIfThePassageHasNoSuchWord) {
  EXPECT_TRUE(verified("Drones are light", kManual));
  EXPECT_FALSE(verified("Planes are light drones", kManual));
}

TEST(QuoteFinder, EnoughOfTheOtherWordsMustOccur) {
  EXPECT_TRUE(verified("prices of herons: the Heron costs 150 EUR", "In Norway, the heron costs 150 EUR."));
  EXPECT_FALSE(verified("the repair of broken wings is priced at 150 EUR", kManual));
}

TEST(QuoteFinder, WordsAreComparedByTheirStems) {
  EXPECT_TRUE(verified("producing batteries requires cooled factories",
                       "The production of a battery requires that the factory is cooled."));
}

TEST(QuoteFinder, ADenialIsNoProof) {
  EXPECT_FALSE(verified("You fly the Heron in rain", kManual));
  EXPECT_TRUE(verified("You should not fly the Heron in rain", kManual));
  EXPECT_TRUE(verified("Never fly the Heron in rain", kManual));
  EXPECT_FALSE(verified("The Heron does not cost 150 EUR", kManual));
  EXPECT_FALSE(verified("The Heron doesn\u2019t cost 150 EUR", kManual));
  EXPECT_TRUE(verified("Use part No. 5 here", "Here, use part No. 5."));
  EXPECT_FALSE(verified("Der Preis gilt", "Der Preis gilt nicht."));
}

TEST(QuoteFinder, AClaimThatSaysNothingIsNotVerified) {
  for (const char* claim : {"", " ", "...", "And so it is.", "According to the", "\U0001f426"}) {
    EXPECT_FALSE(verified(claim, kManual)) << claim;
    EXPECT_EQ(quoted(claim, kManual), "") << claim;
  }
  EXPECT_FALSE(verified("It costs 150 EUR", ""));
}

TEST(QuoteFinder, NeighboursAreQuotedTogetherWhereOneAloneDoesNotHoldTheClaim) {
  const Quote quote = find_quote("The Magpie-7 costs 68,400 EUR", kManual);
  EXPECT_TRUE(quote.verified);
  EXPECT_EQ(kManual.substr(quote.begin, quote.end - quote.begin),
            "The Magpie-7 is a light drone made by Corvid Ltd. It costs 68,400 EUR and weighs 12.50 kg.");
}

TEST(QuoteFinder, TheVeryWordsAreQuotedHoweverManySentencesTheyAre) {
  const std::string text = "One apple. Two\n pears. Three plums. Four figs. Five";
  const Quote quote = find_quote("\"One apple. Two pears. Three plums. Four figs.\"", text);
  EXPECT_TRUE(quote.verified);
  EXPECT_EQ(text.substr(quote.begin, quote.end - quote.begin), "One apple. Two\n pears. Three plums. Four figs.");
}

TEST(QuoteFinder, WordsOfALongerSentenceAreItsQuoteOnlyAsAWhole) {
  EXPECT_FALSE(verified("the Heron is safe", "It is not true that the Heron is safe."));
}

TEST(QuoteFinder, OtherScriptsAreCompared) {
  EXPECT_TRUE(verified("Цена составляет 390 рублей", "Сегодня цена составляет 390 рублей за штуку."));
  EXPECT_FALSE(verified("Цена составляет 391 рублей", "Сегодня цена составляет 390 рублей за штуку."));
  EXPECT_TRUE(verified("価格は390円です", "この商品の価格は390円です。"));
  EXPECT_FALSE(verified("価格は391円です", "この商品の価格は390円です。"));
  EXPECT_TRUE(verified("Die Drohne kostet 390 Euro", "Im Laden kostet die Drohne heute 390 EUR."));
}

TEST(QuotableUnits, WrappedLinesGoOnAndRowsEnd) {
  EXPECT_EQ(units("The drone is light and flies\nfar away. It is red.\n\nNext one"),
            (std::vector<std::string>{"The drone is light and flies\nfar away.", "It is red.", "Next one"}));
  EXPECT_EQ(units("Mass 12 kg\nRange 214 km\nColour Red\nPrice 390 EUR"),
            (std::vector<std::string>{"Mass 12 kg", "Range 214 km", "Colour Red", "Price 390 EUR"}));
  EXPECT_EQ(units("We sell\n- pears\n- plums"), (std::vector<std::string>{"We sell", "- pears", "- plums"}));
  EXPECT_EQ(units(""), std::vector<std::string>{});
  EXPECT_EQ(units(" \n \n"), std::vector<std::string>{});
}

TEST(FindQuote, ComparesWhatANumberCounts) {
  EXPECT_FALSE(
      find_quote("The warranty on the Magpie-7 lasts 12 months.", "The warranty on the Magpie-7 lasts 12 years.")
          .verified);
  EXPECT_TRUE(find_quote("The warranty lasts twelve months.", "Its warranty lasts 12\nmonths from delivery.").verified);
  EXPECT_FALSE(find_quote("The warranty lasts one year.", "The warranty lasts two years.").verified);
  EXPECT_TRUE(find_quote("The warranty lasts 1 year.", "The warranty lasts one year.").verified);
  EXPECT_FALSE(
      find_quote("The warranty of all models lasts thirteen months.", "The warranty of all models lasts twelve months.")
          .verified);
  EXPECT_TRUE(find_quote("It is one of the largest herons.", "It is among the largest herons of the world.").verified);
}

TEST(FindQuote, ADenialInTheNextLineOfTheSentenceIsSeen) {
  EXPECT_FALSE(find_quote("Refunds are possible", "Refunds are possible\nin no case.").verified);
  EXPECT_FALSE(find_quote("the Heron is safe", "It is not true that\nthe Heron is safe.").verified);
  EXPECT_FALSE(find_quote("Opened items are refunded within 30 days", "Opened items are not\nrefunded within 30 days.")
                   .verified);
}

}  // namespace
}  // namespace jackdaw::answer
