#include "http/header_value.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "http/headers.h"

namespace jackdaw::http {
namespace {

TEST(Headers, NamesCompareWithoutCase) {
  const Headers headers = {{"Content-Type", "text/plain"}, {"X-A", "1"}, {"x-a", "2"}};
  EXPECT_EQ(headers.get("content-TYPE"), "text/plain");
  EXPECT_EQ(headers.all("X-A"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_FALSE(headers.find("X-B").has_value());
}

TEST(Headers, SetReplacesAllFieldsOfThatName) {
  Headers headers = {{"X-A", "1"}, {"x-a", "2"}};
  headers.set("X-a", "3");
  EXPECT_EQ(headers.all("x-a"), (std::vector<std::string_view>{"3"}));
}

TEST(Headers, SetMayTakeAValueOfTheSameHeaders) {
  Headers headers = {{"X-A", "a value longer than the small string optimisation"}};
  headers.set("X-A", headers.get("X-A"));
  EXPECT_EQ(headers.get("X-A"), "a value longer than the small string optimisation");
}

TEST(Headers, RefuseALineOfItsOwnInAValueOrAName) {
  using namespace std::string_view_literals;
  Headers headers;
  for (const auto value : {"a\r\nSet-Cookie: x"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "a\x7f"sv, "a\x01"sv}) {
    EXPECT_THROW(headers.add("X-A", value), Error);
  }
  for (const auto name : {""sv, "a b"sv, "a:"sv, "a\r\n"sv}) EXPECT_THROW(headers.set(name, "x"), Error);
  EXPECT_EQ(headers.size(), 0U);
}

TEST(HeaderValue, ReadsParametersWithAndWithoutQuotes) {
  const auto parsed = parse_parameterized("Text/HTML ; Charset=utf-8;a=\"x;\\\"y\\\\\" ;b=");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->value, "Text/HTML");
  EXPECT_EQ(parsed->parameter("charset"), "utf-8");
  EXPECT_EQ(parsed->parameter("a"), "x;\"y\\");
  EXPECT_EQ(parsed->parameter("b"), "");
  EXPECT_FALSE(parsed->parameter("c").has_value());
}

TEST(HeaderValue, RefusesWhatHasTwoReadings) {
  for (const char* text : {"", " ", ";a=b", "x; a=1; A=2", "x; a=\"b", "x; a=\"b\" c", "x; a b=c", "x; a", "x; =b"}) {
    EXPECT_FALSE(parse_parameterized(text).has_value()) << text;
  }
}

TEST(HeaderValue, ToleratesEmptyParameters) {
  const auto parsed = parse_parameterized("x;; a=b;");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->parameters.size(), 1U);
}

TEST(HeaderValue, MediaTypeIsLowerCaseWithoutParameters) {
  EXPECT_EQ(media_type_of("Application/JSON; charset=utf-8"), "application/json");
  EXPECT_EQ(media_type_of("application/json"), "application/json");
  for (const char* text : {"", "json", "a/", "/b", "a b/c", "text/html, text/plain"})
    EXPECT_EQ(media_type_of(text), "");
}

TEST(HeaderValue, ListsAreSplitAtCommas) {
  EXPECT_TRUE(list_contains("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(list_contains("close", "close"));
  EXPECT_FALSE(list_contains("closed", "close"));
  EXPECT_FALSE(list_contains("", "close"));
}

}  // namespace
}  // namespace jackdaw::http
