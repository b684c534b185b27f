// What becomes of connections: kept for the next exchange, replaced when they died, and refused by the kernel.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/async_client.h"
#include "tests/support/http_exchange.h"
#include "tests/support/http_raw_peer.h"
#include "tests/support/http_test_certificate.h"

namespace {

// How many sockets more the kernel refuses to watch, as it does when fs.epoll.max_user_watches is used up.
thread_local int refused_watches = 0;

}  // namespace

// In this program before the C library's.
extern "C" int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  static const auto real = reinterpret_cast<decltype(&epoll_ctl)>(::dlsym(RTLD_NEXT, "epoll_ctl"));
  if (operation == EPOLL_CTL_ADD && refused_watches > 0) {
    --refused_watches;
    errno = ENOSPC;
    return -1;
  }
  return real(epoll, operation, descriptor, event);
}

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using testing::await;
using namespace std::chrono_literals;
using Kind = ExchangeFailure::Kind;

const std::string kShortAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kStreamHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// With the short body libcurl itself tries a dead connection's request again, with the long one we do: its end comes
// while the body is sent.
constexpr std::array<std::size_t, 2> kBodyBytes = {100, 4'000'000};

ExchangeRequest post(const std::string& url, std::size_t body_bytes) {
  ExchangeRequest request;
  request.url = url;
  request.body.assign(body_bytes, 'x');
  request.connect_timeout = 30s;
  return request;
}

// Answers once and dies on the next request, without having read all of a long one.
void answer_once(PeerConnection& connection) {
  connection.read_request();
  connection.send(kShortAnswer);
  connection.read_head();
}

TEST(AsyncClientConnections, WhereADeadOneCannotBeReplacedTheConnectionIsWhatFailed) {
  for (const std::size_t body_bytes : kBodyBytes) {
    std::atomic<RawPeer*> self = nullptr;
    RawPeer peer([&](PeerConnection& connection, int) {
      answer_once(connection);
      self.load()->stop_listening();
    });
    self = &peer;
    TestClient client;
    EXPECT_TRUE(client.run(post(peer.url(), 1)).complete);
    const Exchanged got = client.run(post(peer.url(), body_bytes));
    EXPECT_TRUE(got.failed_with(Kind::kConnect)) << body_bytes;
    EXPECT_EQ(got.failure->detail, "Connection refused");
    EXPECT_EQ(peer.accepted(), 1);
  }
}

TEST(AsyncClientConnections, AHandshakeThatFailsWhileADeadOneIsReplacedIsAFailureToConnect) {
  const TestCertificate certificate("localhost");
  for (const std::size_t body_bytes : kBodyBytes) {
    const auto tls = certificate.server_context();
    RawPeer peer([&](PeerConnection& connection, int number) {
      if (number > 0) return static_cast<void>(connection.send("no handshake at all\r\n"));
      if (connection.start_tls(*tls)) answer_once(connection);
    });
    const std::string url = "https://localhost:" + std::to_string(peer.port());
    TestClient client({.ca_file = certificate.file()});
    EXPECT_TRUE(client.run(post(url, 1)).complete);
    EXPECT_TRUE(client.run(post(url, body_bytes)).failed_with(Kind::kConnect)) << body_bytes;
    EXPECT_EQ(peer.accepted(), 2);
  }
}

TEST(AsyncClientConnections, TheReplacementOfOneThatDiedLateHasTheWholeTimeToConnect) {
  const TestCertificate certificate("localhost");
  for (const std::size_t body_bytes : kBodyBytes) {
    const auto tls = certificate.server_context();
    std::atomic<SteadyClock::time_point> died;
    RawPeer peer([&](PeerConnection& connection, int number) {
      // The handshake hangs.
      if (number > 0) return static_cast<void>(connection.wait_for_end());
      if (!connection.start_tls(*tls)) return;
      answer_once(connection);
      std::this_thread::sleep_for(1500ms);
      died = SteadyClock::now();
    });
    const std::string url = "https://localhost:" + std::to_string(peer.port());
    TestClient client({.ca_file = certificate.file()});
    EXPECT_TRUE(client.run(post(url, 1)).complete);
    ExchangeRequest request = post(url, body_bytes);
    request.connect_timeout = 1s;
    const Exchanged got = client.run(request);
    EXPECT_TRUE(got.failed_with(Kind::kConnectTimeout)) << body_bytes << (got.failure ? got.failure->detail : "");
    EXPECT_GE(SteadyClock::now() - died.load(), 900ms) << body_bytes;
    EXPECT_EQ(peer.accepted(), 2);
  }
}

// Streams that stand open until they are released, and short answers, on connections that are kept.
class BusyPeer {
 public:
  BusyPeer() : peer_([this](PeerConnection& connection, int) { play(connection); }) {}

  const RawPeer& peer() const { return peer_; }
  void release(std::size_t round) { released_.at(round).set_value(); }

 private:
  void play(PeerConnection& connection) {
    while (true) {
      const std::string request = connection.read_request();
      if (request.empty()) return;
      if (!request.starts_with("GET /stream/")) {
        connection.send(kShortAnswer);
        continue;
      }
      connection.send(kStreamHead + "1\r\nx\r\n");
      waits_.at(static_cast<std::size_t>(request.at(12) - '0')).wait_for(30s);
      connection.send("0\r\n\r\n");
    }
  }

  std::array<std::promise<void>, 2> released_;
  std::array<std::shared_future<void>, 2> waits_{released_[0].get_future().share(), released_[1].get_future().share()};
  RawPeer peer_;
};

awaitable<void> take_first_piece(Exchange& exchange) {
  while (true) {
    const ExchangeEvent event = co_await exchange.next();
    if (std::holds_alternative<ExchangeBytes>(event)) co_return;
    if (!std::holds_alternative<ExchangeHead>(event)) throw std::runtime_error("the stream ended");
  }
}

TEST(AsyncClientConnections, AreReusedHoweverManyAreInUse) {
  constexpr int kStreams = 100;
  BusyPeer busy;
  TestClient client;
  std::vector<std::unique_ptr<Exchange>> streams;
  const auto open_streams = [&](const std::string& path) {
    for (int i = 0; i < kStreams; ++i) {
      streams.push_back(client.client.start(get(busy.peer().url(path)), {}));
      await(client.io, take_first_piece(*streams.back()));
    }
  };
  const auto end_streams = [&](std::size_t round) {
    busy.release(round);
    for (auto& stream : streams) EXPECT_TRUE(await(client.io, take_all(std::move(stream))).complete);
    streams.clear();
  };
  open_streams("/stream/0");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.run(get(busy.peer().url())).complete);
  EXPECT_EQ(busy.peer().accepted(), kStreams + 1);
  end_streams(0);
  open_streams("/stream/1");
  // Of the idle ones about 64 were kept: several that end at the same moment are all still counted.
  EXPECT_LE(busy.peer().accepted(), kStreams + 1 + (kStreams - 64));
  EXPECT_GE(busy.peer().accepted(), kStreams + 1 + (kStreams - 64) / 2);
  end_streams(1);
}

TEST(AsyncClientConnections, OneThatTheKernelWillNotWatchFailsAndTheOthersGoOn) {
  BusyPeer busy;
  TestClient client;
  auto stream = client.client.start(get(busy.peer().url("/stream/0")), {});
  await(client.io, take_first_piece(*stream));
  refused_watches = 1;
  const Exchanged refused = client.run(get(busy.peer().url()));
  EXPECT_EQ(refused_watches, 0);
  EXPECT_TRUE(refused.failed_with(Kind::kConnect)) << (refused.failure ? refused.failure->detail : "");
  EXPECT_EQ(client.client.running(), 1U);
  EXPECT_TRUE(client.run(get(busy.peer().url())).complete);
  busy.release(0);
  EXPECT_TRUE(await(client.io, take_all(std::move(stream))).complete);
  EXPECT_EQ(client.client.running(), 0U);
}

TEST(AsyncClientConnections, ARequestThatCannotBeMadeIsNotCounted) {
  TestClient client;
  ExchangeRequest request = get("http://127.0.0.1:1/");
  request.method.assign(9'000'000, 'X');
  {
    const auto exchange = client.client.start(request, {});
    EXPECT_THROW(await(client.io, exchange->next()), Error);
  }
  EXPECT_EQ(client.client.running(), 0U);
}

}  // namespace
}  // namespace jackdaw::http
