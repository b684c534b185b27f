#include "extract/confined/page_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "core/text.h"

namespace jackdaw::extract {
namespace {

// Sets glyphs as the engine lists them: every letter half as wide as the font is high, one style for each word.
class TypeSetter {
 public:
  TypeSetter& line(std::u32string_view text, float x, float y, float size = 10, int quarter = 0) {
    if (!glyphs_.glyphs.empty() && glyphs_.glyphs.back().code != kLineEndHyphen) {
      glyphs_.glyphs.push_back({.code = '\r'});
      glyphs_.glyphs.push_back({.code = '\n'});
    }
    bool in_word = false;
    for (const char32_t c : text) {
      const bool letter = c != ' ' && c != kLineEndHyphen;
      if (letter && !in_word) glyphs_.styles.push_back({glyphs_.glyphs.size(), size, x, y, quarter});
      in_word = letter;
      Glyph glyph{.code = c};
      if (letter) glyph = {c, x, y - 0.2F * size, x + size / 2, y + 0.8F * size};
      glyphs_.glyphs.push_back(glyph);
      (quarter == 1 ? y : x) += size / 2;
    }
    return *this;
  }
  PageGlyphs& glyphs() { return glyphs_; }

  Page compose() const {
    Page page;
    compose_text(glyphs_, page);
    return page;
  }
  std::string text() const { return compose().text; }

 private:
  PageGlyphs glyphs_{.glyphs = {}, .styles = {}, .left = 0, .top = 800};
};

std::string word_text(const Page& page, std::size_t word) {
  return page.text.substr(page.words[word].begin, page.words[word].end - page.words[word].begin);
}

TEST(PageText, EndsLinesWithOneLfAndSetsSingleSpaces) {
  EXPECT_EQ(TypeSetter().line(U"  first   line ", 50, 700).line(U"second", 50, 688).text(), "first line\nsecond");
}

TEST(PageText, IsEmptyForNothingAndForWhiteSpace) {
  EXPECT_EQ(TypeSetter().text(), "");
  EXPECT_EQ(TypeSetter().line(U"   ", 50, 700).line(U" ", 50, 688).text(), "");
}

TEST(PageText, SetsABlankLineWhereTheGapIsWiderThanUsual) {
  EXPECT_EQ(TypeSetter()
                .line(U"one", 50, 700)
                .line(U"two", 50, 688)
                .line(U"three", 50, 676)
                .line(U"four", 50, 658)
                .line(U"five", 50, 646)
                .text(),
            "one\ntwo\nthree\n\nfour\nfive");
}

TEST(PageText, TakesTheUsualDistanceFromThePage) {
  EXPECT_EQ(TypeSetter().line(U"one", 50, 700).line(U"two", 50, 676).line(U"six", 50, 652).line(U"ten", 50, 628).text(),
            "one\ntwo\nsix\nten");
}

TEST(PageText, SetsAHeadingApartByItsSize) {
  EXPECT_EQ(TypeSetter().line(U"Heading", 50, 700, 14).line(U"body text", 50, 686).line(U"goes on", 50, 674).text(),
            "Heading\n\nbody text\ngoes on");
}

TEST(PageText, ALoneIndexInSmallTypeIsNoParagraph) {
  EXPECT_EQ(TypeSetter().line(U"body", 50, 700).line(U"2", 70, 694, 6).line(U"goes on", 50, 688).text(),
            "body\n2\ngoes on");
}

TEST(PageText, SetsAnIndentedLineAfterAFinishedSentenceApart) {
  const auto with_end = [](std::u32string_view end) {
    return TypeSetter()
        .line(U"a first", 50, 700)
        .line(std::u32string(U"paragraph") + std::u32string(end), 50, 688)
        .line(U"A second", 65, 676)
        .line(U"one here", 50, 664)
        .text();
  };
  EXPECT_EQ(with_end(U"."), "a first\nparagraph.\n\nA second\none here");
  EXPECT_EQ(with_end(U".\u201D"), "a first\nparagraph.\u201D\n\nA second\none here");
  EXPECT_EQ(with_end(U""), "a first\nparagraph\nA second\none here");
}

TEST(PageText, AColumnThatGoesOnAtTheTopIsNoParagraphInMidSentence) {
  EXPECT_EQ(TypeSetter().line(U"left ends in", 50, 100).line(U"the right", 300, 700).text(), "left ends in\nthe right");
  EXPECT_EQ(TypeSetter().line(U"left ends.", 50, 100).line(U"The right", 300, 700).text(), "left ends.\n\nThe right");
}

TEST(PageText, CellsOfOneRowAreLinesOfOneParagraph) {
  EXPECT_EQ(TypeSetter().line(U"cell", 50, 700).line(U"next cell", 300, 700).text(), "cell\nnext cell");
}

TEST(PageText, ReadsTurnedTextInItsOwnDirection) {
  EXPECT_EQ(
      TypeSetter().line(U"upwards", 100, 50, 10, 1).line(U"goes on", 112, 50, 10, 1).line(U"flat", 300, 700).text(),
      "upwards\ngoes on\n\nflat");
}

TEST(PageText, MakesABrokenWordWholeWithOneBoxForEachLine) {
  const Page page =
      TypeSetter().line(U"the Funda\x02", 50, 700).line(U"mental group", 50, 688).line(U"end", 50, 676).compose();
  EXPECT_EQ(page.text, "the Fundamental\ngroup\nend");
  ASSERT_EQ(page.words.size(), 4U);
  EXPECT_EQ(word_text(page, 1), "Fundamental");
  ASSERT_EQ(page.words[1].boxes.size(), 2U);
  EXPECT_EQ(page.words[1].boxes[0], (Box{70, 92, 95, 102}));
  EXPECT_EQ(page.words[1].boxes[1], (Box{50, 104, 80, 114}));
}

TEST(PageText, KeepsAHyphenThatBelongsToTheWord) {
  EXPECT_EQ(TypeSetter().line(U"1998\x02", 50, 700).line(U"2001 ok", 50, 688).text(), "1998-2001\nok");
  EXPECT_EQ(TypeSetter().line(U"Jean\x02", 50, 700).line(U"Paul", 50, 688).text(), "Jean-Paul");
  EXPECT_EQ(TypeSetter().line(U"ENGI\x02", 50, 700).line(U"NEER", 50, 688).text(), "ENGINEER");
  EXPECT_EQ(TypeSetter().line(U"last\x02", 50, 700).text(), "last-");
}

TEST(PageText, AWordBrokenAcrossColumnsStaysWhole) {
  EXPECT_EQ(TypeSetter().line(U"engi\x02", 50, 100).line(U"neer", 300, 700).text(), "engineer");
}

TEST(PageText, JoinsSurrogatesAndReplacesLoneOnes) {
  const Page page =
      TypeSetter()
          .line(std::u32string{U'a', char32_t{0xD83D}, char32_t{0xDE00}, U' ', char32_t{0xDE00}, U'b'}, 50, 700)
          .compose();
  EXPECT_EQ(page.text, "a\U0001F600 \uFFFDb");
  ASSERT_EQ(page.words.size(), 2U);
  EXPECT_EQ(word_text(page, 1), "\uFFFDb");
}

TEST(PageText, DropsControlCharactersAndNoncharacters) {
  EXPECT_EQ(TypeSetter()
                .line(std::u32string{U'a', char32_t{1}, U'b', char32_t{0xFFFE}, U'c', char32_t{0x110000}}, 50, 700)
                .text(),
            "abc\uFFFD");
}

TEST(PageText, TurnsRightToLeftLigaturesAround) {
  TypeSetter setter;
  setter.line(U"\u0633\u0627\u0644\u0645", 50, 700);
  std::vector<Glyph>& glyphs = setter.glyphs().glyphs;
  glyphs[2].left = glyphs[1].left;
  glyphs[2].right = glyphs[1].right;
  EXPECT_EQ(setter.text(), "\u0633\u0644\u0627\u0645");
}

TEST(PageText, LeavesLeftToRightLigaturesAlone) {
  TypeSetter setter;
  setter.line(U"office", 50, 700);
  std::vector<Glyph>& glyphs = setter.glyphs().glyphs;
  for (int i = 2; i < 4; ++i) {
    glyphs[i].left = glyphs[1].left;
    glyphs[i].right = glyphs[1].right;
  }
  EXPECT_EQ(setter.text(), "office");
}

TEST(PageText, CountsEachIdeographAsAWord) {
  const Page page = TypeSetter().line(U"\u6771\u4EAC is", 50, 700).compose();
  EXPECT_EQ(page.text, "\u6771\u4EAC is");
  ASSERT_EQ(page.words.size(), 3U);
  EXPECT_EQ(word_text(page, 0), "\u6771");
  EXPECT_EQ(page.words[1].boxes.at(0), (Box{55, 92, 60, 102}));
}

TEST(PageText, PlacesBoxesFromTheTopLeftOfTheCropBox) {
  TypeSetter setter;
  setter.line(U"ab", 150, 700);
  setter.glyphs().left = 100;
  setter.glyphs().top = 750;
  const Page page = setter.compose();
  EXPECT_EQ(page.words.at(0).boxes.at(0), (Box{50, 42, 60, 52}));
}

TEST(PageText, LeavesOutBoxesThatAreNone) {
  TypeSetter setter;
  setter.line(U"abc", 50, 700);
  setter.glyphs().glyphs[0].left = std::numeric_limits<float>::quiet_NaN();
  setter.glyphs().glyphs[1].right = setter.glyphs().glyphs[1].left;
  setter.glyphs().glyphs[2].top = 1e30F;
  const Page page = setter.compose();
  EXPECT_EQ(page.text, "abc");
  EXPECT_TRUE(page.words.at(0).boxes.empty());
}

TEST(PageText, KeepsItsPromisesForRandomGlyphs) {
  std::mt19937 random(11);
  constexpr char32_t kCodes[] = {U'a', U'Z',  U'7',   U' ',    U'\r',    U'\n',     kLineEndHyphen, U'.',
                                 0,    7,     0xA0,   0x6771,  0xD83D,   0xDE00,    0x0644,         0x0627,
                                 U'-', 0x300, 0xFFFF, 0x1F600, 0x110000, 0xFFFFFFFF};
  for (int round = 0; round < 2'000; ++round) {
    PageGlyphs glyphs;
    for (std::size_t count = random() % 60; count > 0; --count) {
      const auto number = [&] { return static_cast<float>(random() % 800); };
      if (random() % 3 == 0) {
        glyphs.styles.push_back({glyphs.glyphs.size(), static_cast<float>(random() % 20), number(), number(),
                                 static_cast<int>(random() % 4)});
      }
      glyphs.glyphs.push_back({kCodes[random() % std::size(kCodes)], number(), number(), number(), number()});
    }
    Page page;
    compose_text(glyphs, page);
    ASSERT_TRUE(text::is_valid_utf8(page.text));
    ASSERT_EQ(text::trim(page.text), page.text);
    ASSERT_EQ(page.text.find("\n\n\n"), std::string::npos);
    std::uint32_t end = 0;
    for (const Word& word : page.words) {
      ASSERT_GE(word.begin, end);
      ASSERT_LT(word.begin, word.end);
      end = word.end;
      for (const Box& box : word.boxes) ASSERT_TRUE(box.x0 <= box.x1 && box.y0 <= box.y1);
    }
    ASSERT_EQ(end, page.text.size());
  }
}

}  // namespace
}  // namespace jackdaw::extract
