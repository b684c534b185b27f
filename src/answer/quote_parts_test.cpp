#include "answer/quote_parts.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::answer {
namespace {

using Part = PromptPassage::Part;
using Pieces = std::vector<QuotePart>;

constexpr std::string_view kPassage =
    "The Magpie-7 costs 390 EUR. The Heron-2 costs 1,250 EUR and needs two operators.";
constexpr std::string_view kSecond = "The Heron-2 costs 1,250 EUR and needs two operators.";  // from 28 to 80

Pieces split(std::string_view claim, const std::vector<Part>& parts) {
  return split_quote(find_quote(claim, kPassage), claim, kPassage, parts);
}

TEST(QuoteParts, AQuoteInsideOneChunkIsOfThatChunk) {
  const std::vector<Part> parts = {{{}, 0, 27, 0}, {{}, 27, 80, 1}};
  EXPECT_EQ(split("The Magpie-7 costs 390 EUR.", parts), (Pieces{{0, {0, 27, true}}}));
  EXPECT_EQ(split(kSecond, parts), (Pieces{{1, {1, 53, true}}}));
}

TEST(QuoteParts, WhereTwoChunksHaveItTheBetterOneIsNamed) {
  EXPECT_EQ(split("The Magpie-7 costs 390 EUR.", {{{}, 0, 30, 2}, {{}, 0, 80, 1}}), (Pieces{{1, {0, 27, true}}}));
  EXPECT_EQ(split("The Magpie-7 costs 390 EUR.", {{{}, 0, 30, 0}, {{}, 0, 80, 1}}), (Pieces{{0, {0, 27, true}}}));
}

TEST(QuoteParts, AChunkThatCarriesTheClaimAloneIsEnough) {
  const Pieces pieces = split("The Heron-2 costs 1,250 EUR", {{{}, 0, 55, 1}, {{}, 55, 80, 0}});
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].part, 0U);
  EXPECT_TRUE(pieces[0].quote.verified);
  EXPECT_EQ(kPassage.substr(pieces[0].quote.begin, pieces[0].quote.end - pieces[0].quote.begin),
            "The Heron-2 costs 1,250 EUR");
}

TEST(QuoteParts, ChunksThatOnlyTogetherSayTheClaimAreAllNamed) {
  EXPECT_EQ(split(kSecond, {{{}, 0, 56, 1}, {{}, 56, 80, 0}}), (Pieces{{0, {28, 55, true}}, {1, {0, 24, true}}}));
  EXPECT_EQ(split(kSecond, {{{}, 0, 40, 2}, {{}, 35, 60, 1}, {{}, 60, 80, 0}}),
            (Pieces{{0, {28, 39, true}}, {1, {0, 24, true}}, {2, {0, 20, true}}}))
      << "where chunks overlap each has its words";
}

TEST(QuoteParts, WhatIsNotVerifiedIsOfTheChunkThatHasMostOfIt) {
  const std::vector<Part> parts = {{{}, 0, 40, 0}, {{}, 40, 80, 1}};
  const Pieces pieces = split("The Heron-2 costs 99 EUR and needs two pilots", parts);
  EXPECT_EQ(pieces, (Pieces{{1, {0, 40, false}}}));
}

TEST(QuoteParts, WithoutAPlaceItIsTheBestChunk) {
  EXPECT_EQ(split("xyzzy", {{{}, 0, 40, 1}, {{}, 40, 80, 0}}), (Pieces{{1, {0, 0, false}}}));
}

}  // namespace
}  // namespace jackdaw::answer
