#include "extract/confined/recognized_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text.h"

namespace jackdaw::extract {
namespace {

using enum RecognizedWord::Before;

// Words on a grid: one line down for each line, one place to the right for each word.
class Words {
 public:
  Words& add(std::string text, RecognizedWord::Before before = kSpace, float confidence = 95) {
    if (before != kSpace) {
      ++line_;
      place_ = 0;
    }
    const auto x = static_cast<float>(place_++) * 100;
    const auto y = static_cast<float>(line_) * 20;
    words_.push_back({std::move(text), confidence, before, {x, y, x + 90, y + 15}});
    return *this;
  }
  Page composed() const {
    Page page;
    compose_recognized(words_, page);
    return page;
  }

 private:
  std::vector<RecognizedWord> words_;
  int line_ = -1;
  int place_ = 0;
};

std::string_view text_of(const Page& page, std::size_t word) {
  return std::string_view(page.text).substr(page.words[word].begin, page.words[word].end - page.words[word].begin);
}

TEST(RecognizedText, SeparatesWordsLinesAndParagraphs) {
  const Page page = Words()
                        .add("Two", kParagraph)
                        .add("words")
                        .add("and", kLine)
                        .add("more.")
                        .add("Another", kParagraph)
                        .add("paragraph")
                        .composed();
  EXPECT_EQ(page.text, "Two words\nand more.\n\nAnother paragraph");
  ASSERT_EQ(page.words.size(), 6U);
  EXPECT_EQ(text_of(page, 3), "more.");
  EXPECT_EQ(page.words[3].boxes, (std::vector<Box>{{100, 20, 190, 35}}));
}

TEST(RecognizedText, JoinsAWordThatAHyphenBroke) {
  const Page page =
      Words().add("a", kParagraph).add("light-").add("house", kLine).add("keeper").add("sleeps", kLine).composed();
  EXPECT_EQ(page.text, "a lighthouse\nkeeper\nsleeps");
  ASSERT_EQ(page.words.size(), 4U);
  EXPECT_EQ(text_of(page, 1), "lighthouse");
  EXPECT_EQ(page.words[1].boxes, (std::vector<Box>{{100, 0, 190, 15}, {0, 20, 90, 35}}));
}

TEST(RecognizedText, JoinsAWordThatWentOverThreeLines) {
  const Page page = Words().add("un-", kParagraph).add("usu-", kLine).add("al", kLine).add("way").composed();
  EXPECT_EQ(page.text, "unusual\nway");
  EXPECT_EQ(page.words[0].boxes.size(), 3U);
}

TEST(RecognizedText, JoinsLettersThatAreNotAscii) {
  EXPECT_EQ(Words().add("Ber\u00FC\u2010", kParagraph).add("\u00E4hnung", kLine).composed().text,
            "Ber\u00FC\u00E4hnung");
}

TEST(RecognizedText, KeepsAHyphenThatBelongsToTheWord) {
  EXPECT_EQ(Words().add("Jean-", kParagraph).add("Paul", kLine).composed().text, "Jean-Paul");
  EXPECT_EQ(Words().add("2019-", kParagraph).add("2020", kLine).composed().text, "2019-2020");
}

TEST(RecognizedText, JoinsNothingWhereNoWordWasBroken) {
  EXPECT_EQ(Words().add("-", kParagraph).add("item", kLine).composed().text, "-\nitem");
  EXPECT_EQ(Words().add("so-", kParagraph).add("(and", kLine).composed().text, "so-\n(and");
  EXPECT_EQ(Words().add("so-", kParagraph).add("Next", kParagraph).composed().text, "so-\n\nNext");
  EXPECT_EQ(Words().add("pre-", kParagraph).add("war").composed().text, "pre- war");
  EXPECT_EQ(Words().add("?-", kParagraph).add("war", kLine).composed().text, "?-\nwar");
}

TEST(RecognizedText, LeavesOutWhatIsHardlyAWordButKeepsItsBreak) {
  const Page page = Words()
                        .add("sure", kParagraph)
                        .add("~;|", kSpace, 29)
                        .add("%%", kParagraph, 3)
                        .add("second", kSpace)
                        .add("x", kLine, std::numeric_limits<float>::quiet_NaN())
                        .add("third")
                        .composed();
  EXPECT_EQ(page.text, "sure\n\nsecond\nthird");
  EXPECT_EQ(page.words.size(), 3U);
}

TEST(RecognizedText, LeavesOutWordsWithoutALetterAndSpaceAroundWords) {
  const Page page = Words().add("", kParagraph).add(" \n").add(" one\u00A0").add("\u3000").add("voil\u00E0").composed();
  EXPECT_EQ(page.text, "one voil\u00E0");
}

TEST(RecognizedText, PutsNoSpaceBetweenIdeographs) {
  EXPECT_EQ(Words().add("\u6E2F", kParagraph).add("\u53E3").add("map").add("\u56FE").composed().text,
            "\u6E2F\u53E3 map \u56FE");
}

TEST(RecognizedText, IsEmptyWhereNothingWasRead) {
  const Page page = Words().composed();
  EXPECT_EQ(page.text, "");
  EXPECT_TRUE(page.words.empty());
}

TEST(RecognizedText, SurvivesBytesThatAreNoText) {
  const Page page = Words().add("\xE4-", kParagraph).add("\xFF\xFE", kLine).add("\x80\x80").add("-\xC3").composed();
  ASSERT_FALSE(page.words.empty());
  EXPECT_EQ(page.words.back().end, page.text.size());
}

}  // namespace
}  // namespace jackdaw::extract
