#include "server/document_content.h"

#include <gtest/gtest.h>

namespace jackdaw::server {
namespace {

using Kind = WantedRange::Kind;

WantedRange part(std::uint64_t first, std::uint64_t bytes) {
  return {Kind::kPart, {first, bytes}};
}

TEST(DocumentContent, ARangeIsCutToTheFile) {
  EXPECT_EQ(parse_range("bytes=0-0", 10), part(0, 1));
  EXPECT_EQ(parse_range("bytes=2-5", 10), part(2, 4));
  EXPECT_EQ(parse_range("bytes=2-", 10), part(2, 8));
  EXPECT_EQ(parse_range("bytes=2-99999999999999999999999", 10), part(2, 8));
  EXPECT_EQ(parse_range("bytes=-3", 10), part(7, 3));
  EXPECT_EQ(parse_range("bytes=-30", 10), part(0, 10));
  EXPECT_EQ(parse_range(" Bytes = 9-9 ", 10), WantedRange{}) << "a unit is a token";
  EXPECT_EQ(parse_range("BYTES=9-9", 10), part(9, 1));
}

TEST(DocumentContent, ARangeBehindTheEndHasNothing) {
  EXPECT_EQ(parse_range("bytes=10-", 10).kind, Kind::kNone);
  EXPECT_EQ(parse_range("bytes=10-20", 10).kind, Kind::kNone);
  EXPECT_EQ(parse_range("bytes=-0", 10).kind, Kind::kNone);
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, Kind::kNone);
  EXPECT_EQ(parse_range("bytes=-5", 0).kind, Kind::kNone);
  EXPECT_EQ(parse_range("bytes=99999999999999999999999-", 10).kind, Kind::kNone);
}

TEST(DocumentContent, WhatIsNoSingleRangeIsTheWholeFile) {
  for (const char* field : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "bytes=5-2", "bytes=1",
                            "lines=1-2", "bytes=1-2-3", "bytes=--1", "bytes=+1-2", "bytes=1 -2"}) {
    EXPECT_EQ(parse_range(field, 10).kind, Kind::kWhole) << field;
  }
}

TEST(DocumentContent, ATagIsFoundInAList) {
  EXPECT_TRUE(names_etag("\"a\"", "\"a\""));
  EXPECT_TRUE(names_etag("\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(names_etag("*", "\"a\""));
  EXPECT_FALSE(names_etag("", "\"a\""));
  EXPECT_FALSE(names_etag("a", "\"a\""));
  EXPECT_FALSE(names_etag("\"b\",", "\"a\""));
}

}  // namespace
}  // namespace jackdaw::server
