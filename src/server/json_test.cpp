#include "server/json.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "core/error.h"
#include "server/answer_json.h"
#include "server/error_response.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

TEST(Json, HasASpaceAfterColonsAndCommasAndKeepsUtf8) {
  EXPECT_EQ(dump(json::object{{"token", "€ é"}}), R"({"token": "€ é"})");
  EXPECT_EQ(dump(json::object{{"a", json::array{1, -2, 0.5, true, nullptr}}, {"b", json::object{}}}),
            R"({"a": [1, -2, 0.5, true, null], "b": {}})");
}

TEST(Json, EscapesWhatWouldBreakALine) {
  EXPECT_EQ(dump("a\"\\\n\r\t\x01\x7f"), R"("a\"\\\n\r\t\u0001\u007f")");
  EXPECT_EQ(dump("\xE2\x80\xA8\xE2\x80\xA9\xC2\x85\xE2\x80\xA7"), "\"\\u2028\\u2029\\u0085\xE2\x80\xA7\"");
}

TEST(Json, WhatItWritesReadsBack) {
  const json::value value{{"text", "\x02 \xE2\x80\xA8 \xF0\x9F\x90\xA6"}, {"n", 9007199254740993}, {"f", 1e-7}};
  EXPECT_EQ(json::parse(dump(value)), value);
}

TEST(Json, ScoresHaveNoNoise) {
  RetrievedPassage passage;
  passage.score = 0.1F;
  EXPECT_NE(dump(source_to_json(passage)).find("\"score\": 0.1,"), std::string::npos);
}

TEST(Json, AnAnswerSaysOnlyWhatIsNotNormal) {
  AnswerFinal final;
  EXPECT_EQ(dump(simple_end_to_json(final)), R"({"sources": []})");
  final.rerank_skipped = RerankSkipped::kDeadline;
  final.finish_reason = FinishReason::kLength;
  EXPECT_EQ(dump(simple_end_to_json(final)),
            R"({"sources": [], "rerank_skipped": "deadline", "finish_reason": "length"})");
}

TEST(Json, ServerTimingNamesTheStepsThatRan) {
  AnswerTimings timings;
  timings.embed_ms = 1.25;
  timings.total_ms = 3;
  EXPECT_EQ(server_timing(timings), "embed;dur=1.25, total;dur=3");
}

TEST(Json, FieldsAreCheckedAndNullIsAbsent) {
  const JsonFields fields(R"({"s": "x", "n": null, "i": 3, "d": 1.5, "b": true, "o": {"l": ["a"]}})");
  EXPECT_EQ(fields.text("s"), "x");
  EXPECT_EQ(fields.text("n"), std::nullopt);
  EXPECT_EQ(fields.integer("i", 1, 5), 3);
  EXPECT_THROW(fields.integer("i", 4, 5), Error);
  EXPECT_THROW(fields.integer("d", 1, 5), Error);
  EXPECT_EQ(fields.number("d", 0, 2), 1.5);
  EXPECT_EQ(fields.boolean("b"), true);
  EXPECT_THROW(fields.boolean("s"), Error);
  EXPECT_EQ(fields.texts("o", "l"), std::vector<std::string>{"a"});
  EXPECT_THROW(fields.texts("s", "l"), Error);
}

TEST(ErrorResponse, EveryCodeHasAStatusAndItsBodyIsValidWhateverItQuotes) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kUnavailable); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const http::Response response = render_error(Error(code, "quoted \xFF \n").with_field("f"), nullptr);
    EXPECT_EQ(response.status, http_status(code));
    EXPECT_GE(response.status, 400);
    const json::object body = json::parse(response.body).as_object();
    EXPECT_EQ(body.at("code").as_string(), to_string(code));
    EXPECT_EQ(body.at("status").as_int64(), response.status);
    EXPECT_EQ(response.headers.contains("Retry-After"), response.status == 429 || response.status == 503) << i;
  }
}

}  // namespace
}  // namespace jackdaw::server
