#include "http/response_head_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace jackdaw::http {
namespace {

TEST(ResponseHeadReader, ReadsAHead) {
  ResponseHeadReader reader;
  EXPECT_FALSE(reader.has_begun());
  EXPECT_TRUE(reader.take_line("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(reader.has_begun());
  EXPECT_TRUE(reader.take_line("Content-Type:  text/plain \r\n"));
  EXPECT_TRUE(reader.take_line("x-empty:\r\n"));
  EXPECT_FALSE(reader.is_complete());
  EXPECT_TRUE(reader.take_line("\r\n"));
  EXPECT_TRUE(reader.is_complete());
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.headers().get("content-type"), "text/plain");
  EXPECT_TRUE(reader.headers().contains("X-Empty"));
}

TEST(ResponseHeadReader, PassesOverInterimHeads) {
  ResponseHeadReader reader;
  for (const char* line : {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/2 503 \r\n"}) {
    reader.take_line(line);
    EXPECT_FALSE(reader.is_complete());
  }
  reader.take_line("\r\n");
  EXPECT_TRUE(reader.is_complete());
  EXPECT_EQ(reader.status(), 503);
  EXPECT_EQ(reader.headers().size(), 0U);
}

TEST(ResponseHeadReader, LeavesOutWhatIsNoField) {
  ResponseHeadReader reader;
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "a b: c\r\n", "no colon\r\n", " folded: x\r\n", "x: a\x01z\r\n",
                           ": nameless\r\n", "y: kept\r\n", "\r\n"}) {
    EXPECT_TRUE(reader.take_line(line));
  }
  EXPECT_EQ(reader.headers().size(), 1U);
  EXPECT_EQ(reader.headers().get("Y"), "kept");
}

TEST(ResponseHeadReader, OnlyCountsWhatComesBehindTheHead) {
  ResponseHeadReader reader;
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "\r\n", "Trailer: x\r\n"}) EXPECT_TRUE(reader.take_line(line));
  EXPECT_FALSE(reader.headers().contains("Trailer"));
  EXPECT_FALSE(reader.take_line(std::string(ResponseHeadReader::kMaxBytes, 'x')));
}

TEST(ResponseHeadReader, HeadsAreBoundedInterimOnesToo) {
  ResponseHeadReader reader;
  bool taken = true;
  int heads = 0;
  for (; taken && heads < 100'000; ++heads) taken = reader.take_line("HTTP/1.1 102 x\r\n") && reader.take_line("\r\n");
  EXPECT_FALSE(taken);
  EXPECT_LT(heads, 4000);
}

}  // namespace
}  // namespace jackdaw::http
