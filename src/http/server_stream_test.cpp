#include <gtest/gtest.h>

#include "http/server.h"
#include "tests/support/http_raw_client.h"
#include "tests/support/http_test_server.h"

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

Response empty_response() {
  return {};
}

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

Router router_with(Handler handler) {
  Router router;
  router.add("GET", "/x", handler);
  router.add("POST", "/x", std::move(handler));
  return router;
}

TEST(ServerStream, EachWriteArrivesBeforeTheNextIsMade) {
  std::array<Gate, 3> confirmed;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    co_await writer.begin_stream(200, Headers());
    for (int i = 0; i < 3; ++i) {
      co_await writer.write("piece " + std::to_string(i));
      co_await confirmed.at(static_cast<std::size_t>(i)).wait();
    }
    co_await writer.end_stream();
  }));
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_TRUE(client.read_head().has("\r\nTransfer-Encoding: chunked\r\n"));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(client.read_chunk(), "piece " + std::to_string(i));
    confirmed.at(i).set();
  }
  EXPECT_EQ(client.read_chunk(), "");
  client.send("HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 404) << "the connection goes on";
}

TEST(ServerStream, ABodyOfKnownLengthSaysItAndTheConnectionGoesOn) {
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    co_await writer.begin_sized(206, Headers(), 10);
    co_await writer.write("01234");
    co_await writer.write("56789");
    co_await writer.end_stream();
  }));
  RawClient client(server.port());
  client.send(kGet);
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "0123456789");
  EXPECT_TRUE(response.complete);
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = client.read_response(true);
  EXPECT_TRUE(head.has("\r\nContent-Length: 10\r\n"));
  EXPECT_FALSE(head.has("Transfer-Encoding"));
  client.send(kGet);
  EXPECT_EQ(client.read_response().body, "0123456789");
}

TEST(ServerStream, ABodyThatBreaksItsPromiseOfALengthIsSeenAsCut) {
  for (const std::size_t written : {9U, 11U}) {
    const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
      co_await writer.begin_sized(200, Headers(), 10);
      co_await writer.write("0");
      co_await writer.write(std::string(written - 1, 'x'));
      co_await writer.end_stream();
    }));
    RawClient client(server.port());
    client.send(kGet);
    EXPECT_THROW(client.read_response(), std::runtime_error) << "fewer than ten bytes, and then the end";
  }
}

TEST(ServerStream, TheHeadMayGoAlone) {
  Gate head_seen;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    Headers headers;
    headers.set("X-A", "1");
    co_await writer.begin_stream(202, std::move(headers));
    co_await writer.flush_head();
    co_await head_seen.wait();
    co_await writer.end_stream();
  }));
  RawClient client(server.port());
  client.send(kGet);
  const auto head = client.read_head();
  EXPECT_EQ(head.status, 202);
  EXPECT_TRUE(head.has("\r\nX-A: 1\r\n"));
  head_seen.set();
  EXPECT_EQ(client.read_chunk(), "");
}

TEST(ServerStream, AnAbandonedStreamIsSeenAsCut) {
  for (const bool throws : {false, true}) {
    const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
      co_await writer.begin_stream(200, Headers());
      co_await writer.write("half");
      if (throws) throw std::runtime_error("in the middle");
    }));
    RawClient client(server.port());
    client.send(kGet);
    const auto response = client.read_response();
    EXPECT_EQ(response.body, "half");
    EXPECT_FALSE(response.complete);
    EXPECT_TRUE(client.at_end());
  }
}

TEST(ServerStream, Http10GetsThePlainBytesUntilTheEnd) {
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    co_await writer.begin_stream(200, Headers());
    co_await writer.write("a");
    co_await writer.write("b");
    co_await writer.end_stream();
  }));
  RawClient client(server.port());
  client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(client.read_head().has("chunked"));
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.buffered(), "ab");
}

TEST(ServerStream, CallsOutOfOrderAreRefused) {
  Report<int> refused;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    int count = 0;
    try {
      co_await writer.write("x");
    } catch (const Error&) {
      ++count;
    }
    co_await writer.begin_stream(200, Headers());
    try {
      co_await writer.send(empty_response());
    } catch (const Error&) {
      ++count;
    }
    co_await writer.end_stream();
    refused.send(count);
  }));
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_TRUE(client.read_response().complete);
  EXPECT_EQ(refused.wait(), 2);
}

// A handler that computes, so to say: it waits for its cancellation alone.
Handler wait_for_cancellation(Report<bool>& started, Report<CancelReason>& reason) {
  return [&](Request& request, ResponseWriter&) -> awaitable<void> {
    Gate gate;
    const auto subscription = request.cancellation.on_cancel([&] { gate.set(); });
    started.send(true);
    co_await gate.wait();
    reason.send(request.cancellation.reason());
    request.cancellation.throw_if_requested();
  };
}

enum class Leave { kClose, kReset, kHalfClose };

class ServerDisconnect : public ::testing::TestWithParam<Leave> {};

TEST_P(ServerDisconnect, CancelsTheRequestWhileItsHandlerWaits) {
  Report<bool> started;
  Report<CancelReason> reason;
  const TestServer server(router_with(wait_for_cancellation(started, reason)));
  RawClient client(server.port());
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  started.wait();
  switch (GetParam()) {
    case Leave::kClose: client.close(); break;
    case Leave::kReset: client.reset(); break;
    case Leave::kHalfClose: client.shutdown_send(); break;
  }
  EXPECT_EQ(reason.wait(), CancelReason::kDisconnect);
}

INSTANTIATE_TEST_SUITE_P(Leaving, ServerDisconnect, ::testing::Values(Leave::kClose, Leave::kReset, Leave::kHalfClose));

TEST(ServerStream, AClientThatLeavesAStreamEndsTheWrites) {
  Report<ErrorCode> failure;
  Gate left;
  const TestServer server(router_with([&](Request& request, ResponseWriter& writer) -> awaitable<void> {
    const auto subscription = request.cancellation.on_cancel([&] { left.set(); });
    co_await writer.begin_stream(200, Headers());
    co_await writer.write("first");
    co_await left.wait();
    try {
      const std::string piece(1 << 16, 'x');
      while (true) co_await writer.write(piece);
    } catch (const Error& error) {
      failure.send(error.code());
      throw;
    }
  }));
  RawClient client(server.port());
  client.send(kGet);
  client.read_head();
  client.read_chunk();
  client.close();
  EXPECT_EQ(failure.wait(), ErrorCode::kCancelled);
}

TEST(ServerStream, AFrozenReaderStopsTheWriterAndIsDropped) {
  ServerOptions options = test_server_options();
  options.write_timeout = 300ms;
  Report<std::size_t> written;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
                            std::size_t bytes = 0;
                            co_await writer.begin_stream(200, Headers());
                            const std::string piece(1 << 16, 'x');
                            try {
                              while (bytes < (std::size_t{1} << 30)) {
                                co_await writer.write(piece);
                                bytes += piece.size();
                              }
                            } catch (const Error&) {
                            }
                            written.send(bytes);
                          }),
                          options);
  RawClient frozen(server.port(), 16 * 1024);
  frozen.send(kGet);
  // What the kernel's buffers take.
  EXPECT_LT(written.wait(), std::size_t{16} << 20);
}

TEST(ServerStream, LittleIsTakenForAReaderThatNeverReads) {
  ServerOptions options = test_server_options();
  options.write_timeout = 300ms;
  Report<std::size_t> written;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
                            std::size_t bytes = 0;
                            co_await writer.begin_stream(200, Headers());
                            const std::string piece(1000, 'x');
                            try {
                              while (bytes < (std::size_t{1} << 26)) {
                                co_await writer.write(piece);
                                bytes += piece.size();
                              }
                            } catch (const Error&) {
                            }
                            written.send(bytes);
                          }),
                          options);
  RawClient frozen(server.port());
  frozen.send(kGet);
  // The kernel's buffers of both sides.
  const std::size_t bytes = written.wait();
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LT(bytes, std::size_t{1} << 20);
}

TEST(ServerStream, ASlowReaderGetsEveryByte) {
  constexpr std::size_t kPieces = 256;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    co_await writer.begin_stream(200, Headers());
    for (std::size_t i = 0; i < kPieces; ++i)
      co_await writer.write(std::string(1 << 16, static_cast<char>('a' + i % 26)));
    co_await writer.end_stream();
  }));
  RawClient client(server.port(), 16 * 1024);
  client.send(kGet);
  client.read_head();
  for (std::size_t i = 0; i < kPieces; ++i) {
    ASSERT_EQ(client.read_chunk(), std::string(1 << 16, static_cast<char>('a' + i % 26))) << i;
  }
  EXPECT_EQ(client.read_chunk(), "");
}

TEST(ServerStream, AnUploadIsReadAsItComes) {
  Gate first_seen;
  Report<std::string> first;
  const TestServer server(router_with([&](Request& request, ResponseWriter& writer) -> awaitable<void> {
    std::array<char, 100> piece;
    const std::size_t count = co_await request.read_some(piece);
    first.send(std::string(piece.data(), count));
    Response response;
    response.body = co_await request.read_body(1000);
    co_await writer.send(std::move(response));
  }));
  RawClient client(server.port());
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_EQ(first.wait(), "abc");
  client.send("4\r\nrest\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "rest");
}

TEST(ServerStream, AHundredRequestsWaitAtOnce) {
  constexpr int kConnections = 100;
  std::atomic<int> arrived = 0;
  Report<bool> all_arrived;
  Gate go;
  const TestServer server(router_with([&](Request&, ResponseWriter& writer) -> awaitable<void> {
    if (++arrived == kConnections) all_arrived.send(true);
    co_await go.wait();
    co_await writer.send(empty_response());
  }));
  std::vector<RawClient> clients;
  for (int i = 0; i < kConnections; ++i) clients.emplace_back(server.port()).send(kGet);
  all_arrived.wait();
  go.set();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
}

TEST(ServerStop, LetsRunningRequestsEndAndClosesIdleConnectionsAtOnce) {
  Report<bool> started;
  Gate finish;
  TestServer server(router_with([&](Request& request, ResponseWriter& writer) -> awaitable<void> {
    if (request.method == "POST") {
      started.send(true);
      co_await finish.wait();
    }
    co_await writer.send(empty_response());
  }));
  RawClient idle(server.port());
  idle.send(kGet);
  EXPECT_EQ(idle.read_response().status, 200);
  RawClient busy(server.port());
  busy.send("POST /x HTTP/1.1\r\nHost: a\r\n\r\n");
  started.wait();

  auto stopped = server.stop(10s);
  EXPECT_TRUE(idle.at_end());
  EXPECT_THROW(RawClient(server.port()), std::runtime_error) << "nobody listens any more";
  EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
  finish.set();
  const auto response = busy.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.has("\r\nConnection: close\r\n"));
  busy.close();
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

TEST(ServerStop, CancelsWhatOutlivesTheGrace) {
  Report<bool> started;
  Report<CancelReason> reason;
  TestServer server(router_with(wait_for_cancellation(started, reason)));
  RawClient client(server.port());
  client.send(kGet);
  started.wait();
  auto stopped = server.stop(50ms);
  EXPECT_EQ(reason.wait(), CancelReason::kShutdown);
  EXPECT_EQ(client.read_response().status, 503);
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

TEST(ServerStop, ClosesAConnectionThatSentHalfAHead) {
  TestServer server(router_with(nullptr));
  RawClient client(server.port());
  client.send("GET /x HT");
  auto stopped = server.stop(50ms);
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

}  // namespace
}  // namespace jackdaw::http
