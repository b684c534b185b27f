#include "core/text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace jackdaw::text {
namespace {

std::filesystem::path test_data() {
  const char* given = std::getenv("JACKDAW_TEST_DATA");
  return given != nullptr ? given : JACKDAW_SOURCE_DIR "/../shared/data";
}

std::string from_hex_list(const std::string& list) {
  std::string out;
  std::istringstream in(list);
  for (std::string code; in >> code;) append_utf8(out, static_cast<char32_t>(std::stoul(code, nullptr, 16)));
  return out;
}

std::vector<std::string_view> slices(std::string_view text, const std::vector<Range>& ranges) {
  std::vector<std::string_view> out;
  for (const Range& range : ranges) out.push_back(text.substr(range.begin, range.end - range.begin));
  return out;
}

TEST(Text, ReplacesIllFormedPartsOneByOne) {
  EXPECT_TRUE(is_valid_utf8("na\xC3\xAFve"));
  EXPECT_FALSE(is_valid_utf8("\xC3"));
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_EQ(sanitize("a\xC3"), "a\xEF\xBF\xBD");
  EXPECT_EQ(sanitize("\xF0\x9F\x98z"), "\xEF\xBF\xBDz");
  EXPECT_EQ(sanitize(std::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(sanitize("\xE2\x82\xAC 68,400"), "\xE2\x82\xAC 68,400");
}

TEST(Text, CountsAndCutsByCodePointsAtGraphemeBorders) {
  const std::string family = "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7";  // woman, joiner, girl: one grapheme
  EXPECT_EQ(count_code_points(family), 3U);
  EXPECT_EQ(truncate("a" + family + "b", 3), "a");
  EXPECT_EQ(truncate("a" + family + "b", 4), "a" + family);
  EXPECT_EQ(truncate("abc", 10), "abc");
  EXPECT_EQ(truncate("e\xCC\x81x", 1), "");
}

TEST(Text, SplitsSentencesButNotAtAbbreviations) {
  const std::string text =
      "Dr. Smith paid \xE2\x82\xAC"
      "3.50. He left! Why?";
  EXPECT_EQ(slices(text, sentences(text)), (std::vector<std::string_view>{"Dr. Smith paid \xE2\x82\xAC"
                                                                          "3.50. ",
                                                                          "He left! ", "Why?"}));
  EXPECT_TRUE(sentences("").empty());
}

TEST(Text, FindsWordsOfManyScripts) {
  const std::string text = "The Magpie-7 costs 68,400! caf\xC3\xA9 \xD0\xBC\xD0\xB8\xD1\x80";
  EXPECT_EQ(slices(text, words(text)), (std::vector<std::string_view>{"The", "Magpie", "7", "costs", "68,400",
                                                                      "caf\xC3\xA9", "\xD0\xBC\xD0\xB8\xD1\x80"}));
}

TEST(Text, FoldsCaseAndCompatibilityForms) {
  EXPECT_EQ(fold_case("Stra\xC3\x9F"
                      "E"),
            "strasse");
  EXPECT_EQ(normalize_for_matching("\xEF\xAC\x81le \xEF\xBC\xA1"), "file a");
  EXPECT_EQ(normalize_for_matching("soft\xC2\xADhyphen"), "softhyphen");
}

TEST(Text, TrimsAndEstimates) {
  EXPECT_EQ(trim("  a b\n"), "a b");
  EXPECT_EQ(trim(" \t\n"), "");
  EXPECT_EQ(estimate_tokens(""), 0U);
  EXPECT_EQ(estimate_tokens("abcdefgh"), 2U);
}

TEST(Text, DecomposesLikeTheUnicodeNormalizationTest) {
  std::ifstream file(test_data() / "conformance/unicode/NormalizationTest.txt");
  if (!file) GTEST_SKIP() << "no Unicode conformance data in " << test_data();
  int checked = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '@') continue;
    std::istringstream columns(line);
    std::string source, composed, decomposed;
    std::getline(columns, source, ';');
    std::getline(columns, composed, ';');
    std::getline(columns, decomposed, ';');
    std::string got;
    for (const CodePoint& c : decode_nfd(from_hex_list(source))) append_utf8(got, c.value);
    ASSERT_EQ(got, from_hex_list(decomposed)) << line;
    ASSERT_EQ(nfc(from_hex_list(source)), from_hex_list(composed)) << line;
    ++checked;
  }
  EXPECT_GT(checked, 10'000);
}

TEST(Text, FindsGraphemeBordersLikeTheUnicodeBreakTest) {
  std::ifstream file(test_data() / "conformance/unicode/GraphemeBreakTest.txt");
  if (!file) GTEST_SKIP() << "no Unicode conformance data in " << test_data();
  int checked = 0;
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    if (trim(line).empty()) continue;
    std::istringstream in(line);
    std::string text;
    std::vector<std::size_t> expected;
    for (std::string part; in >> part;) {
      if (part == "\xC3\xB7")
        expected.push_back(text.size());
      else if (part != "\xC3\x97")
        append_utf8(text, static_cast<char32_t>(std::stoul(part, nullptr, 16)));
    }
    if (text.find("\xED\xA0\x80") != std::string::npos) continue;
    ASSERT_EQ(grapheme_borders(text), expected) << line;
    ++checked;
  }
  EXPECT_GT(checked, 500);
}

}  // namespace
}  // namespace jackdaw::text
