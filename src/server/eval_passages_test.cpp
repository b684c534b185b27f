#include "server/eval_passages.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace jackdaw::server {
namespace {

EvalSet set_of(std::size_t texts) {
  EvalSet set;
  set.name = "things";
  for (std::size_t i = 0; i < texts; ++i) {
    EvalText& text = set.texts.emplace_back();
    text.title = "Title " + std::to_string(i);
    text.document = i;
    text.page.number = 1;
    text.page.text = "A sentence of words. A second one of them. A third one at the end of it all.";
  }
  return set;
}

constexpr ingest::ChunkerOptions kSmall{.max_characters = 50, .overlap_characters = 0};
constexpr ingest::ChunkerOptions kSections{
    .max_characters = 100, .overlap_characters = 0, .style = ingest::ChunkStyle::kSections};

TEST(EvalPassages, AWholeTextStandsBehindItsTitle) {
  const EvalPassages made = cut_passages(set_of(2), EvalCut::kWhole, kSmall, ingest::EmbeddedContext::kHeading);
  ASSERT_EQ(made.text, (std::vector<std::size_t>{0, 1}));
  EXPECT_TRUE(made.embedded[1].starts_with("Title 1\nA sentence"));
  EXPECT_EQ(made.read[1], made.embedded[1]);
  EXPECT_EQ(made.documents[1].title, "Title 1");
  EXPECT_TRUE(made.documents[1].chunks[0].text.starts_with("A sentence")) << "the title is a field of its own";
}

TEST(EvalPassages, ChunksBelongToTheirText) {
  const EvalPassages made = cut_passages(set_of(2), EvalCut::kChunks, kSmall, ingest::EmbeddedContext::kTitle);
  ASSERT_EQ(made.text, (std::vector<std::size_t>{0, 0, 1, 1}));
  EXPECT_TRUE(made.embedded[3].starts_with("Title 1\n"));
  EXPECT_FALSE(made.read[3].starts_with("Title"));
  EXPECT_EQ(made.documents[1].chunks[1].chunk, ChunkId{3});
}

TEST(EvalPassages, JoinedTextsAreSectionsOfOneDocument) {
  const EvalPassages made =
      cut_passages(set_of(kJoinedTexts + 1), EvalCut::kJoined, kSections, ingest::EmbeddedContext::kHeading);
  ASSERT_EQ(made.documents.size(), 2U);
  ASSERT_EQ(made.text.size(), kJoinedTexts + 1) << "a chunk a section";
  for (std::size_t i = 0; i < made.text.size(); ++i) EXPECT_EQ(made.text[i], i);
  EXPECT_EQ(made.documents[0].chunks[3].heading, "Title 3");
  EXPECT_TRUE(made.embedded[3].starts_with("Title 3\nTitle 3\n\nA sentence"));
}

TEST(EvalPassages, AChunkOverABorderCountsForTheTextOfMostOfIt) {
  const EvalPassages made = cut_passages(set_of(3), EvalCut::kJoined, {.max_characters = 120, .overlap_characters = 0},
                                         ingest::EmbeddedContext::kNone);
  ASSERT_EQ(made.documents.size(), 1U);
  EXPECT_EQ(made.text.front(), 0U);
  EXPECT_EQ(made.text.back(), 2U);
}

TEST(EvalPassages, ASetOfBlanksIsRefused) {
  EvalSet set = set_of(1);
  set.texts[0].page.text = " \n";
  EXPECT_THROW(cut_passages(set, EvalCut::kChunks, kSmall, ingest::EmbeddedContext::kHeading), Error);
}

TEST(EvalPassages, NamesGoBothWays) {
  for (const EvalCut cut : kEvalCuts) EXPECT_EQ(eval_cut_from(to_string(cut)), cut);
  EXPECT_FALSE(eval_cut_from("halves"));
}

}  // namespace
}  // namespace jackdaw::server
