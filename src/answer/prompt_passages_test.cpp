#include "answer/prompt_passages.h"

#include <gtest/gtest.h>

#include <string>

namespace jackdaw::answer {
namespace {

constexpr const char* kPage =
    "The warranty lasts two years from the day of delivery. It does not cover propellers. "
    "Batteries are covered for one year when they were charged as the manual says.";

RetrievedPassage of_page(std::int64_t id, std::size_t begin, std::size_t end, const std::string& document = "a") {
  RetrievedPassage found;
  found.passage.chunk = ChunkId{id};
  found.passage.document = DocumentId{document};
  found.passage.text = std::string(kPage).substr(begin, end - begin);
  found.passage.span.page = 4;
  found.passage.span.begin = static_cast<std::uint32_t>(begin);
  found.passage.span.end = static_cast<std::uint32_t>(begin + found.passage.text.size());
  return found;
}

RetrievedPassage with_text(std::int64_t id, std::string text) {
  RetrievedPassage found = of_page(id, 0, 0, "document " + std::to_string(id));
  found.passage.span.end = static_cast<std::uint32_t>(text.size());
  found.passage.text = std::move(text);
  return found;
}

std::vector<std::int64_t> ids(const std::vector<PromptPassage>& passages) {
  std::vector<std::int64_t> all;
  for (const PromptPassage& each : passages) all.push_back(each.passage.passage.chunk.value);
  return all;
}

TEST(PromptPassages, NeighboursThatOverlapBecomeOnePassage) {
  RetrievedPassage second = of_page(2, 50, 110);
  second.score = 0.9F;
  RetrievedPassage first = of_page(1, 0, 55);
  first.score = 0.4F;
  const auto chosen = choose_passages({second, first}, {});
  ASSERT_EQ(chosen.size(), 1U);
  const Passage& whole = chosen[0].passage.passage;
  EXPECT_EQ(whole.text, std::string(kPage).substr(0, 110));
  EXPECT_EQ(whole.span.begin, 0U);
  EXPECT_EQ(whole.span.end, 110U);
  EXPECT_EQ(whole.chunk, ChunkId{2}) << "the better one";
  EXPECT_EQ(chosen[0].passage.score, 0.9F);
  EXPECT_EQ(chosen[0].parts, (std::vector<PromptPassage::Part>{{ChunkId{1}, 0, 55, 1}, {ChunkId{2}, 50, 110, 0}}));
}

TEST(PromptPassages, NeighboursThatTouchBecomeOnePassageThreeOfThemToo) {
  const auto chosen = choose_passages({of_page(3, 86, 163), of_page(1, 0, 55), of_page(2, 55, 86)}, {});
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].passage.passage.text, kPage);
  ASSERT_EQ(chosen[0].parts.size(), 3U);
  EXPECT_EQ(chosen[0].parts[1], (PromptPassage::Part{ChunkId{2}, 55, 86, 2}));
}

TEST(PromptPassages, WhatHasTextBetweenOrLiesElsewhereStaysApart) {
  RetrievedPassage other_page = of_page(3, 55, 86);
  other_page.passage.span.page = 5;
  const auto chosen =
      choose_passages({of_page(1, 0, 55), of_page(2, 86, 163), other_page, of_page(4, 55, 86, "b")}, {.top_k = 4});
  EXPECT_EQ(ids(chosen), (std::vector<std::int64_t>{1, 2, 3})) << "the last one says what the third says";
}

TEST(PromptPassages, PlacesAreThoseOfAllThatWereFound) {
  RetrievedPassage gone = of_page(9, 86, 163);
  gone.deleted = true;
  const auto chosen = choose_passages({gone, of_page(2, 50, 86), of_page(3, 50, 86, "b"), of_page(1, 0, 55)}, {});
  ASSERT_EQ(ids(chosen), (std::vector<std::int64_t>{2})) << "the third says what the second says";
  EXPECT_EQ(chosen[0].best_place(), 1U);
  EXPECT_EQ(chosen[0].parts, (std::vector<PromptPassage::Part>{{ChunkId{1}, 0, 55, 3}, {ChunkId{2}, 50, 86, 1}}));
}

TEST(PromptPassages, ChunksThatContradictTheirSpansOrEachOtherStayApart) {
  RetrievedPassage other_words = of_page(2, 50, 110);
  other_words.passage.text[0] = '#';
  RetrievedPassage too_short = of_page(3, 50, 110);
  too_short.passage.text.pop_back();
  for (const RetrievedPassage& odd : {other_words, too_short}) {
    EXPECT_EQ(choose_passages({of_page(1, 0, 55), odd}, {}).size(), 2U);
    EXPECT_EQ(choose_passages({odd, of_page(1, 0, 55)}, {}).size(), 2U);
  }
}

TEST(PromptPassages, AChunkInsideAnotherOneIsAPartOfItWhereDuplicatesStay) {
  const auto chosen = choose_passages({of_page(1, 55, 86), of_page(2, 0, 110)}, {.drop_duplicates = false});
  ASSERT_EQ(ids(chosen), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(chosen[0].passage.passage.text, std::string(kPage).substr(0, 110));
  EXPECT_EQ(chosen[0].parts, (std::vector<PromptPassage::Part>{{ChunkId{2}, 0, 110, 1}, {ChunkId{1}, 55, 86, 0}}));
}

TEST(PromptPassages, NothingIsMergedWhenThatIsOff) {
  const auto chosen = choose_passages({of_page(2, 50, 110), of_page(1, 0, 55)}, {.merge_neighbours = false});
  EXPECT_EQ(ids(chosen), (std::vector<std::int64_t>{2, 1}));
}

TEST(PromptPassages, TheOrderIsThatOfTheBestChunkOfEach) {
  const auto chosen = choose_passages(
      {of_page(3, 86, 163), with_text(9, "Something else altogether, in other words."), of_page(2, 55, 86)}, {});
  EXPECT_EQ(ids(chosen), (std::vector<std::int64_t>{3, 9}));
}

TEST(PromptPassages, ADuplicateGivesItsPlaceToTheNext) {
  const std::string text = "The list price of the aircraft is 68,400 euros, freight and insurance not included.";
  const auto chosen = choose_passages(
      {with_text(1, text),
       with_text(2, "the LIST price of the aircraft is 68,400 euros (freight and insurance not included)!"),
       with_text(3, "Delivery takes nine weeks.")},
      {.top_k = 2});
  EXPECT_EQ(ids(chosen), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(ids(choose_passages({with_text(1, text), with_text(2, text)}, {.drop_duplicates = false})),
            (std::vector<std::int64_t>{1, 2}));
}

TEST(PromptPassages, TextsThatShareSomeWordsAreNoDuplicates) {
  const auto chosen =
      choose_passages({with_text(1, "The list price of the aircraft is 68,400 euros without freight."),
                       with_text(2, "The list price of the scanner pod is 27,500 euros without freight.")},
                      {});
  EXPECT_EQ(chosen.size(), 2U);
}

TEST(PromptPassages, AChunkInsideAnotherOneIsDropped) {
  EXPECT_EQ(ids(choose_passages({of_page(1, 0, 110), of_page(2, 55, 86)}, {})), (std::vector<std::int64_t>{1}));
}

TEST(PromptPassages, AtMostTopKChunksAreChosenAndDeletedOnesNever) {
  RetrievedPassage gone = with_text(1, "gone");
  gone.deleted = true;
  const auto chosen = choose_passages(
      {gone, with_text(2, "one thing"), with_text(3, "another matter"), with_text(4, "third point")}, {.top_k = 2});
  EXPECT_EQ(ids(chosen), (std::vector<std::int64_t>{2, 3}));
  EXPECT_TRUE(choose_passages({}, {}).empty());
}

TEST(PromptPassages, ALineThatBothTouchHasOneBox) {
  RetrievedPassage first = of_page(1, 0, 55), second = of_page(2, 50, 110);
  first.passage.span.boxes = {{10, 100, 500, 112}, {10, 114, 200, 126}};
  second.passage.span.boxes = {{180, 114, 500, 126}, {10, 128, 300, 140}};
  const auto chosen = choose_passages({first, second}, {});
  EXPECT_EQ(chosen.at(0).passage.passage.span.boxes,
            (std::vector<Box>{{10, 100, 500, 112}, {10, 114, 500, 126}, {10, 128, 300, 140}}));
}

TEST(PromptPassages, SharesAreOfTheShorterText) {
  EXPECT_EQ(common_share("one two three four", "zero one two three four five"), 1);
  EXPECT_EQ(common_share("one two three four", "one two three five"), 0.5);
  EXPECT_EQ(common_share("Yes.", "yes"), 1);
  EXPECT_EQ(common_share("yes", "no"), 0);
  EXPECT_EQ(common_share("", "words"), 0);
  EXPECT_EQ(common_share("...", "!"), 1);
}

}  // namespace
}  // namespace jackdaw::answer
