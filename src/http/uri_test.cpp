#include "http/uri.h"

#include <gtest/gtest.h>

namespace jackdaw::http {
namespace {

using Strings = std::vector<std::string>;

TEST(Uri, DecodesEscapesAndRefusesBrokenOnes) {
  EXPECT_EQ(percent_decode("a%20b%C3%a9+"), "a b\xC3\xA9+");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (const char* text : {"%", "%4", "a%4g", "%%20"}) EXPECT_FALSE(percent_decode(text).has_value()) << text;
}

TEST(Uri, EveryByteSurvivesEncodingAndDecoding) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(Uri, AnEncodedSlashStaysInsideItsSegment) {
  const auto target = parse_target("/v1/documents/a%2Fb%20c");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/v1/documents/a%2Fb%20c");
  EXPECT_EQ(target->segments, (Strings{"v1", "documents", "a/b c"}));
}

TEST(Uri, ThePathIsSplitAtEverySlash) {
  EXPECT_EQ(parse_target("/")->segments, Strings{""});
  EXPECT_EQ(parse_target("/a/")->segments, (Strings{"a", ""}));
  EXPECT_EQ(parse_target("//a")->segments, (Strings{"", "a"}));
}

TEST(Uri, TheQueryIsDecodedInOrder) {
  const auto target = parse_target("/x?a=1&b=x+y%26&&c&a=2&d=%zz");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/x");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1"}, {"b", "x y&"}, {"c", ""}, {"a", "2"}, {"d", "%zz"}};
  EXPECT_EQ(target->query, expected);
}

TEST(Uri, AnAbsoluteTargetGivesItsAuthority) {
  const auto target = parse_target("HTTP://example.org:81?q=1");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->authority, "example.org:81");
  EXPECT_EQ(target->path, "/");
  EXPECT_EQ(target->query.size(), 1U);
}

TEST(Uri, RefusesTargetsThatAreNone) {
  for (const char* text :
       {"", "a", "example.org:80", "ftp://x/", "http:///x", "/a b", "/a\tb", "/a%00b", "/a%", "/a#b"}) {
    EXPECT_FALSE(parse_target(text).has_value()) << text;
  }
  EXPECT_EQ(parse_target("*")->path, "*");
}

}  // namespace
}  // namespace jackdaw::http
