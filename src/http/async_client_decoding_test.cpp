// Compressed bodies.
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <functional>

#include "http/async_client.h"
#include "tests/support/http_compression.h"
#include "tests/support/http_exchange.h"
#include "tests/support/http_raw_peer.h"

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using testing::await;
using Kind = ExchangeFailure::Kind;

std::string with_length(const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One answer, then the connection's end.
RawPeer::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](PeerConnection& connection, int) {
    connection.read_request();
    connection.send(bytes);
  };
}

Exchanged ask_for(const std::string& bytes) {
  RawPeer peer(answer(bytes));
  TestClient client;
  return client.run(get(peer.url()));
}

TEST(AsyncClientDecoding, DecodesCompressedBodies) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 31) + " ";
  const auto with_coding = [](const std::string& coding, const std::string& body) {
    return with_length(body, "Content-Encoding: " + coding + "\r\n");
  };
  EXPECT_EQ(ask_for(with_coding("gzip", gzip(text))).body, text);
  EXPECT_EQ(ask_for(with_coding("X-GZIP", gzip(text))).body, text);
  EXPECT_EQ(ask_for(with_coding("deflate", zlib_deflate(text))).body, text);
  EXPECT_EQ(ask_for(with_coding("deflate", bare_deflate(text))).body, text);
  EXPECT_EQ(ask_for(with_coding("identity", text)).body, text);
  EXPECT_TRUE(ask_for(with_coding("gzip", gzip(text))).complete);
  EXPECT_TRUE(ask_for(with_coding("gzip", "")).complete);
  EXPECT_TRUE(ask_for("HTTP/1.1 204 None\r\nContent-Encoding: br\r\n\r\n").complete);
}

TEST(AsyncClientDecoding, ACompressedBodyThatIsCutOrMakesNoSenseIsBroken) {
  const std::string whole = gzip("some text that is long enough");
  const std::string fields = "Content-Encoding: gzip\r\n";
  EXPECT_TRUE(ask_for(with_length(whole.substr(0, whole.size() - 1), fields)).failed_with(Kind::kBroken));
  EXPECT_TRUE(ask_for(with_length(whole + "more", fields)).failed_with(Kind::kBroken));
  EXPECT_TRUE(ask_for(with_length("not compressed at all", fields)).failed_with(Kind::kBroken));
  EXPECT_TRUE(ask_for(with_length("x", "Content-Encoding: br\r\n")).failed_with(Kind::kBroken));
  EXPECT_TRUE(ask_for(with_length(whole, "Content-Encoding: gzip, gzip\r\n")).failed_with(Kind::kBroken));
}

TEST(AsyncClientDecoding, ABombIsGivenInSmallPieces) {
  const std::string bomb = gzip(std::string(50'000'000, '\0'));
  RawPeer peer(answer(with_length(bomb, "Content-Encoding: gzip\r\n")));
  TestClient client;
  const auto count = [](Exchange& exchange) -> awaitable<std::size_t> {
    std::size_t total = 0;
    while (true) {
      const ExchangeEvent event = co_await exchange.next();
      if (const auto* bytes = std::get_if<ExchangeBytes>(&event)) {
        EXPECT_LE(bytes->bytes.size(), 16U * 1024);
        total += bytes->bytes.size();
      } else if (!std::holds_alternative<ExchangeHead>(event)) {
        EXPECT_TRUE(std::holds_alternative<ExchangeEnd>(event));
        co_return total;
      }
    }
  };
  const auto exchange = client.client.start(get(peer.url()), {});
  EXPECT_EQ(await(client.io, count(*exchange)), 50'000'000U);
}

TEST(AsyncClientDecoding, ABodyThatUnfoldsToNothingLeavesTheOthersTheirTurns) {
  const std::string nothing = gzip("");
  std::string body;
  while (body.size() < 4'000'000) body += nothing;
  RawPeer peer(answer(with_length(body + gzip("end"), "Content-Encoding: gzip\r\n")));
  TestClient client;
  int turns = 0;
  bool ended = false;
  std::function<void()> take_turn = [&] {
    ++turns;
    if (!ended) boost::asio::post(client.io, take_turn);
  };
  const auto run = [&](std::unique_ptr<Exchange> exchange) -> awaitable<Exchanged> {
    take_turn();
    Exchanged got = co_await take_all(std::move(exchange));
    ended = true;
    co_return got;
  };
  const Exchanged got = await(client.io, run(client.client.start(get(peer.url()), {})));
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.body, "end");
  // One after each 64 KiB, which is what waits at most, and a read more.
  EXPECT_GE(turns, 4'000'000 / (64 + 16) / 1024);
}

}  // namespace
}  // namespace jackdaw::http
