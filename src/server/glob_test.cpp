#include "server/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace jackdaw::server {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  return Glob(pattern).matches(path);
}

TEST(Glob, TakesPlainTextAsItIs) {
  EXPECT_TRUE(matches("docs/a.pdf", "docs/a.pdf"));
  EXPECT_FALSE(matches("docs/a.pdf", "docs/b.pdf"));
  EXPECT_FALSE(matches("docs/a.pdf", "docs"));
  EXPECT_FALSE(matches("docs/a.pdf", "docs/a.pdf/x"));
  EXPECT_FALSE(matches("a.pdf", "aXpdf"));
  EXPECT_TRUE(matches("", ""));
}

TEST(Glob, AStarStaysInsideItsFolder) {
  EXPECT_TRUE(matches("*.pdf", "a.pdf"));
  EXPECT_TRUE(matches("*.pdf", ".pdf"));
  EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches("a*b*c", "a-b-b-d"));
  EXPECT_FALSE(matches("*.pdf", "docs/a.pdf"));
  EXPECT_TRUE(matches("docs/*/a.pdf", "docs/x/a.pdf"));
  EXPECT_FALSE(matches("docs/*/a.pdf", "docs/x/y/a.pdf"));
  EXPECT_TRUE(matches("***", "abc"));
}

TEST(Glob, TwoStarsAreAnyNumberOfFolders) {
  EXPECT_TRUE(matches("docs/**/*.pdf", "docs/a.pdf"));
  EXPECT_TRUE(matches("docs/**/*.pdf", "docs/x/y/z/a.pdf"));
  EXPECT_FALSE(matches("docs/**/*.pdf", "docs/x/a.txt"));
  EXPECT_FALSE(matches("docs/**/*.pdf", "other/a.pdf"));
  EXPECT_TRUE(matches("**/a", "a"));
  EXPECT_TRUE(matches("**/x/**/a", "1/x/2/x/3/a"));
  EXPECT_FALSE(matches("**/x/**/a", "1/2/3/a"));
  EXPECT_TRUE(matches("docs/**", "docs/x/y"));
  EXPECT_TRUE(matches("a**b", "axxb"));
  EXPECT_FALSE(matches("a**b", "ax/xb"));
}

TEST(Glob, AQuestionMarkIsOneCharacterNotOneByte) {
  EXPECT_TRUE(matches("r?sum?.pdf", "résumé.pdf"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_FALSE(matches("?", "ab"));
  EXPECT_FALSE(matches("a?b", "a/b"));
}

TEST(Glob, SetsListOrExcludeCharacters) {
  EXPECT_TRUE(matches("[a-c]x", "bx"));
  EXPECT_FALSE(matches("[a-c]x", "dx"));
  EXPECT_TRUE(matches("[!a-c]x", "dx"));
  EXPECT_FALSE(matches("[^a-c]x", "ax"));
  EXPECT_TRUE(matches("[]]", "]"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[ä-ü]", "ö"));
  EXPECT_TRUE(matches("[open", "[open"));
}

TEST(Glob, ABackslashTakesTheNextCharacterAsItIs) {
  EXPECT_TRUE(matches(R"(a\*b)", "a*b"));
  EXPECT_FALSE(matches(R"(a\*b)", "axb"));
  EXPECT_TRUE(matches("end\\", "end\\"));
}

TEST(Glob, QuotedTextMatchesOnlyItself) {
  const std::string odd = R"(/a*b/[c]/d?\e)";
  EXPECT_TRUE(matches(quoted_for_glob(odd), odd));
  EXPECT_FALSE(matches(quoted_for_glob("a*"), "ab"));
}

TEST(Glob, NoPatternTakesLong) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "*a";
  pattern += "b";
  std::string folders;
  for (int i = 0; i < 40; ++i) folders += "**/x/";
  std::string path;
  for (int i = 0; i < 400; ++i) path += "x/";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(matches(pattern, std::string(2000, 'a')));
  EXPECT_FALSE(matches(folders + "end", path + "other"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Glob, WildcardsAreSeen) {
  EXPECT_TRUE(has_wildcard("a*"));
  EXPECT_TRUE(has_wildcard("[x]"));
  EXPECT_FALSE(has_wildcard("plain.pdf"));
}

}  // namespace
}  // namespace jackdaw::server
