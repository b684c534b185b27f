#include "providers/openai_chat.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/decoded_answer.h"

namespace jackdaw::providers {
namespace {

namespace json = boost::json;
using testing::BodyEnd;
using testing::DecodedAnswer;
using Kind = DecodingFailure::Kind;

const std::string kText = R"(data: {"choices":[{"index":0,"delta":{"content":"Paris."},"finish_reason":null}]})"
                          "\n\n";
const std::string kStop = R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                          "\n\n";
const std::string kDone = "data: [DONE]\n\n";

std::string frame(std::string_view json) {
  return "data: " + std::string(json) + "\n\n";
}
std::string delta(std::string_view members) {
  return frame(R"({"choices":[{"index":0,"delta":{)" + std::string(members) + R"(},"finish_reason":null}]})");
}
DecodedAnswer read(const std::string& body, BodyEnd how = BodyEnd::kComplete) {
  return testing::decode(openai_chat_frames, body, how);
}
std::string text_of(const std::string& body) {
  const DecodedAnswer answer = read(body);
  EXPECT_TRUE(answer.end) << body << answer.summary();
  return answer.text();
}
FinishReason reason_of(const std::string& body) {
  const DecodedAnswer answer = read(body);
  EXPECT_TRUE(answer.end) << body << answer.summary();
  return answer.end ? answer.end->reason : FinishReason::kNoEvidence;
}
Kind failure_of(const std::string& body, BodyEnd how = BodyEnd::kComplete) {
  const DecodedAnswer answer = read(body, how);
  EXPECT_TRUE(answer.failure) << body << answer.summary();
  EXPECT_FALSE(answer.end);
  return answer.failure ? answer.failure->kind : Kind::kEmpty;
}

TEST(OpenAiChat, ReadsTextAReasonAndTheUsageThatFollows) {
  const auto answer = read(delta(R"("role":"assistant","content":"")") + delta(R"("content":"Par")") +
                           delta(R"("content":"is.")") + kStop +
                           frame(R"({"choices":[],"usage":{"prompt_tokens":21,"completion_tokens":2,)"
                                 R"("prompt_tokens_details":{"cached_tokens":16}}})") +
                           kDone);
  EXPECT_EQ(answer.pieces, (std::vector<std::string>{"Par", "is."}));
  ASSERT_TRUE(answer.end);
  EXPECT_EQ(answer.end->reason, FinishReason::kStop);
  EXPECT_EQ(answer.end->usage.input_tokens, 21);
  EXPECT_EQ(answer.end->usage.output_tokens, 2);
  EXPECT_EQ(answer.end->usage.cached_input_tokens, 16);
}

TEST(OpenAiChat, AFinishReasonIsTheProofAndDoneIsNot) {
  EXPECT_EQ(text_of(kText + kStop + kDone), "Paris.");
  EXPECT_EQ(text_of(kText + kStop), "Paris.") << "a missing [DONE] is tolerated";
  EXPECT_EQ(read(kText + kStop, BodyEnd::kBroken).text(), "Paris.");
  EXPECT_TRUE(read(kText + kStop, BodyEnd::kBroken).end) << "a cut after the proof takes nothing away";
  EXPECT_EQ(failure_of(kText + kDone), Kind::kTruncated);
  EXPECT_EQ(failure_of(kDone), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText, BodyEnd::kBroken), Kind::kTruncated);
  EXPECT_EQ(failure_of(""), Kind::kTruncated);
}

TEST(OpenAiChat, KeepsWhatCameBeforeAFailure) {
  const auto answer = read(kText + frame(R"({"error":{"message":"Internal failure.","type":"server_error"}})"));
  EXPECT_EQ(answer.text(), "Paris.");
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(answer.failure->said.message, "Internal failure.");
  EXPECT_EQ(answer.failure->said.type, "server_error");
}

TEST(OpenAiChat, AnEmptyFinishReasonMeansNone) {
  const std::string empty = R"({"choices":[{"delta":{"content":"Pa"},"finish_reason":""}]})";
  EXPECT_EQ(failure_of(frame(empty) + kDone), Kind::kTruncated);
  EXPECT_EQ(text_of(frame(empty) + kText + kStop), "PaParis.");
}

TEST(OpenAiChat, LooksForAnErrorBeforeAnythingElse) {
  for (const std::string body :
       {R"({"error":{"code":502,"message":"Upstream disconnected"},"choices":[{"index":0,"delta":{"content":"x"},)"
        R"("finish_reason":"error"}]})",
        R"({"choices":[],"error":{"message":"No provider","code":503}})", R"({"error":"engine died"})",
        R"({"choices":[{"index":0,"delta":{"content":"x"},"error":{"message":"bad","code":500}}]})",
        R"({"choices":[],"x_groq":{"id":"r","error":"over capacity"}})",
        R"({"object":"error","message":"bad","type":"BadRequestError","code":400})",
        R"({"success":false,"message":"no"})", R"({"error":"{\"error\":{\"message\":\"inner\"}}"})",
        R"({"detail":"Not here"})", R"({"error":{"message":"m"},"message":"m"})"}) {
    EXPECT_EQ(failure_of(kText + frame(body) + kStop + kDone), Kind::kSaid) << body;
    EXPECT_EQ(read(kText + frame(body) + kStop).text(), "Paris.") << body;
  }
  EXPECT_EQ(read(frame(R"({"error":"{\"error\":{\"message\":\"inner\"}}"})")).failure->said.message, "inner");
  EXPECT_EQ(text_of(frame(R"({"error":null,"choices":[{"delta":{"content":"ok"}}]})") + kStop), "ok");
}

TEST(OpenAiChat, ReadsNamedErrorEventsNestedFlatAndPlain) {
  EXPECT_EQ(read(kText + "event: error\ndata: {\"error\":{\"message\":\"Capacity lost.\"}}\n\n").failure->said.message,
            "Capacity lost.");
  EXPECT_EQ(
      read(kText + "event: error\ndata: {\"message\":\"flat\",\"code\":\"tool_use_failed\"}\n\n").failure->said.code,
      "tool_use_failed");
  EXPECT_EQ(read(kText + "event: error\ndata: just words\n\n").failure->said.message, "just words");
}

TEST(OpenAiChat, ReadsErrorsOutsideOfEvents) {
  const std::string field =
      "error: {\"code\":400,\"message\":\"does not fit\",\"type\":\"exceed_context_size_error\","
      "\"n_prompt_tokens\":9000,\"n_ctx\":4096}\n\n";
  const auto answer = read(field + kDone);
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(answer.failure->kind, Kind::kSaid);
  EXPECT_EQ(answer.failure->said.context_tokens, 4096);
  EXPECT_EQ(answer.failure->said.prompt_tokens, 9000);
  EXPECT_EQ(failure_of(kText + kStop + "{\n  \"error\": {\n \"code\": 503\n }\n}\n"), Kind::kSaid);
  EXPECT_EQ(failure_of(kText + "data: {\"error\":{\"message\":\"no blank line\"}}"), Kind::kSaid);
}

TEST(OpenAiChat, AnErrorInAnUnfinishedEventCountsAndAProofThereDoesNot) {
  const std::string error = "data: {\"error\":{\"message\":\"cut off\"}}";
  const std::string named = "event: error\ndata: {\"message\":\"cut off\"}";
  for (const std::string& lead : {kText, kText + kStop}) {
    for (const std::string& last : {error, error + "\n", error + "\r", error + "\r\n", error + "\nid: 7", named,
                                    named + "\n", std::string("data: {\"error\":\ndata: {\"message\":\"cut off\"}}\n"),
                                    std::string("error: {\"message\":\"cut off\"}")}) {
      for (const BodyEnd how : {BodyEnd::kComplete, BodyEnd::kBroken}) {
        const DecodedAnswer answer = read(lead + last, how);
        ASSERT_TRUE(answer.failure) << last << answer.summary();
        EXPECT_EQ(answer.failure->kind, Kind::kSaid) << last;
        EXPECT_EQ(answer.failure->said.message, "cut off") << last;
      }
    }
  }
  EXPECT_EQ(failure_of(kText + kStop + "event: error\ndata: just words\n"), Kind::kSaid);
  for (const std::size_t missing : {1U, 2U}) {
    EXPECT_EQ(failure_of(kText + kStop.substr(0, kStop.size() - missing)), Kind::kTruncated) << missing;
  }
  EXPECT_EQ(text_of(kText + kStop + "data: [DONE]"), "Paris.");
  EXPECT_EQ(text_of(kText + kStop + "data: {\"choices\":[],\"usa"), "Paris.");
}

TEST(OpenAiChat, WordsAfterTheProofTakeItBackUntilItComesAgain) {
  EXPECT_EQ(failure_of(kStop + kText), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText + kStop + kText), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText + kStop + kText, BodyEnd::kBroken), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText + kStop + kText + kDone), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText + kStop + delta(R"("refusal":"No.")")), Kind::kTruncated);
  EXPECT_EQ(failure_of(kText + kStop + delta(R"("content":"<thi")")), Kind::kTruncated);
  EXPECT_EQ(text_of(kText + kStop + kText + kStop), "Paris.Paris.");
  EXPECT_TRUE(read(kText + kStop + kText + kStop, BodyEnd::kBroken).end);
  EXPECT_EQ(text_of(kText + kStop + kStop + delta(R"("role":"assistant","content":"")") + kDone), "Paris.")
      << "a reason that is repeated, and no words";
  EXPECT_TRUE(read(delta(R"("content":" <th")") + kStop, BodyEnd::kBroken).end) << "held back before the proof";
  EXPECT_TRUE(read(kText + kStop + delta(R"("reasoning":"late")"), BodyEnd::kBroken).end);
}

TEST(OpenAiChat, AReasonBesideEveryPieceProvesNothingUntilTheBodyEnds) {
  const auto piece = [](const std::string& text) {
    return frame(R"({"choices":[{"delta":{"content":")" + text + R"("},"finish_reason":"stop"}]})");
  };
  const std::string body = piece("Par") + piece("is.");
  EXPECT_EQ(failure_of(body, BodyEnd::kBroken), Kind::kTruncated);
  EXPECT_EQ(text_of(body), "Paris.");
  EXPECT_EQ(text_of(body + kDone), "Paris.");
  EXPECT_TRUE(read(body + kStop, BodyEnd::kBroken).end);
  const std::string thought = frame(R"({"choices":[{"delta":{"reasoning":"hm"},"finish_reason":"stop"}]})");
  EXPECT_EQ(failure_of(thought + thought, BodyEnd::kBroken), Kind::kTruncated);
}

TEST(OpenAiChat, AnErrorAfterTheFinishReasonIsAnError) {
  EXPECT_EQ(failure_of(kText + kStop + frame(R"({"error":{"message":"late"}})") + kDone), Kind::kSaid);
}

TEST(OpenAiChat, TakesNoNoticeOfWhatFollowsDone) {
  EXPECT_EQ(text_of(kText + kStop + kDone + kText + frame("no json")), "Paris.");
}

TEST(OpenAiChat, IgnoresCommentsKeepAlivesUnknownFieldsAndEmptyData) {
  EXPECT_EQ(text_of(": OPENROUTER PROCESSING\n\n:\n\n" + kText +
                    "data:\n\ndata: : OPENROUTER PROCESSING\n\n"
                    "foo: bar\nretry: 10\nid: 7\n\n" +
                    kStop),
            "Paris.");
}

TEST(OpenAiChat, ReadsAllLineEndsAndByteOrderMarks) {
  EXPECT_EQ(text_of("\xEF\xBB\xBF"
                    "data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n" +
                    kStop),
            "a");
  EXPECT_EQ(text_of("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\ndata: \"finish_reason\":\"stop\"}]}\r\r"),
            "a");
}

TEST(OpenAiChat, AzureChunksWithoutChoicesOrDeltaAreHarmless) {
  EXPECT_EQ(text_of(frame(R"({"choices":[],"created":0,"id":"","prompt_filter_results":[]})") + kText + kStop +
                    frame(R"({"choices":[{"finish_reason":null,"index":0,"content_filter_offsets":{}}]})") + kDone),
            "Paris.");
}

TEST(OpenAiChat, ReadsTheTextBesideTheFinishReason) {
  EXPECT_EQ(text_of(frame(R"({"choices":[{"delta":{"content":"all"},"finish_reason":"stop","stop_reason":2}]})")),
            "all");
}

TEST(OpenAiChat, ReasoningNeverLeaksUnderAnyName) {
  EXPECT_EQ(text_of(delta(R"("content":null,"reasoning_content":"hm")") + delta(R"("reasoning":"hm")") +
                    delta(R"("content":"","reasoning":"hm","reasoning_details":[{"text":"hm"}])") +
                    delta(R"("thinking":"hm")") +
                    delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}])") +
                    delta(R"("content":[{"type":"text","text":"Yes"},{"type":"text","text":"."}])") + kStop),
            "Yes.");
}

TEST(OpenAiChat, ThinkTagsAreTakenOutHoweverTheyAreCut) {
  const std::string whole = "<think>\nhm </thin k> hm</think>\n\nYes, <think> it is.";
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    std::string body;
    for (std::size_t at = 0; at < whole.size(); at += size) {
      body += frame(json::serialize(
          json::value{{"choices", json::array{json::object{{"delta", {{"content", whole.substr(at, size)}}}}}}}));
    }
    EXPECT_EQ(text_of(body + kStop), "Yes, <think> it is.") << size;
  }
  EXPECT_EQ(text_of(delta(R"("content":"  <thi")") + kStop), "  <thi") << "no tag after all";
}

TEST(OpenAiChat, ARefusalIsShownAndEndsAsContentFilter) {
  const std::string body = delta(R"("refusal":"I cannot ")") + delta(R"("refusal":"do that.","content":null)") + kStop;
  EXPECT_EQ(text_of(body), "I cannot do that.");
  EXPECT_EQ(reason_of(body), FinishReason::kContentFilter);
}

TEST(OpenAiChat, MapsEveryFinishReason) {
  const auto ending = [](const std::string& raw) {
    return kText + frame(R"({"choices":[{"delta":{},"finish_reason":")" + raw + R"("}]})");
  };
  for (const char* raw : {"stop", "eos"}) EXPECT_EQ(reason_of(ending(raw)), FinishReason::kStop) << raw;
  for (const char* raw : {"length", "model_length"}) EXPECT_EQ(reason_of(ending(raw)), FinishReason::kLength) << raw;
  EXPECT_EQ(reason_of(ending("content_filter")), FinishReason::kContentFilter);
  for (const char* raw : {"tool_calls", "function_call", "new_reason"}) {
    EXPECT_EQ(reason_of(ending(raw)), FinishReason::kOther) << raw;
  }
  for (const char* raw : {"error", "insufficient_system_resource"}) {
    EXPECT_EQ(failure_of(ending(raw)), Kind::kSaid) << raw;
  }
}

TEST(OpenAiChat, AnAnswerWithoutTextIsNoAnswer) {
  EXPECT_EQ(failure_of(kStop + kDone), Kind::kEmpty);
  EXPECT_EQ(failure_of(delta(R"("reasoning":"all of it")") + kStop), Kind::kEmpty);
  const std::string length = frame(R"({"choices":[{"delta":{},"finish_reason":"length"}]})");
  EXPECT_EQ(failure_of(length), Kind::kEmpty);
  EXPECT_EQ(failure_of(delta(R"("reasoning":"all of it")") + length), Kind::kOnlyReasoning);
  EXPECT_EQ(failure_of(delta(R"("content":"<think>all of it")") + length), Kind::kOnlyReasoning);
}

TEST(OpenAiChat, UsageIsOverwrittenAndReadFromWhereHostsPutIt) {
  const auto groq = read(kText + frame(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":)"
                                       R"({"queue_time":0.04,"prompt_tokens":45,"completion_tokens":2}}})"));
  EXPECT_EQ(groq.end->usage.input_tokens, 45);
  const auto every =
      read(frame(R"({"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}})") +
           frame(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9.0,)"
                 R"("completion_tokens":2,"prompt_cache_hit_tokens":4}})"));
  EXPECT_EQ(every.end->usage.input_tokens, 9);
  EXPECT_EQ(every.end->usage.output_tokens, 2);
  EXPECT_EQ(every.end->usage.cached_input_tokens, 4);
  const auto odd = read(kText + frame(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":-1,)"
                                      R"("completion_tokens":"2"}})"));
  EXPECT_FALSE(odd.end->usage.input_tokens);
  EXPECT_FALSE(odd.end->usage.output_tokens);
}

TEST(OpenAiChat, OnlyTheFirstChoiceIsTheAnswer) {
  EXPECT_EQ(text_of(frame(R"({"choices":[{"index":1,"delta":{"content":"B"}},{"index":0,"delta":{"content":"A"}}]})") +
                    kStop),
            "A");
}

TEST(OpenAiChat, WhatIsNoJsonOrNoObjectIsABadStream) {
  EXPECT_EQ(failure_of(kText + frame("{\"choices\":[")), Kind::kBad);
  EXPECT_EQ(failure_of(kText + frame("<html>") + kStop), Kind::kBad);
  EXPECT_EQ(failure_of(kText + frame("17") + kStop), Kind::kBad);
  EXPECT_EQ(failure_of(kText + frame(std::string(200, '[') + std::string(200, ']'))), Kind::kBad);
}

TEST(OpenAiChat, IllFormedTextIsMended) {
  EXPECT_EQ(text_of(delta("\"content\":\"a\xFF"
                          "b\"") +
                    kStop),
            "a\uFFFDb");
  EXPECT_EQ(text_of(delta(R"("content":"a\u0000b")") + kStop), "a\uFFFDb");
  EXPECT_EQ(text_of(delta(R"("content":"a\ud83db \ud83d\ude00 \\ud83d \udc00")") + kStop),
            "a\uFFFDb \U0001F600 \\ud83d \uFFFD");
  EXPECT_EQ(text_of(delta("\"content\":\"a\u2028\u0085"
                          "b\"") +
                    kStop),
            "a\u2028\u0085"
            "b");
}

TEST(OpenAiChat, ReadsAWholeAnswerInsteadOfAStream) {
  const std::string body =
      R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Paris.","refusal":null},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":21,"completion_tokens":2}})";
  for (const std::string lead : {"", "\n\n \n", "\xEF\xBB\xBF"}) {
    const auto answer = read(lead + body);
    ASSERT_TRUE(answer.end) << answer.summary();
    EXPECT_EQ(answer.text(), "Paris.");
    EXPECT_EQ(answer.end->usage.input_tokens, 21);
  }
  EXPECT_EQ(failure_of(body.substr(0, body.size() - 4)), Kind::kBad);
  EXPECT_EQ(failure_of(body.substr(0, body.size() - 4), BodyEnd::kBroken), Kind::kTruncated);
  EXPECT_EQ(failure_of(R"({"error":"model not found"})"), Kind::kSaid);
  EXPECT_EQ(failure_of(R"({"choices":[{"message":{"content":"a"},"finish_reason":null}]})"), Kind::kTruncated);
  EXPECT_EQ(failure_of(R"({"choices":[{"message":{"content":null},"finish_reason":"stop"}]})"), Kind::kEmpty);
  EXPECT_EQ(failure_of(R"({"id":"x"})"), Kind::kBad);
}

Prompt prompt() {
  Prompt prompt;
  prompt.messages = {{Role::kSystem, "Rules \"1\"."}, {Role::kUser, "Q?"}};
  return prompt;
}

json::object request_of(OpenAiChatOptions options, bool stream = true) {
  const auto dialect = make_openai_chat(std::move(options));
  return json::parse(dialect->request(prompt(), dialect->usual_shape(), stream).body).as_object();
}

TEST(OpenAiChatRequest, AsksAnUnknownHostInTheOldestWords) {
  const auto dialect = make_openai_chat({.base_url = "http://h:8000/v1", .model = "m", .api_key = "k1", .host = "h"});
  const WireRequest request = dialect->request(prompt(), dialect->usual_shape(), true);
  EXPECT_EQ(request.url, "http://h:8000/v1/chat/completions");
  EXPECT_EQ(request.headers.get("Authorization"), "Bearer k1");
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"model":"m","messages":[{"role":"system","content":"Rules \"1\"."},)"
                        R"({"role":"user","content":"Q?"}],"stream":true,"max_tokens":800,"temperature":2E-1,)"
                        R"("stream_options":{"include_usage":true}})"));
  const auto keyless = make_openai_chat({.base_url = "http://h/v1", .model = "m", .api_key = "", .host = "h"});
  EXPECT_FALSE(keyless->request(prompt(), keyless->usual_shape(), true).headers.contains("Authorization"));
}

TEST(OpenAiChatRequest, KnowsWhatItsHostsTake) {
  const json::object openai =
      request_of({.base_url = "u", .model = "gpt-4.1-mini", .api_key = "", .host = "api.openai.com"});
  EXPECT_TRUE(openai.contains("max_completion_tokens") && !openai.contains("max_tokens"));
  EXPECT_TRUE(openai.contains("temperature") && openai.contains("stream_options"));
  for (const char* model : {"o3", "o4-mini", "gpt-5", "gpt-5.1-mini", "gpt-12"}) {
    const json::object reasoning =
        request_of({.base_url = "u", .model = model, .api_key = "", .host = "api.openai.com"});
    EXPECT_FALSE(reasoning.contains("temperature")) << model;
    EXPECT_EQ(reasoning.at("messages").at(0).at("role"), "developer") << model;
  }
  for (const char* model : {"gpt-4o", "gpt-5-chat-latest", "omni", "gpt-oss"}) {
    EXPECT_TRUE(
        request_of({.base_url = "u", .model = model, .api_key = "", .host = "api.openai.com"}).contains("temperature"))
        << model;
  }
  const json::object groq =
      request_of({.base_url = "u", .model = "m", .api_key = "", .host = "127.0.0.1", .is_groq = true});
  EXPECT_TRUE(groq.contains("max_completion_tokens") && !groq.contains("stream_options"));
  const json::object mistral = request_of({.base_url = "u", .model = "m", .api_key = "", .host = "api.mistral.ai"});
  EXPECT_TRUE(mistral.contains("max_tokens") && !mistral.contains("stream_options"));
  const json::object ollama =
      request_of({.base_url = "u", .model = "m", .api_key = "", .host = "api.openai.com", .is_ollama = true});
  EXPECT_TRUE(ollama.contains("max_tokens") && !ollama.contains("max_completion_tokens"));
  const json::object blocking = request_of({.base_url = "u", .model = "m", .api_key = "", .host = "h"}, false);
  EXPECT_TRUE(!blocking.contains("stream_options") && !blocking.at("stream").as_bool());
}

WireError refusal(std::string code, std::string param, std::string message) {
  WireError error;
  error.code = std::move(code);
  error.param = std::move(param);
  error.message = std::move(message);
  return error;
}

TEST(RequestShape, LeavesOutOrRenamesWhatWasRefused) {
  using MaxTokensField = RequestShape::MaxTokensField;
  const RequestShape usual;
  EXPECT_FALSE(shape_without_refused(usual, refusal("unsupported_value", "temperature", "no")).temperature);
  EXPECT_FALSE(
      shape_without_refused(usual, refusal("", "", "`temperature` is deprecated for this model.")).temperature);
  EXPECT_EQ(shape_without_refused(usual, refusal("unsupported_parameter", "max_tokens",
                                                 "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."))
                .max_tokens_field,
            MaxTokensField::kMaxCompletionTokens);
  EXPECT_FALSE(shape_without_refused(
                   usual, refusal("", "", R"({"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]})"))
                   .stream_options);
  EXPECT_FALSE(shape_without_refused(RequestShape{.developer_role = true}, refusal("", "", "Unknown role: developer"))
                   .developer_role);
  for (const WireError& other :
       {refusal("model_not_found", "model", "unknown model"), refusal("", "", "temperature must be at most 1"),
        refusal("context_length_exceeded", "messages", "maximum context length is 8192, reduce max_tokens, invalid")}) {
    EXPECT_EQ(shape_without_refused(usual, other), usual) << other.message;
  }
}

}  // namespace
}  // namespace jackdaw::providers
