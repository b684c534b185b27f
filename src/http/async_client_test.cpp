#include "http/async_client.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "tests/support/http_exchange.h"
#include "tests/support/http_raw_peer.h"

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using testing::await;
using Kind = ExchangeFailure::Kind;

// Answers each request of each connection with the same bytes.
RawPeer::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](PeerConnection& connection, int) {
    while (!connection.read_request().empty()) connection.send(bytes);
  };
}

std::string with_length(const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One answer, then the connection's end.
Exchanged ask_for(const std::string& bytes, const std::string& method = "GET") {
  RawPeer peer([&](PeerConnection& connection, int) {
    connection.read_request();
    connection.send(bytes);
  });
  TestClient client;
  ExchangeRequest request = get(peer.url());
  request.method = method;
  return client.run(request);
}

TEST(AsyncClient, GivesHeadBodyAndEnd) {
  RawPeer peer(answer(with_length("hello", "X-One: 1\r\nx-two:2\r\n")));
  TestClient client;
  const Exchanged got = client.run(get(peer.url("/path?query")));
  ASSERT_TRUE(got.head);
  EXPECT_EQ(got.head->status, 200);
  EXPECT_EQ(got.head->headers.get("x-one"), "1");
  EXPECT_EQ(got.head->headers.get("X-Two"), "2");
  EXPECT_EQ(got.body, "hello");
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(client.client.running(), 0U);
}

TEST(AsyncClient, SendsTheRequestAsItWasAsked) {
  std::string seen;
  {
    RawPeer peer([&](PeerConnection& connection, int) {
      seen = connection.read_request();
      connection.send(with_length(""));
    });
    TestClient client;
    ExchangeRequest request;
    request.url = peer.url("/v1/chat?key=a%20b");
    request.headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer secret"}, {"X-Empty", ""}};
    request.body = R"({"a":1})";
    EXPECT_TRUE(client.run(request).complete);
  }
  EXPECT_TRUE(seen.starts_with("POST /v1/chat?key=a%20b HTTP/1.1\r\n")) << seen;
  for (const char* line : {"Content-Type: application/json", "Authorization: Bearer secret",
                           "X-Empty:", "Accept-Encoding: identity", "Content-Length: 7"}) {
    EXPECT_NE(seen.find("\r\n" + std::string(line) + "\r\n"), std::string::npos) << line << " in " << seen;
  }
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST(AsyncClient, SendsALongBody) {
  std::string seen;
  const std::string body(3'000'000, 'b');
  {
    RawPeer peer([&](PeerConnection& connection, int) {
      seen = connection.read_request();
      connection.send(with_length(""));
    });
    TestClient client;
    ExchangeRequest request;
    request.url = peer.url();
    request.body = body;
    EXPECT_TRUE(client.run(request).complete);
  }
  EXPECT_EQ(seen.find("100-continue"), std::string::npos);
  EXPECT_EQ(seen.substr(seen.find("\r\n\r\n") + 4), body);
}

TEST(AsyncClient, KnowsMethodsWithoutABody) {
  std::string seen;
  {
    RawPeer peer([&](PeerConnection& connection, int) {
      for (std::string head = connection.read_head(); !head.empty(); head = connection.read_head()) {
        seen += head.substr(0, head.find('\r')) + "|";
        connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n");
      }
    });
    TestClient client;
    for (const char* method : {"GET", "DELETE", "HEAD"}) {
      ExchangeRequest request = get(peer.url());
      request.method = method;
      EXPECT_TRUE(client.run(request).complete);
    }
  }
  EXPECT_EQ(seen, "GET / HTTP/1.1|DELETE / HTTP/1.1|HEAD / HTTP/1.1|");
  TestClient client;
  ExchangeRequest request = get("http://127.0.0.1/");
  request.method = "GET / HTTP/1.1\r\nX: y";
  EXPECT_THROW(client.run(request), Error);
}

TEST(AsyncClient, AnyStatusIsAResponse) {
  for (const int status : {204, 304, 401, 429, 500, 529}) {
    const Exchanged got = ask_for("HTTP/1.1 " + std::to_string(status) + " Such\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(got.head) << status;
    EXPECT_EQ(got.head->status, status);
    EXPECT_TRUE(got.complete);
  }
}

TEST(AsyncClient, FollowsNoRedirect) {
  RawPeer peer(answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"));
  TestClient client;
  const Exchanged got = client.run(get(peer.url()));
  EXPECT_EQ(got.head->status, 302);
  EXPECT_EQ(got.head->headers.get("Location"), "/elsewhere");
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(peer.accepted(), 1);
}

TEST(AsyncClient, PassesOverInterimResponses) {
  const Exchanged got =
      ask_for("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + with_length("done"));
  EXPECT_EQ(got.head->status, 200);
  EXPECT_FALSE(got.head->headers.contains("Link"));
  EXPECT_EQ(got.body, "done");
  EXPECT_TRUE(got.complete);
}

TEST(AsyncClient, TheResponseIsTheSameHoweverItsBytesArrive) {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5;a=b\r\nhello\r\n1\r\n,\r\nA\r\n1234567890\r\n"
      "0\r\nTrailer: z\r\n\r\n";
  RawPeer peer([&](PeerConnection& connection, int) {
    for (std::size_t split = 0; !connection.read_request().empty(); ++split) {
      if (split == 0) {
        connection.send_byte_by_byte(bytes);
      } else {
        connection.send(std::string_view(bytes).substr(0, split));
        std::this_thread::yield();
        connection.send(std::string_view(bytes).substr(split));
      }
    }
  });
  TestClient client;
  for (std::size_t split = 0; split < bytes.size(); ++split) {
    const Exchanged got = client.run(get(peer.url()));
    ASSERT_TRUE(got.complete) << split;
    EXPECT_EQ(got.body, "hello,1234567890") << split;
    EXPECT_EQ(got.head->headers.get("X"), "y");
    EXPECT_FALSE(got.head->headers.contains("Trailer"));
  }
  EXPECT_EQ(peer.accepted(), 1);
}

TEST(AsyncClient, ABodyWithoutAFramingEndsWithItsConnection) {
  for (const char* head : {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    const Exchanged got = ask_for(std::string(head) + "all of it");
    EXPECT_EQ(got.body, "all of it");
    EXPECT_TRUE(got.complete);
  }
}

TEST(AsyncClient, ReusesAConnection) {
  RawPeer peer(answer(with_length("x")));
  TestClient client;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.run(get(peer.url())).complete);
  EXPECT_EQ(peer.accepted(), 1);
}

TEST(AsyncClient, DoesNotReuseAConnectionThatSaidTooMuch) {
  for (const std::string& bytes :
       {with_length("x") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake",
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"
                    "Content-Length: 4\r\n\r\nfake")}) {
    RawPeer peer(answer(bytes));
    TestClient client;
    for (int i = 0; i < 3; ++i) {
      const Exchanged got = client.run(get(peer.url()));
      EXPECT_TRUE(got.complete);
      EXPECT_EQ(got.body, "x");
    }
  }
}

// Counts what it could send, so that a test sees when it cannot send more.
class Flood {
 public:
  static constexpr std::size_t kBytes = 50'000'000;

  void play(PeerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
    const std::string piece(10'000, 'f');
    while (sent_ < kBytes && connection.send(piece)) sent_ += piece.size();
    end_ = connection.wait_for_end();
  }
  // Waits until nothing was sent for half a second.
  std::size_t sent_when_blocked() const {
    std::size_t before = 0;
    do {
      before = sent_;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    } while (before == 0 || before != sent_);
    return before;
  }
  PeerConnection::End end() const { return end_; }

 private:
  std::atomic<std::size_t> sent_ = 0;
  std::atomic<PeerConnection::End> end_ = PeerConnection::End::kStillOpen;
};

// The first piece, so that the exchange has begun and nobody takes more.
awaitable<std::size_t> take_first_piece(Exchange& exchange) {
  while (true) {
    const ExchangeEvent event = co_await exchange.next();
    if (const auto* bytes = std::get_if<ExchangeBytes>(&event)) co_return bytes->bytes.size();
  }
}

TEST(AsyncClient, DoesNotReadWhatNobodyTakesAndGoesOnWhenItIsTaken) {
  Flood flood;
  RawPeer peer([&](PeerConnection& connection, int) { flood.play(connection); });
  TestClient client;
  ExchangeRequest request = get(peer.url());
  request.max_buffered_bytes = 32 * 1024;
  request.idle_timeout = std::chrono::seconds(60);
  auto exchange = client.client.start(request, {});
  const std::size_t first = await(client.io, take_first_piece(*exchange));
  EXPECT_LE(first, request.max_buffered_bytes);

  std::atomic<bool> blocked = false;
  std::thread observer([&] {
    EXPECT_LT(flood.sent_when_blocked(), Flood::kBytes / 2);
    blocked = true;
  });
  client.io.restart();
  while (!blocked) client.io.run_for(std::chrono::milliseconds(20));
  observer.join();

  const Exchanged rest = await(client.io, take_all(std::move(exchange)));
  EXPECT_TRUE(rest.complete);
  EXPECT_EQ(first + rest.body.size(), Flood::kBytes);
  // What waited, and one read more.
  EXPECT_LE(rest.longest_piece, request.max_buffered_bytes + 16 * 1024);
}

TEST(AsyncClient, SilenceCountsOnlyWhileSomebodyReads) {
  Flood flood;
  RawPeer peer([&](PeerConnection& connection, int) { flood.play(connection); });
  TestClient client;
  ExchangeRequest request = get(peer.url());
  request.idle_timeout = std::chrono::seconds(3);
  auto exchange = client.client.start(request, {});
  await(client.io, take_first_piece(*exchange));
  client.io.restart();
  client.io.run_for(request.idle_timeout + std::chrono::milliseconds(500));
  EXPECT_TRUE(await(client.io, take_all(std::move(exchange))).complete);
}

TEST(AsyncClient, APausedExchangeThatIsDroppedClosesItsConnection) {
  Flood flood;
  {
    RawPeer peer([&](PeerConnection& connection, int) { flood.play(connection); });
    TestClient client;
    auto exchange = client.client.start(get(peer.url()), {});
    await(client.io, take_first_piece(*exchange));
    client.io.restart();
    client.io.run_for(std::chrono::milliseconds(100));
    exchange.reset();
    // The peer's script ends by itself, not because the peer's destructor interrupts it.
    while (flood.end() == PeerConnection::End::kStillOpen) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_NE(flood.end(), PeerConnection::End::kStillOpen);
}

TEST(AsyncClient, RunsManyExchangesAtOnce) {
  constexpr int kMany = 200;
  std::mutex mutex;
  std::condition_variable all_came;
  int came = 0;
  RawPeer peer([&](PeerConnection& connection, int) {
    const std::string head = connection.read_request();
    std::unique_lock lock(mutex);
    if (++came == kMany) all_came.notify_all();
    all_came.wait_for(lock, std::chrono::seconds(60), [&] { return came == kMany; });
    lock.unlock();
    const std::string path = head.substr(4, head.find(' ', 4) - 4);
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) connection.send("3\r\nabc\r\n");
    connection.send("4\r\n" + path + "\r\n0\r\n\r\n");
  });
  TestClient client;
  int right = 0;
  for (int i = 0; i < kMany; ++i) {
    const std::string path = "/" + std::to_string(100 + i);
    boost::asio::co_spawn(client.io, take_all(client.client.start(get(peer.url(path)), {})),
                          [&right, path](const std::exception_ptr& thrown, const Exchanged& got) {
                            right += !thrown && got.complete && got.body.size() == 64 && got.body.ends_with(path);
                          });
  }
  client.io.run();
  EXPECT_EQ(right, kMany);
  EXPECT_EQ(peer.accepted(), kMany);
  EXPECT_EQ(client.client.running(), 0U);
}

TEST(AsyncClient, AnExchangeMayBeDroppedWhileAnotherOneEnds) {
  RawPeer peer([](PeerConnection& connection, int) {
    if (connection.read_request().starts_with("GET /short"))
      return static_cast<void>(connection.send(with_length("x")));
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n");
    connection.wait_for_end();
  });
  TestClient client;
  auto open = client.client.start(get(peer.url("/long")), {});
  await(client.io, take_first_piece(*open));
  EXPECT_EQ(client.client.running(), 1U);
  bool ended = false;
  boost::asio::co_spawn(client.io, take_all(client.client.start(get(peer.url("/short")), {})),
                        [&](const std::exception_ptr&, const Exchanged& got) {
                          open.reset();
                          ended = got.complete;
                        });
  client.io.restart();
  client.io.run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(client.client.running(), 0U);
}

}  // namespace
}  // namespace jackdaw::http
