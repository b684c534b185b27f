#include "providers/remote_model.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>

#include "core/error.h"
#include "providers/anthropic_messages.h"
#include "providers/failover.h"
#include "providers/openai_chat.h"
#include "providers/scripted_model.h"
#include "tests/support/await.h"
#include "tests/support/http_compression.h"
#include "tests/support/http_raw_peer.h"

namespace jackdaw::providers {
namespace {

using http::PeerConnection;
using http::RawPeer;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kText = "data: {\"choices\":[{\"delta\":{\"content\":\"Paris.\"}}]}\n\n";
const std::string kStop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const std::string kUsage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n";
const std::string kDone = "data: [DONE]\n\n";

// A response without a length: its end is the end of the connection.
std::string response(const std::string& status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Connection: close\r\n\r\n" + body;
}
std::string stream(const std::string& body) {
  return response("200 OK", "Content-Type: text/event-stream\r\n", body);
}
std::string refusal(const std::string& status, const std::string& headers, const std::string& body) {
  return response(status, "Content-Type: application/json\r\n" + headers, body);
}
const std::string kGood = stream(kText + kStop + kUsage + kDone);

class RemoteModelTest : public ::testing::Test {
 protected:
  struct Written {
    std::vector<WriterEvent> events;
    std::string text;
    std::optional<WriterEnd> end;
    std::optional<Error> failure;
    ErrorCode code() const { return failure ? failure->code() : ErrorCode::kInternal; }
    std::string message() const { return failure ? failure->what() : std::string(); }
  };

  // Request number n gets responses[n], later ones the last; the connection closes after it.
  std::unique_ptr<RawPeer> peer_with(std::vector<std::string> responses) {
    return std::make_unique<RawPeer>([this, responses](PeerConnection& connection, int number) {
      keep(connection.read_request());
      connection.send(responses[std::min(static_cast<std::size_t>(number), responses.size() - 1)]);
    });
  }
  void keep(std::string request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  std::unique_ptr<RemoteModel> model_at(const std::string& origin, RemoteModelOptions options = {}) {
    ProviderIdentity who{.provider = "openai",
                         .title = "The server",
                         .model = "m",
                         .key_variable = "OPENAI_API_KEY",
                         .url_variable = "OPENAI_BASE_URL",
                         .origin = origin,
                         .has_key = true,
                         .secrets = {"canary-key-0123456789"}};
    auto dialect = make_openai_chat(
        {.base_url = origin + "/v1", .model = "m", .api_key = "canary-key-0123456789", .host = "127.0.0.1"});
    return std::make_unique<RemoteModel>(std::move(who), std::move(dialect), client_, options);
  }
  std::unique_ptr<RemoteModel> model_of(const RawPeer& peer, RemoteModelOptions options = {}) {
    return model_at(peer.url(""), options);
  }

  static Prompt prompt() {
    Prompt prompt;
    prompt.messages = {{Role::kSystem, "Rules."}, {Role::kUser, "Q?"}};
    return prompt;
  }

  Written read(LanguageModel& model, Cancellation cancellation = {}) {
    const auto stream = model.write(prompt(), cancellation);
    Written written;
    try {
      while (auto event = testing::await(io_, stream->next())) {
        if (const auto* piece = std::get_if<TextDelta>(&*event)) written.text += piece->text;
        if (const auto* end = std::get_if<WriterEnd>(&*event)) written.end = *end;
        written.events.push_back(std::move(*event));
      }
    } catch (const Error& error) {
      written.failure = error;
    }
    return written;
  }

  boost::asio::io_context io_{1};
  http::AsyncClient client_{io_.get_executor()};
  std::mutex mutex_;
  std::vector<std::string> requests_;
};

TEST_F(RemoteModelTest, AsksAndStreams) {
  const auto peer = peer_with({kGood});
  const auto written = read(*model_of(*peer));
  ASSERT_TRUE(written.end) << written.message();
  EXPECT_EQ(written.text, "Paris.");
  EXPECT_EQ(written.end->reason, FinishReason::kStop);
  EXPECT_EQ(written.end->usage.input_tokens, 9);
  const std::string request = requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Authorization: Bearer canary-key-0123456789\r\n"), std::string::npos);
  EXPECT_NE(request.find("Accept: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.find(R"("stream":true)"), std::string::npos);
}

TEST_F(RemoteModelTest, AsksForTheWholeAnswerAtOnce) {
  const auto peer =
      peer_with({refusal("200 OK", "", R"({"choices":[{"message":{"content":"Paris."},"finish_reason":"length"}]})")});
  const auto written = read(*model_of(*peer, {.stream = false}));
  ASSERT_TRUE(written.end) << written.message();
  EXPECT_EQ(written.text, "Paris.");
  EXPECT_EQ(written.end->reason, FinishReason::kLength);
  EXPECT_NE(requests().at(0).find(R"("stream":false)"), std::string::npos);
}

TEST_F(RemoteModelTest, RetriesTwiceBeforeTheFirstWord) {
  for (const std::string& bad :
       {refusal("429 Too Many Requests", "retry-after-ms: 5\r\n", "{}"), refusal("500 X", "retry-after-ms: 5\r\n", ""),
        refusal("503 X", "retry-after-ms: 5\r\n", ""), refusal("529 X", "retry-after-ms: 5\r\n", ""),
        refusal("409 X", "retry-after-ms: 5\r\nx-should-retry: true\r\n", "")}) {
    const auto peer = peer_with({bad, bad, kGood});
    EXPECT_EQ(read(*model_of(*peer)).text, "Paris.") << bad;
    EXPECT_EQ(peer->accepted(), 3);
    const auto stubborn = peer_with({bad});
    const auto written = read(*model_of(*stubborn));
    EXPECT_TRUE(written.failure);
    EXPECT_EQ(stubborn->accepted(), 3) << bad;
  }
}

TEST_F(RemoteModelTest, RetriesAnErrorThatIsTheFirstEvent) {
  const auto peer =
      peer_with({stream("data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"), kGood});
  EXPECT_EQ(read(*model_of(*peer)).text, "Paris.");
  EXPECT_EQ(peer->accepted(), 2);
}

TEST_F(RemoteModelTest, NeverSendsARequestAgainThatMayHaveBeenTaken) {
  const auto peer = peer_with({"", kGood});
  EXPECT_EQ(read(*model_of(*peer)).failure->code(), ErrorCode::kProviderError);
  EXPECT_EQ(peer->accepted(), 1);
}

TEST_F(RemoteModelTest, NeverRetriesAfterTheFirstWordNorWhatCannotHelp) {
  for (const std::string& bad :
       {stream(kText + "data: {\"error\":{\"type\":\"overloaded_error\"}}\n\n"), stream(kText), stream(""),
        refusal("429 X", "retry-after-ms: 5\r\n", R"({"error":{"code":"insufficient_quota"}})"),
        refusal("503 X", "x-should-retry: false\r\n", ""), refusal("401 X", "", ""), refusal("400 X", "", ""),
        refusal("302 Found", "Location: http://127.0.0.1:1/\r\n", ""), stream("data: {\"choices\":[\n\n")}) {
    const auto peer = peer_with({bad, kGood});
    const auto written = read(*model_of(*peer));
    EXPECT_TRUE(written.failure) << bad;
    EXPECT_FALSE(written.end);
    EXPECT_EQ(peer->accepted(), 1) << bad;
  }
}

TEST_F(RemoteModelTest, ALongRetryAfterIsPassedOnAtOnce) {
  const auto peer = peer_with({refusal("429 X", "Retry-After: 3600\r\n", R"({"error":{"message":"daily limit"}})")});
  const auto written = read(*model_of(*peer));
  EXPECT_EQ(written.code(), ErrorCode::kProviderOverloaded);
  EXPECT_EQ(written.failure->retry_after(), seconds(3600));
  EXPECT_EQ(peer->accepted(), 1);
  const auto short_time = peer_with({refusal("429 X", "Retry-After: 20\r\n", "")});
  EXPECT_TRUE(read(*model_of(*short_time, {.total_timeout = seconds(10)})).failure)
      << "longer than the time that is left";
  EXPECT_EQ(short_time->accepted(), 1);
}

TEST_F(RemoteModelTest, ARefusedParameterIsLeftOutOnceAndForLaterAnswersToo) {
  const std::string bad =
      refusal("400 X", "", R"({"error":{"code":"unsupported_parameter","param":"max_tokens","message":"no"}})");
  const auto peer = peer_with({bad, kGood, kGood});
  const auto model = model_of(*peer);
  EXPECT_EQ(read(*model).text, "Paris.");
  EXPECT_EQ(read(*model).text, "Paris.");
  ASSERT_EQ(requests().size(), 3U);
  EXPECT_NE(requests()[0].find("\"max_tokens\":800"), std::string::npos);
  EXPECT_NE(requests()[1].find("\"max_completion_tokens\":800"), std::string::npos);
  EXPECT_NE(requests()[2].find("\"max_completion_tokens\":800"), std::string::npos);
  const auto stubborn = peer_with({bad});
  EXPECT_TRUE(read(*model_of(*stubborn)).failure);
  EXPECT_EQ(stubborn->accepted(), 2);
}

TEST_F(RemoteModelTest, ARefusalOfAnOlderShapeIsSentAgainAsOthersHaveLearned) {
  // The first request is refused only after another answer has learned from the same refusal.
  const std::string bad =
      refusal("400 X", "", R"({"error":{"code":"unsupported_parameter","param":"max_tokens","message":"no"}})");
  std::atomic<bool> has_learned = false;
  RawPeer peer([&](PeerConnection& connection, int number) {
    const std::string request = connection.read_request();
    keep(request);
    const auto until = SteadyClock::now() + seconds(30);
    while (number == 0 && !has_learned && SteadyClock::now() < until) std::this_thread::sleep_for(milliseconds(1));
    connection.send(request.find("\"max_tokens\"") == std::string::npos ? kGood : bad);
  });
  const auto model = model_of(peer);
  const auto early = model->write(prompt(), {});
  std::optional<WriterEvent> event;
  bool is_done = false;
  const auto read_early = [](WriterStream* stream, std::optional<WriterEvent>* out,
                             bool* done) -> boost::asio::awaitable<void> {
    *out = co_await stream->next();
    *done = true;
  };
  boost::asio::co_spawn(io_, read_early(early.get(), &event, &is_done), boost::asio::detached);
  const auto until = SteadyClock::now() + seconds(30);
  while (requests().empty() && SteadyClock::now() < until) io_.run_for(milliseconds(5)), io_.restart();
  ASSERT_EQ(requests().size(), 1U);
  EXPECT_EQ(read(*model).text, "Paris.");
  has_learned = true;
  while (!is_done && SteadyClock::now() < until) io_.run_for(milliseconds(5)), io_.restart();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<TextDelta>(*event).text, "Paris.");
  EXPECT_EQ(read(*model).text, "Paris.");
  EXPECT_EQ(peer.accepted(), 5) << "nobody asked in the old shape again";
}

TEST_F(RemoteModelTest, ARefusalThatNeverEndsIsUsedAsFarAsItCame) {
  RawPeer peer([this](PeerConnection& connection, int number) {
    keep(connection.read_request());
    if (number == 1) {
      connection.send(kGood);
      return;
    }
    const std::string head = "HTTP/1.1 429 X\r\nContent-Type: application/json\r\nretry-after-ms: 5\r\n\r\n";
    connection.send(head + (number > 1 ? R"({"error":{"code":"insufficient_quota"}})" : ""));
    connection.wait_for_end();
  });
  const auto model = model_of(peer, {.wait_for_refusal = milliseconds(200)});
  const auto start = SteadyClock::now();
  EXPECT_EQ(read(*model).text, "Paris.");
  const auto quota = read(*model);
  EXPECT_NE(quota.message().find("no credit or quota left"), std::string::npos) << quota.message();
  EXPECT_EQ(peer.accepted(), 3) << "the body said that another attempt cannot help";
  EXPECT_LT(SteadyClock::now() - start, seconds(25));
}

TEST_F(RemoteModelTest, WordsAfterTheProofBeginTheGraceAnew) {
  RawPeer peer([](PeerConnection& connection, int number) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + kText + kStop + kText);
    if (number == 0) std::this_thread::sleep_for(milliseconds(500));
    if (number == 0) connection.send(kText + kStop);
    connection.wait_for_end();
  });
  const auto model = model_of(peer, {.idle_timeout = seconds(30), .wait_for_usage = milliseconds(50)});
  const auto whole = read(*model);
  EXPECT_TRUE(whole.end) << whole.message();
  EXPECT_EQ(whole.text, "Paris.Paris.Paris.");
  const auto half = read(*model_of(peer, {.idle_timeout = milliseconds(300), .wait_for_usage = milliseconds(50)}));
  EXPECT_FALSE(half.end);
  EXPECT_EQ(half.code(), ErrorCode::kProviderTimeout) << half.message();
}

TEST_F(RemoteModelTest, OthersHaveTheirTurnWhileABurstWithoutWordsIsRead) {
  std::string comments;
  while (comments.size() < 8 * 1024 * 1024) comments += ": nothing to say, and at length\n";
  const std::string body = http::gzip(kText + comments + kStop + kDone);
  ASSERT_LT(body.size(), 64U * 1024) << "it must fit into the buffers whole";
  const auto peer =
      peer_with({response("200 OK", "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n", body)});
  const auto model = model_of(*peer);
  const Cancellation cancellation;
  const auto stream = model->write(prompt(), cancellation);
  ASSERT_TRUE(testing::await(io_, stream->next())) << "the word before the burst";
  io_.run_for(milliseconds(100));
  const auto cancel_in_turn = [](Cancellation wanted) -> boost::asio::awaitable<void> {
    const auto executor = co_await boost::asio::this_coro::executor;
    for (int turn = 0; turn < 5; ++turn) co_await boost::asio::post(executor, boost::asio::use_awaitable);
    wanted.cancel(CancelReason::kClient);
  };
  io_.restart();
  boost::asio::co_spawn(io_, cancel_in_turn(cancellation), boost::asio::detached);
  ErrorCode code = ErrorCode::kInternal;
  try {
    testing::await(io_, stream->next());
  } catch (const Error& error) {
    code = error.code();
  }
  EXPECT_EQ(code, ErrorCode::kCancelled);
}

TEST_F(RemoteModelTest, FailuresAreSentencesWithoutTheKey) {
  const auto peer =
      peer_with({refusal("401 X", "", R"({"error":{"message":"Incorrect API key: canary-key-0123456789"}})")});
  const auto written = read(*model_of(*peer));
  EXPECT_EQ(written.code(), ErrorCode::kProviderAuth);
  EXPECT_NE(written.message().find("OPENAI_API_KEY"), std::string::npos);
  EXPECT_EQ(written.message().find("canary"), std::string::npos) << written.message();
  const auto html = peer_with({response("200 OK", "Content-Type: text/html\r\n", "<html>")});
  EXPECT_EQ(read(*model_of(*html)).code(), ErrorCode::kProviderBadStream);
}

TEST_F(RemoteModelTest, ACutIsNeverAnEnd) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto chunk = [](const std::string& bytes) {
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return size.data() + bytes + "\r\n";
  };
  const auto cut = peer_with({chunked + chunk(kText)});
  const auto written = read(*model_of(*cut));
  EXPECT_EQ(written.text, "Paris.");
  EXPECT_EQ(written.code(), ErrorCode::kProviderBadStream) << written.message();
  const auto after_proof = peer_with({chunked + chunk(kText + kStop)});
  EXPECT_TRUE(read(*model_of(*after_proof)).end) << "the answer was complete";
}

TEST_F(RemoteModelTest, AServerThatKeepsTheConnectionOpenHoldsNobodyUp) {
  RawPeer peer([](PeerConnection& connection, int number) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + kText + kStop +
                    (number == 0 ? kDone : ""));
    connection.wait_for_end();
  });
  const auto model = model_of(peer, {.wait_for_usage = milliseconds(50)});
  for (int i = 0; i < 2; ++i) {
    const auto written = read(*model);
    EXPECT_TRUE(written.end) << written.message();
    EXPECT_EQ(written.text, "Paris.");
  }
}

TEST_F(RemoteModelTest, AConnectionIsUsedAgainAfterAnAnswer) {
  RawPeer peer([](PeerConnection& connection, int) {
    const std::string body = kText + kStop + kDone;
    while (!connection.read_request().empty()) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  });
  const auto model = model_of(peer);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read(*model).text, "Paris.");
  EXPECT_EQ(peer.accepted(), 1);
}

TEST_F(RemoteModelTest, ASilentProviderTimesOutWithASentence) {
  RawPeer peer([](PeerConnection& connection, int number) {
    connection.read_request();
    if (number > 0) connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + kText);
    connection.wait_for_end();
  });
  const auto model = model_of(peer, {.first_byte_timeout = milliseconds(200), .idle_timeout = milliseconds(200)});
  const auto first = read(*model);
  EXPECT_EQ(first.code(), ErrorCode::kProviderTimeout);
  EXPECT_NE(first.message().find("did not begin"), std::string::npos) << first.message();
  const auto idle = read(*model_of(peer, {.idle_timeout = milliseconds(200)}));
  EXPECT_EQ(idle.text, "Paris.");
  EXPECT_EQ(idle.code(), ErrorCode::kProviderTimeout);
  EXPECT_NE(idle.message().find("fell silent"), std::string::npos) << idle.message();
  const auto total = read(*model_of(peer, {.total_timeout = milliseconds(300)}));
  EXPECT_EQ(total.code(), ErrorCode::kProviderTimeout);
  EXPECT_NE(total.message().find("did not finish"), std::string::npos) << total.message();
}

TEST_F(RemoteModelTest, CancellingClosesTheConnectionInEveryWindow) {
  std::atomic<int> closed = 0;
  RawPeer peer([&](PeerConnection& connection, int number) {
    connection.read_request();
    if (number > 0) connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    if (number > 1) connection.send(kText);
    if (connection.wait_for_end() != PeerConnection::End::kStillOpen) ++closed;
  });
  const auto model = model_of(peer);
  for (int window = 0; window < 3; ++window) {
    const Cancellation cancellation;
    const auto stream = model->write(prompt(), cancellation);
    if (window == 2) {
      EXPECT_TRUE(testing::await(io_, stream->next()));
    }
    std::thread canceller([&] {
      while (peer.accepted() <= window) std::this_thread::sleep_for(milliseconds(1));
      cancellation.cancel(CancelReason::kClient);
    });
    ErrorCode code = ErrorCode::kInternal;
    try {
      testing::await(io_, stream->next());
    } catch (const Error& error) {
      code = error.code();
    }
    canceller.join();
    EXPECT_EQ(code, ErrorCode::kCancelled);
  }
  const auto until = SteadyClock::now() + seconds(30);
  while (closed < 3 && SteadyClock::now() < until) io_.run_for(milliseconds(5)), io_.restart();
  EXPECT_EQ(closed, 3);
}

TEST_F(RemoteModelTest, WaitingForARetryCanBeCancelled) {
  const auto peer = peer_with({refusal("429 X", "Retry-After: 29\r\n", "")});
  const Cancellation cancellation;
  std::thread canceller([&] {
    while (requests().empty()) std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(milliseconds(50));
    cancellation.cancel(CancelReason::kShutdown);
  });
  const auto start = SteadyClock::now();
  EXPECT_EQ(read(*model_of(*peer), cancellation).code(), ErrorCode::kShuttingDown);
  EXPECT_LT(SteadyClock::now() - start, seconds(25));
  canceller.join();
}

TEST_F(RemoteModelTest, AnotherWriterTakesOverBeforeTheFirstWordAndSaysSo) {
  const auto refuses = peer_with({refusal("401 X", "", "")});
  const auto broken = peer_with({stream("")});
  const auto good = peer_with({kGood});
  const auto first = model_of(*refuses);
  const auto second = model_of(*broken);
  const auto third = model_of(*good);
  Failover failover({first.get(), second.get(), third.get()});
  const auto written = read(failover);
  ASSERT_EQ(written.events.size(), 4U) << written.message();
  const auto& switched = std::get<WriterSwitched>(written.events[0]);
  EXPECT_EQ(switched.from + " " + switched.to + " " + switched.model, "openai openai m");
  EXPECT_NE(switched.reason.find("OPENAI_API_KEY"), std::string::npos) << switched.reason;
  EXPECT_TRUE(std::holds_alternative<WriterSwitched>(written.events[1]));
  EXPECT_EQ(written.text, "Paris.");
  EXPECT_NE(requests().back().find("Q?"), std::string::npos) << "the prompt went along";
  EXPECT_EQ(failover.provider() + failover.model(), "openaim");
}

TEST_F(RemoteModelTest, NobodyTakesOverAfterTheFirstWordOrForACancelledAnswer) {
  const auto cut = peer_with({stream(kText)});
  const auto good = peer_with({kGood});
  const auto first = model_of(*cut);
  const auto second = model_of(*good);
  Failover failover({first.get(), second.get()});
  const auto written = read(failover);
  EXPECT_EQ(written.text, "Paris.");
  EXPECT_EQ(written.code(), ErrorCode::kProviderBadStream);
  const Cancellation cancelled;
  cancelled.cancel(CancelReason::kClient);
  EXPECT_EQ(read(failover, cancelled).code(), ErrorCode::kCancelled);
  EXPECT_EQ(good->accepted(), 0);
  const auto refuses = peer_with({refusal("401 X", "", "")});
  const auto last = model_of(*refuses);
  Failover all_fail({last.get(), last.get()});
  EXPECT_EQ(read(all_fail).code(), ErrorCode::kProviderAuth) << "the last one's failure comes out";
}

}  // namespace
}  // namespace jackdaw::providers
