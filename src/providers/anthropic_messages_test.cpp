#include "providers/anthropic_messages.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/decoded_answer.h"

namespace jackdaw::providers {
namespace {

namespace json = boost::json;
using testing::BodyEnd;
using testing::DecodedAnswer;
using Kind = DecodingFailure::Kind;

// One event; its name is the "type" of its JSON.
std::string event(std::string_view data) {
  const auto type = json::parse(json::string_view(data.data(), data.size())).at("type").as_string();
  return "event: " + std::string(type) + "\ndata: " + std::string(data) + "\n\n";
}
std::string start(std::string_view id = "msg_1") {
  return event(R"({"type":"message_start","message":{"id":")" + std::string(id) +
               R"(","content":[],"usage":{"input_tokens":640,"cache_creation_input_tokens":10,)"
               R"("cache_read_input_tokens":50,"output_tokens":1}}})");
}
std::string text(std::string_view said) {
  return event(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" + std::string(said) +
               R"("}})");
}
std::string reason(std::string_view raw) {
  return event(R"({"type":"message_delta","delta":{"stop_reason":")" + std::string(raw) +
               R"("},"usage":{"output_tokens":24}})");
}
const std::string kStop = event(R"({"type":"message_stop"})");
const std::string kWhole = start() + text("Paris.") + reason("end_turn") + kStop;

DecodedAnswer read(const std::string& body, BodyEnd how = BodyEnd::kComplete) {
  return testing::decode(anthropic_messages_frames, body, how);
}
Kind failure_of(const std::string& body, BodyEnd how = BodyEnd::kComplete) {
  const DecodedAnswer answer = read(body, how);
  EXPECT_TRUE(answer.failure) << body << answer.summary();
  return answer.failure ? answer.failure->kind : Kind::kEmpty;
}

TEST(AnthropicMessages, ReadsTextReasonAndUsageWithWhatWasCached) {
  const auto answer = read(kWhole);
  ASSERT_TRUE(answer.end) << answer.summary();
  EXPECT_EQ(answer.text(), "Paris.");
  EXPECT_EQ(answer.end->reason, FinishReason::kStop);
  EXPECT_EQ(answer.end->usage.input_tokens, 700);
  EXPECT_EQ(answer.end->usage.cached_input_tokens, 50);
  EXPECT_EQ(answer.end->usage.output_tokens, 24);
}

TEST(AnthropicMessages, UsageIsARunningTotal) {
  const auto answer =
      read(start() + text("a") + event(R"({"type":"message_delta","delta":{},"usage":{"output_tokens":5}})") +
           event(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":)"
                 R"({"input_tokens":61,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,)"
                 R"("output_tokens":9}})") +
           kStop);
  EXPECT_EQ(answer.end->usage.input_tokens, 61);
  EXPECT_EQ(answer.end->usage.output_tokens, 9);
}

TEST(AnthropicMessages, MessageStopAloneIsTheProof) {
  EXPECT_TRUE(read(kWhole, BodyEnd::kStillOpen).end) << "nothing is waited for after it";
  EXPECT_EQ(failure_of(start() + text("Paris.") + reason("end_turn")), Kind::kTruncated);
  EXPECT_EQ(failure_of(start() + text("Paris.") + reason("end_turn"), BodyEnd::kBroken), Kind::kTruncated);
  EXPECT_EQ(failure_of(start() + text("Paris.") + "data: [DONE]\n\n"), Kind::kTruncated);
  EXPECT_EQ(failure_of(start()), Kind::kTruncated);
}

TEST(AnthropicMessages, ConcatenatesBlocksAndKeepsOnlyText) {
  const auto answer = read(
      start() + event(R"({"type":"ping"})") + event(R"({"type":"never_heard_of"})") +
      event(R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})") +
      event(R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})") +
      event(R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}})") +
      event(R"({"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"x"}})") +
      event(R"({"type":"content_block_start","index":2,"content_block":{"type":"text","text":"The "}})") +
      text("pump ") + event(R"({"type":"content_block_start","index":3,"content_block":{"type":"new","text":"no"}})") +
      event(
          R"({"type":"content_block_delta","index":4,"delta":{"type":"citations_delta","citation":{"cited_text":"no"}}})") +
      event(R"({"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"no"}})") +
      text("stops.") + reason("end_turn") + kStop);
  EXPECT_EQ(answer.text(), "The pump stops.");
}

TEST(AnthropicMessages, TheEventsNameStandsInForAMissingType) {
  EXPECT_TRUE(read(start() + text("a") + reason("end_turn") + "event: message_stop\ndata: {}\n\n").end);
}

TEST(AnthropicMessages, ErrorsAreReadWhereverTheyCome) {
  const std::string overloaded =
      event(R"({"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}})");
  for (const std::string& body : {overloaded, start() + text("The") + overloaded, start() + overloaded + kStop}) {
    const auto answer = read(body);
    ASSERT_TRUE(answer.failure) << body;
    EXPECT_EQ(answer.failure->said.type, "overloaded_error");
    EXPECT_EQ(answer.failure->said.message, "Overloaded");
  }
}

TEST(AnthropicMessages, TwoAnswersInOneStreamAreABadStream) {
  EXPECT_EQ(failure_of(start("a") + text("x") + start("b") + text("y") + reason("end_turn") + kStop), Kind::kBad);
  EXPECT_EQ(read(start("a") + text("x") + start("a") + text("y") + reason("end_turn") + kStop).text(), "xy");
}

TEST(AnthropicMessages, MapsEveryStopReason) {
  const auto ending = [](const std::string& raw) {
    return read(start() + text("a") + reason(raw) + kStop).end->reason;
  };
  for (const char* raw : {"end_turn", "stop_sequence"}) EXPECT_EQ(ending(raw), FinishReason::kStop) << raw;
  for (const char* raw : {"max_tokens", "model_context_window_exceeded"}) {
    EXPECT_EQ(ending(raw), FinishReason::kLength) << raw;
  }
  EXPECT_EQ(ending("refusal"), FinishReason::kContentFilter);
  for (const char* raw : {"tool_use", "pause_turn", "compaction", "new"}) EXPECT_EQ(ending(raw), FinishReason::kOther);
}

TEST(AnthropicMessages, ARefusalMayHaveNoWords) {
  const auto answer = read(start() + event(R"({"type":"ping"})") + reason("refusal") + kStop);
  ASSERT_TRUE(answer.end);
  EXPECT_EQ(answer.end->reason, FinishReason::kContentFilter);
  EXPECT_EQ(failure_of(start() + reason("end_turn") + kStop), Kind::kEmpty);
}

TEST(AnthropicMessages, ReadsAWholeAnswerInsteadOfAStream) {
  const auto answer = read(R"({"id":"m","type":"message","content":[{"type":"thinking","thinking":"hm"},)"
                           R"({"type":"text","text":"Par"},{"type":"text","text":"is."}],"stop_reason":"end_turn",)"
                           R"("usage":{"input_tokens":21,"output_tokens":5}})");
  ASSERT_TRUE(answer.end) << answer.summary();
  EXPECT_EQ(answer.text(), "Paris.");
  EXPECT_EQ(answer.end->usage.input_tokens, 21);
  EXPECT_EQ(failure_of(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"), Kind::kSaid);
  EXPECT_EQ(failure_of(R"({"content":[{"type":"text","text":"a"}],"stop_reason":null})"), Kind::kTruncated);
}

TEST(AnthropicMessagesRequest, PutsTheRulesOutsideAndLetsTheTurnsAlternate) {
  Prompt prompt;
  prompt.messages = {{Role::kSystem, "Rules."},
                     {Role::kUser, "Passages."},
                     {Role::kUser, "Q?"},
                     {Role::kAssistant, "A"},
                     {Role::kUser, "Q2?"}};
  prompt.temperature = 1.5;
  const auto dialect = make_anthropic_messages({"https://api.anthropic.com", "claude-x", "key-1"});
  const WireRequest request = dialect->request(prompt, dialect->usual_shape(), true);
  EXPECT_EQ(request.url, "https://api.anthropic.com/v1/messages");
  EXPECT_EQ(request.headers.get("x-api-key"), "key-1");
  EXPECT_EQ(request.headers.get("anthropic-version"), "2023-06-01");
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"model":"claude-x","max_tokens":800,"stream":true,"system":"Rules.","messages":[)"
                        R"({"role":"user","content":"Passages.\n\nQ?"},{"role":"assistant","content":"A"},)"
                        R"({"role":"user","content":"Q2?"}],"temperature":1E0})"));
}

}  // namespace
}  // namespace jackdaw::providers
