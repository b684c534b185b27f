#include "http/request_parser.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace jackdaw::http {
namespace {

using namespace std::string_literals;

struct Parsed {
  RequestHead head;
  std::string body;
  bool done = false;
  std::string rest;  // what was not consumed
};

// Gives the bytes in steps of `step`, as a connection would.
Parsed parse(const std::string& bytes, std::size_t step, RequestParser::Limits limits = {}) {
  RequestParser parser(limits);
  std::string waiting;
  std::size_t given = 0;
  const auto more = [&] {
    if (given >= bytes.size()) return false;
    waiting += bytes.substr(given, step);
    given += step;
    return true;
  };
  Parsed parsed;
  while (!parser.head_done() && more()) waiting.erase(0, parser.feed_head(waiting));
  if (!parser.head_done()) return parsed;
  parsed.head = parser.head();
  std::array<char, 7> piece;
  while (!parser.body_done()) {
    const auto step_done = parser.feed_body(waiting, piece);
    waiting.erase(0, step_done.consumed);
    parsed.body.append(piece.data(), step_done.produced);
    if (step_done.consumed == 0 && step_done.produced == 0 && !more()) break;
  }
  parsed.done = parser.body_done();
  parsed.rest = waiting;
  return parsed;
}

// "ok", or the code of the refusal, the same however the bytes arrive.
std::string verdict(const std::string& bytes, RequestParser::Limits limits = {}) {
  std::string first;
  for (const std::size_t step : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    std::string now;
    try {
      now = parse(bytes, step, limits).done ? "ok" : "incomplete";
    } catch (const Error& error) {
      now = to_string(error.code());
    }
    if (first.empty()) first = now;
    EXPECT_EQ(now, first) << "in steps of " << step << ": " << bytes.substr(0, 200);
  }
  return first;
}

TEST(RequestParser, ReadsHeadAndBodyHoweverTheyAreCut) {
  const std::string bytes =
      "POST /query?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nX-B:  two words \r\n\r\nhello world";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    ASSERT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.head.method, "POST");
    EXPECT_EQ(parsed.head.target, "/query?x=1");
    EXPECT_EQ(parsed.head.headers.get("x-b"), "two words");
    EXPECT_EQ(parsed.head.content_length, 11U);
    EXPECT_EQ(parsed.body, "hello world");
  }
}

TEST(RequestParser, ReadsChunkedBodiesHoweverTheyAreCut) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5\r\nhello\r\nB;ext=\"q\"\r\n, big world\r\n0\r\nX-Trailer: t\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    ASSERT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.body, "hello, big world");
    EXPECT_FALSE(parsed.head.content_length.has_value());
    EXPECT_FALSE(parsed.head.headers.contains("X-Trailer"));
  }
}

TEST(RequestParser, LeavesTheNextRequestAlone) {
  const Parsed parsed = parse("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n", 1000);
  EXPECT_TRUE(parsed.done);
  EXPECT_EQ(parsed.rest, "GET /2 HTTP/1.1\r\n");
}

TEST(RequestParser, KnowsWhenTheConnectionIsToBeKept) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 99).head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", 99).head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n", 99).head.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99).head.keep_alive);
}

TEST(RequestParser, RefusesWhatTwoReadersCouldUnderstandDifferently) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::vector<std::string> fields = {
      "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
      "Content-Length: 3\r\nContent-Length: 3\r\n",
      "Content-Length: 3\r\nContent-Length: 4\r\n",
      "Content-Length: 3, 3\r\n",
      "Content-Length: +3\r\n",
      "Content-Length: -3\r\n",
      "Content-Length: 0x3\r\n",
      "Content-Length: 3 3\r\n",
      "Content-Length:\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding : chunked\r\n",
      "Content-Length : 3\r\n",
      " Content-Length: 3\r\n",
      "X: a\r\n\tb\r\n",
      "X\tY: 1\r\n",
      "X: a\rb\r\n",
      "X: a\nContent-Length: 3\r\n",
      "X: a\0b\r\n"s,
      "Host: b\r\n",
      ": x\r\n",
      "no colon\r\n",
  };
  for (const std::string& field : fields) EXPECT_EQ(verdict(start + field + "\r\nabc"), "invalid_argument") << field;
  EXPECT_EQ(verdict("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "invalid_argument");
}

TEST(RequestParser, RefusesBrokenRequestLines) {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  for (const std::string line : {"GET  / HTTP/1.1", "GET /", "GET / HTTP/1.1 ", "GET / http/1.1", "GET / HTTP/1",
                                 "G(T / HTTP/1.1", "GET /\x01 HTTP/1.1", " GET / HTTP/1.1"}) {
    EXPECT_EQ(verdict(line + rest), "invalid_argument") << line;
  }
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\n\r\n"), "invalid_argument") << "HTTP/1.1 without Host";
}

TEST(RequestParser, TellsAtOnceThatATlsHandshakeIsNoRequest) {
  RequestParser parser({});
  EXPECT_THROW(parser.feed_head("\x16\x03\x01"), Error);
}

int status_of(const std::string& bytes) {
  RequestParser parser({});
  EXPECT_THROW(parser.feed_head(bytes), Error);
  return parser.status();
}

TEST(RequestParser, OtherVersionsAndCodingsHaveStatusesOfTheirOwn) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"), 501);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"), 501);
}

TEST(RequestParser, LimitsTheTargetAndTheHead) {
  const RequestParser::Limits limits{.max_header_bytes = 1000, .max_target_bytes = 100};
  const auto with_target = [](std::size_t n) {
    return "GET /" + std::string(n - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(verdict(with_target(100), limits), "ok");
  EXPECT_EQ(verdict(with_target(101), limits), "uri_too_long");
  EXPECT_EQ(verdict(with_target(5000), limits), "uri_too_long");

  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const auto with_field = [&](std::size_t total) {
    return start + "X: " + std::string(total - start.size() - 7, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(verdict(with_field(1000), limits), "ok");
  EXPECT_EQ(verdict(with_field(1001), limits), "header_too_large");
  EXPECT_EQ(verdict(with_field(5000), limits), "header_too_large");
  std::string many = start;
  while (many.size() < 1000) many += "A: b\r\n";
  EXPECT_EQ(verdict(many + "\r\n", limits), "header_too_large");
}

TEST(RequestParser, RefusesBrokenChunks) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"x\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "ffffffffffffffffff\r\n",
                                 "-1\r\nabc\r\n", "3 \nabc\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n"}) {
    EXPECT_EQ(verdict(head + body), "invalid_argument") << body;
  }
  EXPECT_EQ(verdict(head + "3\r\nabc\r\n"), "incomplete");
}

}  // namespace
}  // namespace jackdaw::http
