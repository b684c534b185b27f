// How exchanges end that do not end well: every kind of failure, timeouts, cancellation, and connections that died.
#include <gtest/gtest.h>

#include <future>

#include "http/async_client.h"
#include "tests/support/http_exchange.h"
#include "tests/support/http_raw_peer.h"

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using testing::await;
using namespace std::chrono_literals;
using Kind = ExchangeFailure::Kind;
using End = PeerConnection::End;

const std::string kShortAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kStreamHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// One answer, then the connection's end.
Exchanged ask_for(const std::string& bytes) {
  RawPeer peer([&](PeerConnection& connection, int) {
    connection.read_request();
    connection.send(bytes);
  });
  TestClient client;
  return client.run(get(peer.url()));
}

TEST(AsyncClientFailure, ABodyThatIsCutIsBrokenAfterWhatCame) {
  for (const std::string& bytes :
       {kStreamHead + "4\r\npart\r\n", kStreamHead + "4\r\npart\r\n0\r\n", kStreamHead + "9\r\npart",
        kStreamHead + "4\r\npart\r\nzz\r\n", std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npart")}) {
    const Exchanged got = ask_for(bytes);
    EXPECT_TRUE(got.failed_with(Kind::kBroken)) << bytes;
    EXPECT_EQ(got.body, "part") << bytes;
    ASSERT_TRUE(got.head);
    EXPECT_FALSE(got.failure->detail.empty());
  }
}

TEST(AsyncClientFailure, AResetInsideTheBodyIsBroken) {
  std::promise<void> taken;
  RawPeer peer([&](PeerConnection& connection, int) {
    connection.read_request();
    connection.send(kStreamHead + "4\r\npart\r\n");
    taken.get_future().wait_for(30s);
    connection.reset();
  });
  TestClient client;
  const auto exchange = client.client.start(get(peer.url()), {});
  const auto run = [&]() -> awaitable<Exchanged> {
    Exchanged got;
    while (true) {
      ExchangeEvent event = co_await exchange->next();
      const bool is_bytes = std::holds_alternative<ExchangeBytes>(event);
      if (!take(std::move(event), got)) break;
      if (is_bytes) taken.set_value();
    }
    co_return got;
  };
  const Exchanged got = await(client.io, run());
  EXPECT_TRUE(got.failed_with(Kind::kBroken));
  EXPECT_EQ(got.body, "part");
}

TEST(AsyncClientFailure, AHeadThatIsCutOrMakesNoSenseIsBroken) {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 100 Continue\r\n\r\n",
        "hello, I am no HTTP at all\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n"}) {
    const Exchanged got = ask_for(bytes);
    EXPECT_TRUE(got.failed_with(Kind::kBroken)) << bytes << (got.failure ? got.failure->detail : " no failure");
    EXPECT_FALSE(got.head) << bytes;
  }
}

TEST(AsyncClientFailure, AHeadThatNeverEndsIsBroken) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  while (many.size() < 80'000) many += "X-Field-" + std::to_string(many.size()) + ": some value\r\n";
  EXPECT_TRUE(ask_for(many + "\r\n").failed_with(Kind::kBroken));
  EXPECT_TRUE(ask_for("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n").failed_with(Kind::kBroken));
  std::string interim;
  for (int i = 0; i < 5000; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_TRUE(ask_for(interim + kShortAnswer).failed_with(Kind::kBroken));
}

TEST(AsyncClientFailure, AConnectionThatEndsBeforeAByteIsNoResponse) {
  for (const bool reset : {false, true}) {
    RawPeer peer([&](PeerConnection& connection, int) {
      connection.read_request();
      if (reset) connection.reset();
    });
    TestClient client;
    const Exchanged got = client.run(get(peer.url()));
    EXPECT_TRUE(got.failed_with(Kind::kNoResponse)) << reset;
    EXPECT_EQ(peer.accepted(), 1);
  }
}

TEST(AsyncClientFailure, ARefusedConnectionSaysSo) {
  std::string url;
  {
    const RawPeer gone([](PeerConnection&, int) {});
    url = gone.url("/?key=secret");
  }
  TestClient client;
  const Exchanged got = client.run(get(url));
  EXPECT_TRUE(got.failed_with(Kind::kConnect));
  EXPECT_EQ(got.failure->detail, "Connection refused");
}

TEST(AsyncClientFailure, AnUnknownNameIsAFailureToConnect) {
  TestClient client;
  ExchangeRequest request = get("http://no-such-host.invalid/");
  request.connect_timeout = 30s;
  const Exchanged got = client.run(request);
  // Without any name server the resolver may be silent for longer than that.
  EXPECT_TRUE(got.failed_with(Kind::kConnect) || got.failed_with(Kind::kConnectTimeout));
}

TEST(AsyncClientFailure, SaysWhichUrlsAreNone) {
  TestClient client;
  for (const char* url : {"", "localhost/x", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://a b/",
                          "http://127.0.0.1:99999/", "http://x\r\ny/"}) {
    const Exchanged got = client.run(get(url));
    EXPECT_TRUE(got.failed_with(Kind::kInvalidUrl)) << url;
  }
  EXPECT_TRUE(client.run(get(std::string("http://127.0.0.1/\0", 18))).failed_with(Kind::kInvalidUrl));
}

// Plays until the client is gone, and says how that looked from the peer.
class Observer {
 public:
  // What is sent after the request, before waiting for the end.
  explicit Observer(std::string bytes, bool read_request = true)
      : peer_([this, bytes = std::move(bytes), read_request](PeerConnection& connection, int) {
          if (read_request) connection.read_request();
          connection.send(bytes);
          end_.set_value(connection.wait_for_end());
        }) {}

  std::string url() const { return peer_.url(); }
  // kStillOpen after half a minute.
  End end() { return end_.get_future().get(); }

 private:
  std::promise<End> end_;
  RawPeer peer_;
};

TEST(AsyncClientFailure, EachTimeoutHasItsKindAndClosesTheConnection) {
  const auto run = [](const std::string& bytes, const std::function<void(ExchangeRequest&)>& limit) {
    Observer observer(bytes);
    TestClient client;
    ExchangeRequest request = get(observer.url());
    limit(request);
    Exchanged got = client.run(request);
    EXPECT_EQ(client.client.running(), 0U);
    EXPECT_NE(observer.end(), End::kStillOpen);
    return got;
  };
  EXPECT_TRUE(run("", [](auto& request) { request.first_byte_timeout = 100ms; }).failed_with(Kind::kFirstByteTimeout));
  EXPECT_TRUE(run("", [](auto& request) { request.total_timeout = 100ms; }).failed_with(Kind::kTotalTimeout));
  const Exchanged idle = run(kStreamHead + "4\r\npart\r\n", [](auto& request) { request.idle_timeout = 100ms; });
  EXPECT_TRUE(idle.failed_with(Kind::kIdleTimeout));
  EXPECT_EQ(idle.body, "part");
  const Exchanged total = run(kStreamHead + "4\r\npart\r\n", [](auto& request) { request.total_timeout = 2s; });
  EXPECT_TRUE(total.failed_with(Kind::kTotalTimeout));
  EXPECT_EQ(total.body, "part");
}

TEST(AsyncClientFailure, BytesKeepAnExchangeAliveButNotBeyondItsTotalTime) {
  RawPeer peer([](PeerConnection& connection, int) {
    connection.read_request();
    connection.send(kStreamHead);
    while (connection.send("1\r\n.\r\n")) std::this_thread::sleep_for(20ms);
  });
  TestClient client;
  ExchangeRequest request = get(peer.url());
  request.idle_timeout = 30s;
  request.total_timeout = 1500ms;
  EXPECT_TRUE(client.run(request).failed_with(Kind::kTotalTimeout));
}

TEST(AsyncClientFailure, ATlsHandshakeThatHangsIsAConnectTimeout) {
  Observer observer("", false);
  TestClient client;
  ExchangeRequest request = get("https" + observer.url().substr(4));
  request.connect_timeout = 200ms;
  EXPECT_TRUE(client.run(request).failed_with(Kind::kConnectTimeout));
  EXPECT_NE(observer.end(), End::kStillOpen);
}

TEST(AsyncClientFailure, DroppingAnExchangeClosesItsConnectionInEveryWindow) {
  struct Window {
    const char* name;
    std::string scheme;
    std::string bytes;
    bool reads_request;
  };
  for (const Window& window : {Window{"handshake", "https", "", false}, Window{"first byte", "http", "", true},
                               Window{"inside the head", "http", "HTTP/1.1 200 OK\r\nX: ", true},
                               Window{"between two chunks", "http", kStreamHead + "1\r\nx\r\n", true}}) {
    Observer observer(window.bytes, window.reads_request);
    TestClient client;
    Cancellation cancellation;
    boost::asio::co_spawn(client.io,
                          take_all(client.client.start(get(window.scheme + observer.url().substr(4)), cancellation)),
                          [&](const std::exception_ptr&, const Exchanged& got) {
                            EXPECT_EQ(got.thrown, ErrorCode::kCancelled) << window.name;
                            client.io.stop();
                          });
    client.io.run_for(200ms);
    std::thread canceller([&] { cancellation.cancel(CancelReason::kDisconnect); });
    client.io.run();
    canceller.join();
    EXPECT_EQ(client.client.running(), 0U);
    EXPECT_NE(observer.end(), End::kStillOpen) << window.name;
  }
}

TEST(AsyncClientFailure, ADeadlineEndsTheWait) {
  Observer observer("");
  TestClient client;
  const Exchanged got = client.run(get(observer.url()), Cancellation().child(SteadyClock::now() + 200ms));
  EXPECT_EQ(got.thrown, ErrorCode::kDeadlineExceeded);
  EXPECT_NE(observer.end(), End::kStillOpen);
}

TEST(AsyncClientFailure, WhatIsCancelledBeforeItBeginsNeverConnects) {
  RawPeer peer([](PeerConnection&, int) {});
  TestClient client;
  const Cancellation cancellation;
  cancellation.cancel(CancelReason::kShutdown);
  EXPECT_EQ(client.run(get(peer.url()), cancellation).thrown, ErrorCode::kShuttingDown);
  client.client.start(get(peer.url()), {}).reset();
  EXPECT_EQ(peer.accepted(), 0);
}

TEST(AsyncClientFailure, AConnectionThatWasAbortedIsNotReused) {
  RawPeer peer([](PeerConnection& connection, int number) {
    connection.read_request();
    connection.send(number == 0 ? kStreamHead + "1\r\nx\r\n" : kShortAnswer);
    connection.wait_for_end();
  });
  TestClient client;
  {
    const auto exchange = client.client.start(get(peer.url()), {});
    await(client.io, exchange->next());
  }
  EXPECT_TRUE(client.run(get(peer.url())).complete);
  EXPECT_EQ(peer.accepted(), 2);
}

TEST(AsyncClientFailure, AnIdleConnectionThatThePeerClosedIsReplaced) {
  std::promise<void> closed;
  RawPeer peer([&](PeerConnection& connection, int number) {
    connection.read_request();
    connection.send(kShortAnswer);
    connection.close();
    if (number == 0) closed.set_value();
  });
  TestClient client;
  EXPECT_TRUE(client.run(get(peer.url())).complete);
  closed.get_future().wait_for(30s);
  EXPECT_TRUE(client.run(get(peer.url())).complete);
  EXPECT_EQ(peer.accepted(), 2);
}

// The race that no check before the request can see: the idle connection is alive, and ends on the next request.
TEST(AsyncClientFailure, AReusedConnectionThatEndsBeforeAByteIsReplacedByAFreshOne) {
  for (const bool reset : {false, true}) {
    for (const std::size_t body_bytes : {std::size_t{100}, std::size_t{4'000'000}}) {
      RawPeer peer([&](PeerConnection& connection, int number) {
        connection.read_request();
        connection.send(kShortAnswer);
        // The whole of a long request is not read: the end comes while it is sent.
        if (connection.read_head().empty() || number > 0) return;
        if (reset) connection.reset();
      });
      TestClient client;
      ExchangeRequest request;
      request.url = peer.url();
      request.body = "x";
      EXPECT_TRUE(client.run(request).complete);
      request.body.assign(body_bytes, 'x');
      const Exchanged got = client.run(request);
      EXPECT_TRUE(got.complete) << reset << " " << body_bytes << (got.failure ? got.failure->detail : "");
      EXPECT_EQ(got.body, "ok");
      EXPECT_EQ(peer.accepted(), 2);
    }
  }
}

TEST(AsyncClientFailure, OnlyOneFreshConnectionIsTried) {
  std::atomic<int> waiting = 0;
  RawPeer peer([&](PeerConnection& connection, int number) {
    connection.read_request();
    if (number >= 2) return;
    ++waiting;
    while (waiting < 2) std::this_thread::sleep_for(1ms);
    connection.send(kShortAnswer);
    connection.read_request();
  });
  TestClient client;
  // Two idle connections, both of which end on the next request.
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(client.io, take_all(client.client.start(get(peer.url()), {})),
                          [](const std::exception_ptr&, const Exchanged& got) { EXPECT_TRUE(got.complete); });
  }
  client.io.run();
  EXPECT_EQ(peer.accepted(), 2);
  EXPECT_TRUE(client.run(get(peer.url())).failed_with(Kind::kNoResponse));
  EXPECT_EQ(peer.accepted(), 3);
}

}  // namespace
}  // namespace jackdaw::http
