#include "providers/gemini_generate.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/decoded_answer.h"

namespace jackdaw::providers {
namespace {

namespace json = boost::json;
using testing::BodyEnd;
using testing::DecodedAnswer;
using Kind = DecodingFailure::Kind;

std::string frame(std::string_view data) {
  return "data: " + std::string(data) + "\r\n\r\n";
}
const std::string kText = frame(R"({"candidates":[{"content":{"parts":[{"text":"Paris."}],"role":"model"},"index":0}],)"
                                R"("usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2}})");
std::string ending(std::string_view reason) {
  return frame(R"({"candidates":[{"finishReason":")" + std::string(reason) +
               R"(","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":6,)"
               R"("thoughtsTokenCount":40,"cachedContentTokenCount":4}})");
}
const std::string kRawError =
    "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"Model busy.\",\n"
    "    \"status\": \"UNAVAILABLE\"\n  }\n}\n";

DecodedAnswer read(const std::string& body, BodyEnd how = BodyEnd::kComplete) {
  return testing::decode(gemini_generate_frames, body, how);
}
Kind failure_of(const std::string& body, BodyEnd how = BodyEnd::kComplete) {
  const DecodedAnswer answer = read(body, how);
  EXPECT_TRUE(answer.failure) << body << answer.summary();
  return answer.failure ? answer.failure->kind : Kind::kEmpty;
}

TEST(GeminiGenerate, ReadsTextReasonAndRunningTotals) {
  const auto answer = read(kText + ending("STOP"));
  ASSERT_TRUE(answer.end) << answer.summary();
  EXPECT_EQ(answer.text(), "Paris.");
  EXPECT_EQ(answer.end->reason, FinishReason::kStop);
  EXPECT_EQ(answer.end->usage.input_tokens, 9);
  EXPECT_EQ(answer.end->usage.output_tokens, 46) << "thinking is paid for as output";
  EXPECT_EQ(answer.end->usage.cached_input_tokens, 4);
}

TEST(GeminiGenerate, AFinishReasonIsTheProofButTheBodyIsReadToItsEnd) {
  EXPECT_FALSE(read(kText + ending("STOP"), BodyEnd::kStillOpen).end);
  EXPECT_TRUE(read(kText + ending("STOP"), BodyEnd::kBroken).end);
  EXPECT_EQ(failure_of(kText), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText, BodyEnd::kBroken), Kind::kTruncated);
}

TEST(GeminiGenerate, WordsAfterTheProofTakeItBackUntilItComesAgain) {
  EXPECT_EQ(failure_of(kText + ending("STOP") + kText), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText + ending("STOP") + kText, BodyEnd::kBroken), Kind::kTruncated);
  EXPECT_TRUE(read(kText + ending("STOP") + kText + ending("STOP"), BodyEnd::kBroken).end);
  EXPECT_TRUE(read(kText + ending("STOP") + ending("STOP"), BodyEnd::kBroken).end);
}

TEST(GeminiGenerate, AnErrorWithoutFramesCountsEvenAfterStop) {
  for (const std::string& body :
       {kText + kRawError, kText + ending("STOP") + kRawError,
        kText + ending("STOP") + kRawError.substr(0, kRawError.size() - 1),
        kText + frame(R"({"error":{"code":503,"message":"Model busy."}})"), "[" + kRawError + "]",
        frame(R"([{"error":{"code":503,"message":"Model busy."}}])")}) {
    const auto answer = read(body);
    ASSERT_TRUE(answer.failure) << body << answer.summary();
    EXPECT_EQ(answer.failure->kind, Kind::kSaid) << body;
    EXPECT_EQ(answer.failure->said.status, 503) << body;
    EXPECT_EQ(answer.failure->said.message, "Model busy.") << body;
  }
  EXPECT_EQ(failure_of(kText + ending("STOP") + kRawError.substr(0, 30), BodyEnd::kBroken), Kind::kBad)
      << "an error that was cut is no good end";
}

TEST(GeminiGenerate, ABlockedPromptIsAnEnd) {
  for (const std::string lead : {"data: ", ""}) {
    const auto answer =
        read(lead + R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":9}})"
                    "\n\n");
    ASSERT_TRUE(answer.end) << answer.summary();
    EXPECT_EQ(answer.end->reason, FinishReason::kContentFilter);
    EXPECT_EQ(answer.end->usage.input_tokens, 9);
  }
}

TEST(GeminiGenerate, ThoughtsNeverLeak) {
  const auto answer =
      read(frame(R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Yes"},)"
                 R"({"text":"","thoughtSignature":"x"},{"functionCall":{"name":"f"}},{"text":"."}]}}]})") +
           ending("STOP"));
  EXPECT_EQ(answer.text(), "Yes.");
}

TEST(GeminiGenerate, MapsEveryFinishReason) {
  EXPECT_EQ(read(kText + ending("MAX_TOKENS")).end->reason, FinishReason::kLength);
  for (const char* raw : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}) {
    EXPECT_EQ(read(kText + ending(raw)).end->reason, FinishReason::kContentFilter) << raw;
  }
  for (const char* raw : {"OTHER", "LANGUAGE", "NEW"})
    EXPECT_EQ(read(kText + ending(raw)).end->reason, FinishReason::kOther);
  EXPECT_EQ(failure_of(kText + ending("MALFORMED_FUNCTION_CALL")), Kind::kSaid);
}

TEST(GeminiGenerate, AnAnswerWithoutTextIsNoAnswer) {
  EXPECT_EQ(failure_of(ending("STOP")), Kind::kEmpty);
  EXPECT_EQ(failure_of(frame(R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}]})") +
                       ending("MAX_TOKENS")),
            Kind::kOnlyReasoning);
}

TEST(GeminiGenerate, ACallOfAToolIsAnotherKindOfEnd) {
  const auto answer =
      read(frame(R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]})"));
  ASSERT_TRUE(answer.end) << answer.summary();
  EXPECT_EQ(answer.end->reason, FinishReason::kOther);
}

TEST(GeminiGenerate, ReadsAWholeAnswerOrAnArrayOfFrames) {
  const std::string first = R"({"candidates":[{"content":{"parts":[{"text":"Par"}]}}]})";
  const std::string last = R"({"candidates":[{"content":{"parts":[{"text":"is."}]},"finishReason":"STOP"}]})";
  EXPECT_EQ(read(last).text(), "is.");
  EXPECT_EQ(read("[" + first + ",\n" + last + "]").text(), "Paris.");
  EXPECT_TRUE(read("[" + first + ",\n" + last + "]").end);
  EXPECT_EQ(failure_of(first), Kind::kTruncated);
  EXPECT_EQ(failure_of("{\"hello\":1}"), Kind::kBad);
}

TEST(GeminiGenerateRequest, SpeaksItsDialect) {
  Prompt prompt;
  prompt.messages = {{Role::kSystem, "Rules."}, {Role::kUser, "Q?"}, {Role::kAssistant, "A"}};
  const auto dialect = make_gemini_generate({"https://g.example", "gemini-2.5-flash", "key-1"});
  const WireRequest request = dialect->request(prompt, dialect->usual_shape(), true);
  EXPECT_EQ(request.url, "https://g.example/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  EXPECT_EQ(dialect->request(prompt, {}, false).url,
            "https://g.example/v1beta/models/gemini-2.5-flash:generateContent");
  EXPECT_EQ(request.headers.get("x-goog-api-key"), "key-1");
  EXPECT_EQ(
      json::parse(request.body),
      json::parse(R"({"contents":[{"role":"user","parts":[{"text":"Q?"}]},{"role":"model","parts":[{"text":"A"}]}],)"
                  R"("systemInstruction":{"parts":[{"text":"Rules."}]},"generationConfig":{"maxOutputTokens":800,)"
                  R"("temperature":2E-1,"thinkingConfig":{"thinkingBudget":0}}})"));
  EXPECT_FALSE(make_gemini_generate({"u", "gemini-3-pro", "k"})->usual_shape().thinking_budget);
}

}  // namespace
}  // namespace jackdaw::providers
