#include "providers/provider_error.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "providers/redaction.h"

namespace jackdaw::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kSecret = "canary-key-0123456789";

ProviderIdentity groq() {
  return {.provider = "groq",
          .title = "Groq",
          .model = "llama-x",
          .key_variable = "GROQ_API_KEY",
          .url_variable = "GROQ_BASE_URL",
          .origin = "https://api.groq.com",
          .has_key = true,
          .secrets = {kSecret}};
}
ProviderFailure response(int status, const std::string& body, const http::Headers& headers = {}) {
  return failure_of_response(groq(), status, headers, read_error_body(body));
}
ProviderFailure in_band(const std::string& error) {
  DecodingFailure failure;
  failure.kind = DecodingFailure::Kind::kSaid;
  failure.said = read_error_body(error);
  return failure_of_decoding(groq(), failure);
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ProviderError, ARefusedKeyNamesItsVariable) {
  for (const int status : {401, 403}) {
    const auto failure = response(status, R"({"error":{"message":"Invalid API Key"}})");
    EXPECT_EQ(failure.code, ErrorCode::kProviderAuth);
    EXPECT_TRUE(has(failure.message, "GROQ_API_KEY")) << failure.message;
    EXPECT_TRUE(has(failure.message, "\"Invalid API Key\"")) << failure.message;
    EXPECT_FALSE(failure.may_retry);
  }
  ProviderIdentity keyless = groq();
  keyless.has_key = false;
  EXPECT_TRUE(has(failure_of_response(keyless, 401, {}, {}).message, "Set GROQ_API_KEY"));
  EXPECT_EQ(response(400, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",)"
                          R"("details":[{"reason":"API_KEY_INVALID"}]}})")
                .code,
            ErrorCode::kProviderAuth);
}

TEST(ProviderError, RetriesWhatWaitingHelpsAndNothingElse) {
  for (const int status : {429, 498, 500, 502, 503, 529}) EXPECT_TRUE(response(status, "").may_retry) << status;
  for (const int status : {301, 400, 401, 402, 403, 404, 408, 409, 413, 422, 504}) {
    EXPECT_FALSE(response(status, "").may_retry) << status;
  }
  for (const int status : {429, 498, 503, 529}) EXPECT_EQ(response(status, "").code, ErrorCode::kProviderOverloaded);
  EXPECT_EQ(response(504, "").code, ErrorCode::kProviderTimeout);
  EXPECT_EQ(response(500, "").code, ErrorCode::kProviderError);
}

TEST(ProviderError, TheHeaderThatSaysWhetherToRetryWins) {
  EXPECT_FALSE(response(503, "", {{"x-should-retry", "false"}}).may_retry);
  EXPECT_TRUE(response(409, "", {{"x-should-retry", "true"}}).may_retry);
  EXPECT_FALSE(response(429, R"({"error":{"code":"insufficient_quota"}})", {{"x-should-retry", "true"}}).may_retry);
}

TEST(ProviderError, MissingMoneyIsNeverRetried) {
  for (const std::string body :
       {R"({"error":{"type":"insufficient_quota","message":"no"}})", R"({"error":{"code":"credit_balance_exhausted"}})",
        R"({"error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}})"}) {
    const auto failure = response(429, body);
    EXPECT_FALSE(failure.may_retry) << body;
    EXPECT_EQ(failure.code, ErrorCode::kProviderError);
    EXPECT_TRUE(has(failure.message, "billing")) << failure.message;
  }
  EXPECT_FALSE(response(402, "").may_retry);
}

TEST(ProviderError, SaysWhenToComeBack) {
  const auto failure = response(429, "", {{"Retry-After", "17"}});
  EXPECT_EQ(failure.retry_after, milliseconds(17'000));
  EXPECT_EQ(failure.error().retry_after(), seconds(17));
  EXPECT_EQ(response(429, "", {{"retry-after-ms", "1340"}, {"retry-after", "2"}}).error().retry_after(), seconds(2));
  EXPECT_EQ(response(429, R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},)"
                          R"({"retryDelay":"17s"}]}})")
                .retry_after,
            milliseconds(17'000));
}

TEST(ProviderError, AnErrorInsideOfA200MeansWhatItsStatusWouldMean) {
  EXPECT_EQ(in_band(R"({"error":{"type":"overloaded_error"}})").code, ErrorCode::kProviderOverloaded);
  EXPECT_TRUE(in_band(R"({"error":{"type":"overloaded_error"}})").may_retry);
  EXPECT_TRUE(in_band(R"({"error":{"code":502,"message":"x"}})").may_retry);
  EXPECT_TRUE(in_band(R"({"error":{"code":"502","message":"x"}})").may_retry);
  EXPECT_TRUE(in_band(R"({"error":{"message":"m","type":"server_error","code":null}})").may_retry);
  EXPECT_TRUE(in_band(R"({"error":{"code":503,"status":"UNAVAILABLE"}})").may_retry);
  EXPECT_FALSE(in_band(R"({"error":{"code":400,"message":"x"}})").may_retry) << "permanent, although in a stream";
  EXPECT_FALSE(in_band(R"({"error":{"code":"tool_use_failed","status_code":400}})").may_retry);
  EXPECT_EQ(in_band(R"({"error":{"type":"authentication_error"}})").code, ErrorCode::kProviderAuth);
  EXPECT_FALSE(in_band(R"({"error":"the engine died"})").may_retry) << "nothing says what it is";
}

TEST(ProviderError, ATooLongPromptIsSaidSo) {
  for (const std::string body :
       {R"({"error":{"code":"context_length_exceeded"}})", R"({"error":{"message":"prompt is too long: 9 > 8"}})",
        R"({"error":{"code":400,"type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}})"}) {
    EXPECT_TRUE(has(response(400, body).message, "smaller top_k")) << body;
    EXPECT_FALSE(response(500, body).may_retry) << body;
  }
  EXPECT_TRUE(has(
      response(400, R"({"error":{"type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}})").message,
      "9000 tokens, at most 4096"));
}

TEST(ProviderError, ReadsEveryShapeOfAnErrorBody) {
  for (const std::string body :
       {R"({"error":{"message":"the words"}})", R"({"error":"the words"})", R"([{"error":{"message":"the words"}}])",
        R"({"object":"error","message":"the words","code":40001})", R"({"detail":"the words"})",
        R"({"message":"the words"})", R"({"error":"{\"error\":{\"message\":\"the words\"}}"})", "the words",
        "  \n the words "}) {
    EXPECT_TRUE(has(response(400, body).message, "It says: \"the words\".")) << body << response(400, body).message;
  }
  EXPECT_TRUE(has(response(422, R"({"object":"error","message":{"detail":[{"loc":["body","x"]}]}})").message, "loc"));
  EXPECT_FALSE(has(response(502, "<html><h1>Bad gateway</h1></html>").message, "gateway"));
  EXPECT_FALSE(has(response(502, "").message, "It says"));
  EXPECT_TRUE(has(response(400, "{\"error\": {\"message\": \"cut").message, "cut"));
}

TEST(ProviderError, QuotesLittleOnOneLineWithoutControlCharacters) {
  const std::string long_words(1000, 'w');
  const auto failure = response(400, "{\"error\":{\"message\":\"" + long_words + "\"}}");
  EXPECT_LT(failure.message.size(), 320U);
  EXPECT_EQ(quotable("a\r\n\tb\x1b[31m \xE2\x80\xAE"
                     "c\x00",
                     {}),
            "a b [31m c");
  EXPECT_TRUE(
      text::is_valid_utf8(quotable("a\xFF"
                                   "b",
                                   {})));
  EXPECT_EQ(text::count_code_points(quotable(std::string(500, 'x'), {})), 201U);
}

TEST(Redaction, NoKeyIsEverQuoted) {
  const std::vector<std::string> secrets = {kSecret, "short"};
  EXPECT_EQ(redact("key " + kSecret + "!", secrets), "key [key]!");
  EXPECT_EQ(redact("x" + kSecret + kSecret, secrets), "x[key]") << "keys that run into each other";
  EXPECT_EQ(redact("cut canary-k and canary-key-01", secrets), "cut [key] and [key]");
  EXPECT_EQ(redact("a short word", secrets), "a [key] word");
  EXPECT_EQ(redact("Incorrect API key provided: sk-proj-abcd****wxyz. Find", {}),
            "Incorrect API key provided: [key] Find");
  EXPECT_EQ(redact("(gsk_0123456789abcdef)", {}), "([key])");
  EXPECT_EQ(redact("AIzaSyA0123456789", {}), "[key]");
  EXPECT_EQ(redact("Authorization: Bearer abc.def-123, ok", {}), "Authorization: Bearer [key], ok");
  EXPECT_EQ(redact("use sk-learn and a task-oriented-approach", {}), "use sk-learn and a task-oriented-approach");
  EXPECT_FALSE(has(response(401, "{\"error\":{\"message\":\"bad key " + kSecret + "\"}}").message, "canary"));
  const std::string padded(kMaxWireMessageBytes - 10, ' ');
  EXPECT_FALSE(has(response(401, padded + kSecret + " end").message, "canary"));
}

TEST(ProviderError, EachTimeoutSaysWhichItWas) {
  using Kind = http::ExchangeFailure::Kind;
  const auto of = [](Kind kind) {
    return failure_of_exchange(groq(), {.kind = kind, .detail = "Connection refused"}, seconds(5));
  };
  EXPECT_TRUE(has(of(Kind::kConnectTimeout).message, "cannot be reached within 5 s"));
  EXPECT_TRUE(has(of(Kind::kFirstByteTimeout).message, "did not begin to answer within 5 s"));
  EXPECT_TRUE(has(of(Kind::kIdleTimeout).message, "fell silent in its answer for 5 s"));
  EXPECT_TRUE(has(of(Kind::kTotalTimeout).message, "did not finish its answer within 5 s"));
  for (const Kind kind : {Kind::kConnectTimeout, Kind::kFirstByteTimeout, Kind::kIdleTimeout, Kind::kTotalTimeout}) {
    EXPECT_EQ(of(kind).code, ErrorCode::kProviderTimeout);
    EXPECT_EQ(of(kind).may_retry, kind == Kind::kConnectTimeout);
  }
  EXPECT_TRUE(has(of(Kind::kConnect).message, "https://api.groq.com cannot be reached: Connection refused."));
  EXPECT_TRUE(of(Kind::kConnect).may_retry);
  EXPECT_FALSE(of(Kind::kNoResponse).may_retry) << "it may have been paid for";
  EXPECT_TRUE(of(Kind::kNoResponse).error().retryable());
  EXPECT_EQ(of(Kind::kBroken).code, ErrorCode::kProviderBadStream);
}

TEST(ProviderError, SaysWhetherAskingLaterCanHelp) {
  const auto retryable = [](int status, const std::string& body) {
    return failure_of_response(groq(), status, {}, read_error_body(body)).error().retryable();
  };
  for (const int status : {408, 429, 498, 500, 502, 503, 504, 529}) EXPECT_TRUE(retryable(status, "")) << status;
  for (const int status : {400, 401, 402, 403, 404, 413, 418, 422}) EXPECT_FALSE(retryable(status, "")) << status;
  EXPECT_FALSE(retryable(429, R"({"error":{"code":"insufficient_quota"}})"));
  EXPECT_FALSE(retryable(400, R"({"error":{"code":"context_length_exceeded"}})"));
}

}  // namespace
}  // namespace jackdaw::providers
