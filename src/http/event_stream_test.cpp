#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "http/event_stream_reader.h"
#include "http/event_stream_writer.h"
#include "tests/support/http_sse_vectors.h"

namespace jackdaw::http {
namespace {

using Events = std::vector<ServerSentEvent>;
using namespace std::string_literals;

struct Reading {
  Events events;
  std::vector<std::string> unknown;
  std::optional<std::uint64_t> retry_ms;
};

Reading read(const std::vector<std::string_view>& pieces, EventStreamLimits limits = {}) {
  Reading reading;
  EventStreamReader reader([&](ServerSentEvent&& event) { reading.events.push_back(std::move(event)); }, limits);
  reader.set_on_unknown_field(
      [&](const EventStreamReader::UnknownField& field) { reading.unknown.emplace_back(field.line); });
  for (const std::string_view piece : pieces) reader.feed(piece);
  reading.retry_ms = reader.retry_ms();
  return reading;
}

// At once, cut at every position, and byte by byte.
void expect_events(const std::string& bytes, const Events& expected, std::optional<std::uint64_t> retry_ms = {}) {
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view all = bytes;
    const Reading reading = read({all.substr(0, cut), all.substr(cut)});
    ASSERT_EQ(reading.events, expected) << "cut at " << cut << " of " << bytes;
    ASSERT_EQ(reading.retry_ms, retry_ms) << "cut at " << cut << " of " << bytes;
  }
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.emplace_back(std::string_view(bytes).substr(i, 1));
  EXPECT_EQ(read(single).events, expected) << bytes;
}

Events messages(const std::vector<std::string>& datas) {
  Events events;
  for (const std::string& data : datas) events.push_back({"message", data, ""});
  return events;
}

TEST(EventStreamReader, ReadsTheCasesOfTheStandardHoweverTheyAreCut) {
  expect_events("data: a\n\n", messages({"a"}));
  expect_events("data:a\n\n", messages({"a"}));
  expect_events("data:  a\n\n", messages({" a"}));
  expect_events("data: a\r\rdata: b\r\r", messages({"a", "b"}));
  expect_events("data: a\r\n\r\n", messages({"a"}));
  expect_events("data: a\ndata: b\n\n", messages({"a\nb"}));
  expect_events("data\n\n", messages({""}));
  expect_events("data:\ndata:\n\n", messages({"\n"}));
  expect_events("event: x\n\n", {});
  expect_events("event: x\ndata: 1\n\ndata: 2\n\n", {{"x", "1", ""}, {"message", "2", ""}});
  expect_events(": ping\n\ndata: 1\n\n", messages({"1"}));
  expect_events(":\n\n:\n\ndata: 1\n\n", messages({"1"}));
  expect_events("id: 7\ndata: a\n\ndata: b\n\n", {{"message", "a", "7"}, {"message", "b", "7"}});
  expect_events("id: 1\n\nid: 7\0\ndata: a\n\n"s, {{"message", "a", "1"}});
  expect_events("retry: 15x\nretry: 3000\n\n", {}, 3000);
  expect_events("retry: 99999999999999999999999\nretry: -1\nretry:\n\n", {});
  expect_events(
      "\xEF\xBB\xBF"
      "data: a\n\n",
      messages({"a"}));
  expect_events("data: a\n", {});
  expect_events(
      "data: {\"t\":\"a\xE2\x80\xA8"
      "b\"}\n\n",
      messages({"{\"t\":\"a\xE2\x80\xA8"
                "b\"}"}));
  expect_events("foo: bar\nDATA: x\ndata: y\n\n", messages({"y"}));
  expect_events("data: \xFF\xC3\n\n", messages({"\xEF\xBF\xBD\xEF\xBF\xBD"}));
}

TEST(EventStreamReader, PassesThePublicConformanceVectors) {
  const char* root = std::getenv("JACKDAW_TEST_DATA");
  const std::string path =
      (root != nullptr ? root : JACKDAW_SOURCE_DIR "/../shared/data") + "/conformance/sse-vectors.json"s;
  const std::vector<SseVector> vectors = read_sse_vectors(path);
  if (vectors.empty()) GTEST_SKIP() << path << " is not there";
  EXPECT_GE(vectors.size(), 24U);
  for (const SseVector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const std::string_view all = vector.body;
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
      const Reading reading = read({all.substr(0, cut), all.substr(cut)});
      ASSERT_EQ(reading.events, vector.events) << "cut at " << cut;
      if (vector.retry_ms) {
        ASSERT_EQ(reading.retry_ms, vector.retry_ms) << "cut at " << cut;
      }
    }
  }
}

TEST(EventStreamReader, GivesAnEventWithTheByteThatCompletesIt) {
  EXPECT_EQ(read({"data: a\r\r"}).events.size(), 1U);
  EXPECT_EQ(read({"data: a\n", "\n"}).events.size(), 1U);
}

TEST(EventStreamReader, TellsOfFieldsItDoesNotKnow) {
  EXPECT_EQ(read({"error: {\"a\":1}\ndata: x\n{\"b\"\n: comment\n\n"}).unknown,
            (std::vector<std::string>{"error: {\"a\":1}", "{\"b\""}));
}

TEST(EventStreamReader, KeepsTheUnfinishedLine) {
  EventStreamReader reader([](ServerSentEvent&&) { FAIL(); });
  reader.feed("data: a\n{\"error\":");
  reader.feed("1}");
  EXPECT_EQ(reader.unfinished_line(), "{\"error\":1}");
}

TEST(EventStreamReader, TheLastIdIsThatOfTheLastWholeEvent) {
  EventStreamReader reader([](ServerSentEvent&&) {});
  reader.feed("id: 1\ndata: a\n\nid: 2\ndata: cut off");
  EXPECT_EQ(reader.last_event_id(), "1");
}

TEST(EventStreamReader, LinesAndEventsAreBounded) {
  const EventStreamLimits limits{.max_line_bytes = 20, .max_event_bytes = 30};
  EXPECT_NO_THROW(read({"data: 0123456789abcd\n\n"}, limits));
  EXPECT_THROW(read({"data: 0123456789abcde"}, limits), Error);
  EXPECT_THROW(read({"data: 0123", "456789", "abcde"}, limits), Error);
  EXPECT_THROW(read({"data: 0123456789ab\ndata: 0123456789ab\ndata: 0123456789ab\n"}, limits), Error);
}

TEST(EventStreamWriter, WhatItWritesIsReadBack) {
  const std::vector<std::string> datas = {
      "", "a", " a", "a\nb", "\n", "a\n", "\xE2\x82\xAC: x", "{\"token\": \"The\"}"};
  std::string stream;
  Events expected;
  int id = 0;
  for (const std::string& data : datas) {
    const std::string name = std::to_string(++id);
    append_event(stream, {.id = name, .event = "token", .data = data});
    stream += kEventStreamPing;
    expected.push_back({"token", data, name});
  }
  expect_events(stream, expected);
}

TEST(EventStreamWriter, WritesOneLineAFieldAndABlankLine) {
  EXPECT_EQ(encode_event({.id = "a:1", .event = "token", .data = "x"}), "id: a:1\nevent: token\ndata: x\n\n");
  EXPECT_EQ(encode_event({.id = {}, .event = "", .data = "x"}), "data: x\n\n");
}

TEST(EventStreamWriter, NothingEscapesFromItsField) {
  const std::string id = "1\r\ndata: forged\n\n\0"s;
  const std::string event = encode_event({.id = id, .event = "a\nb\rc", .data = "x\r\ny\rz\xFF"});
  EXPECT_EQ(event, "id: 1data: forged\nevent: abc\ndata: x\ndata: y\ndata: z\xEF\xBF\xBD\n\n");
}

}  // namespace
}  // namespace jackdaw::http
