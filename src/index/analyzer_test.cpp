#include "index/analyzer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/text.h"
#include "tests/support/test_data.h"

namespace jackdaw::index {
namespace {

using Terms = std::vector<std::string>;

Terms plain(std::string_view text) {
  return Analyzer({.stem = false, .drop_stop_words = false}).terms(text);
}

void expect_sound(const std::string& text) {
  const Analyzer analyzer;
  const Terms terms = analyzer.terms(text);
  for (const std::string& term : terms) {
    ASSERT_FALSE(term.empty());
    ASSERT_LE(term.size(), AnalyzerOptions{}.max_term_bytes);
    ASSERT_TRUE(text::is_valid_utf8(term));
  }
  ASSERT_EQ(analyzer.terms(text::normalize_for_matching(text)), terms) << text;
}

TEST(Analyzer, CutsAtUnicodeWordsAndFoldsCase) {
  EXPECT_EQ(plain("The Magpie-7, at 68,400 (per unit)!"), (Terms{"the", "magpie", "7", "at", "68,400", "per", "unit"}));
  EXPECT_EQ(plain("ΣΊΣΥΦΟΣ Straße"), (Terms{"σίσυφοσ", "strasse"}));
}

TEST(Analyzer, TextsThatMatchUnderNfkcCasefoldGiveTheSameTerms) {
  EXPECT_EQ(plain("\uFF2D\uFF41\uFF47\uFF50\uFF49\uFF45"), Terms{"magpie"});  // full width
  EXPECT_EQ(plain("e\uFB03cient"), Terms{"efficient"});                       // ligature
  EXPECT_EQ(plain("cafe\u0301"), plain("CAF\u00C9"));                         // decomposed
  EXPECT_EQ(plain("co\u00ADoperate"), Terms{"cooperate"});                    // soft hyphen
  EXPECT_EQ(plain("10 k\u33A1"), plain("10 km2"));                            // square unit
}

TEST(Analyzer, StemsEnglishAndKnowsTypographicPossessives) {
  const Analyzer analyzer;
  EXPECT_EQ(analyzer.terms("running"), analyzer.terms("Runs"));
  EXPECT_EQ(analyzer.terms("the company\u2019s prices"), (Terms{"compani", "price"}));
}

TEST(Analyzer, DropsStopWordsBeforeStemming) {
  EXPECT_EQ(Analyzer({.stem = false}).terms("What is the price of THE nest?"), (Terms{"price", "nest"}));
  EXPECT_TRUE(Analyzer().terms("to be or not to be").empty());
}

TEST(Analyzer, CutsLongTermsAtACodePointBorder) {
  const Analyzer analyzer({.stem = false, .drop_stop_words = false, .max_term_bytes = 5});
  EXPECT_EQ(analyzer.terms("abcdefgh"), Terms{"abcde"});
  EXPECT_EQ(analyzer.terms("ааааа"), Terms{"аа"});
  EXPECT_TRUE(Analyzer({.stem = false, .drop_stop_words = false, .max_term_bytes = 1}).terms("д").empty());
}

TEST(Analyzer, TurnsHanKanaAndHangulIntoPairs) {
  for (const auto language : {AnalyzerLanguage::kEnglish, AnalyzerLanguage::kUnicode}) {
    const Analyzer analyzer({.language = language});
    EXPECT_EQ(analyzer.terms("東京都"), (Terms{"東京", "京都"}));
    EXPECT_EQ(analyzer.terms("猫"), Terms{"猫"});
    EXPECT_EQ(analyzer.terms("猫、犬。"), (Terms{"猫", "犬"}));
    EXPECT_EQ(analyzer.terms("コーヒ"), (Terms{"コー", "ーヒ"}));
    EXPECT_EQ(analyzer.terms("ｺｰﾋ"), (Terms{"コー", "ーヒ"}));  // half width
    EXPECT_EQ(analyzer.terms("한국어"), (Terms{"한국", "국어"}));
    EXPECT_EQ(analyzer.terms("〇一"), Terms{"〇一"});
    EXPECT_EQ(analyzer.terms("𠀀𠀁"), Terms{"𠀀𠀁"});
    EXPECT_EQ(analyzer.terms("iPhone15手机壳"), (Terms{"iphone15", "手机", "机壳"}));
  }
}

TEST(Analyzer, InAnyOtherLanguageKeepsEveryWordAsItIsWritten) {
  const Analyzer analyzer({.language = AnalyzerLanguage::kUnicode});
  EXPECT_EQ(analyzer.terms("Was ist der Straßenname?"), (Terms{"was", "ist", "der", "strassenname"}));
  EXPECT_EQ(analyzer.terms("the running was"), (Terms{"the", "running", "was"}));
  EXPECT_EQ(analyzer.fingerprint(), Analyzer({.language = AnalyzerLanguage::kUnicode, .stem = false}).fingerprint());
  EXPECT_NE(analyzer.fingerprint(), Analyzer({.stem = false, .drop_stop_words = false}).fingerprint());
}

TEST(Analyzer, AMegabyteOfAnythingIsReadInTimeInProportion) {
  const Analyzer analyzer;
  for (const std::string_view unit : {"a", "\xCC\x81", "\u6F22", "\u0E01", "\u1780", "\U0001F469\u200D", "'", ".a",
                                      "\u2019s ", "\uD55C ", "\xFF", "1,", "\u0627\u0644", "\U0001F1E6", "a\u00AD"}) {
    std::string text;
    while (text.size() < (std::size_t{1} << 20)) text += unit;
    const Terms terms = analyzer.terms(text);
    EXPECT_LE(terms.size(), text.size());
  }
}

TEST(Analyzer, GivesNothingForTextWithoutWords) {
  EXPECT_TRUE(plain("").empty());
  EXPECT_TRUE(plain(" \n\t ... !? \u2014").empty());
}

TEST(Analyzer, AnyBytesAreFine) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  expect_sound(all);
  expect_sound("word\xff\xfe" + std::string(1, '\0') + "word");
  expect_sound(std::string(100'000, 'a'));
}

TEST(Analyzer, IsSoundOnTheUnicodeFilesAndNaughtyStrings) {
  const auto folder = testing::test_data(JACKDAW_SOURCE_DIR) / "conformance";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent: set JACKDAW_TEST_DATA to the test data.";
  std::size_t lines = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto parent = entry.path().parent_path().filename();
    if (!entry.is_regular_file() || (parent != "unicode" && parent != "strings")) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    for (std::string line; std::getline(in, line) && lines < 30'000; ++lines) expect_sound(line);
  }
  EXPECT_GT(lines, 500u);
}

TEST(Analyzer, ManyThreadsMayUseOne) {
  const Analyzer analyzer;
  const Terms expected = analyzer.terms("The quickest foxes were jumping over lazier dogs");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        EXPECT_EQ(analyzer.terms("The quickest foxes were jumping over lazier dogs"), expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace jackdaw::index
