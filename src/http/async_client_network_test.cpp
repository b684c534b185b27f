// TLS and proxies.
#include <gtest/gtest.h>

#include <cstdlib>

#include "http/async_client.h"
#include "tests/support/http_exchange.h"
#include "tests/support/http_raw_peer.h"
#include "tests/support/http_test_certificate.h"

namespace jackdaw::http {
namespace {

using Kind = ExchangeFailure::Kind;

const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_all(PeerConnection& connection, int) {
  while (!connection.read_request().empty()) connection.send(kAnswer);
}

Exchanged ask(const TestCertificate& certificate, const std::filesystem::path& trusted, bool http2 = false) {
  RawPeer peer(answer_all, certificate.server_context());
  TestClient client({.ca_file = trusted, .http2 = http2});
  return client.run(get(peer.url()));
}

TEST(AsyncClientTls, ChecksWhoThePeerIs) {
  const TestCertificate good("localhost");
  const TestCertificate other_name("elsewhere.example");
  const TestCertificate expired("localhost", -7200, -3600);
  const TestCertificate unrelated("localhost");
  EXPECT_EQ(ask(good, good.file()).body, "ok");
  EXPECT_EQ(ask(good, good.file(), true).body, "ok");
  for (const Exchanged& got : {ask(other_name, other_name.file()), ask(expired, expired.file()),
                               ask(good, unrelated.file()), ask(good, ""), ask(good, "/no/such/file")}) {
    EXPECT_TRUE(got.failed_with(Kind::kConnect));
    EXPECT_FALSE(got.failure->detail.empty());
  }
}

TEST(AsyncClientTls, ReusesAConnection) {
  const TestCertificate certificate("localhost");
  RawPeer peer(answer_all, certificate.server_context());
  TestClient client({.ca_file = certificate.file()});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.run(get(peer.url())).complete);
  EXPECT_EQ(peer.accepted(), 1);
}

TEST(AsyncClientTls, ACutBodyIsBrokenThereToo) {
  const TestCertificate certificate("localhost");
  for (const bool goodbye : {false, true}) {
    RawPeer peer(
        [&](PeerConnection& connection, int) {
          connection.read_request();
          connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
          if (goodbye) connection.say_goodbye();
        },
        certificate.server_context());
    TestClient client({.ca_file = certificate.file()});
    const Exchanged got = client.run(get(peer.url()));
    EXPECT_EQ(got.body, "part");
    EXPECT_TRUE(got.failed_with(Kind::kBroken));
  }
}

TEST(AsyncClientTls, PausesAndGoesOn) {
  constexpr std::size_t kBytes = 3'000'000;
  const TestCertificate certificate("localhost");
  RawPeer peer(
      [&](PeerConnection& connection, int) {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
        connection.send(std::string(kBytes, 't'));
        connection.wait_for_end();
      },
      certificate.server_context());
  TestClient client({.ca_file = certificate.file()});
  ExchangeRequest request = get(peer.url());
  request.max_buffered_bytes = 10'000;
  auto exchange = client.client.start(request, {});
  std::size_t total = 0;
  // The reader is away after each of the first pieces, for long enough that the exchange pauses.
  for (int i = 0; i < 20; ++i) {
    const ExchangeEvent event = testing::await(client.io, exchange->next());
    if (const auto* bytes = std::get_if<ExchangeBytes>(&event)) total += bytes->bytes.size();
    client.io.restart();
    client.io.run_for(std::chrono::milliseconds(20));
  }
  const Exchanged rest = testing::await(client.io, take_all(std::move(exchange)));
  EXPECT_TRUE(rest.complete);
  EXPECT_EQ(total + rest.body.size(), kBytes);
}

// Sets variables for one test, and takes them away.
class Environment {
 public:
  explicit Environment(std::vector<std::pair<std::string, std::string>> variables) : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::vector<std::pair<std::string, std::string>> variables_;
};

TEST(AsyncClientProxy, ComesFromTheEnvironment) {
  std::string seen;
  {
    RawPeer proxy([&](PeerConnection& connection, int) {
      seen = connection.read_request();
      connection.send(kAnswer);
    });
    const Environment environment({{"http_proxy", proxy.url()}});
    TestClient client;
    EXPECT_EQ(client.run(get("http://far.example/path")).body, "ok");
  }
  EXPECT_TRUE(seen.starts_with("GET http://far.example/path HTTP/1.1\r\n")) << seen;
}

TEST(AsyncClientProxy, IsNeverUsedForLoopbackHosts) {
  RawPeer peer(answer_all);
  const std::string port = std::to_string(peer.port());
  std::string dead;
  {
    const RawPeer gone(answer_all);
    dead = gone.url();
  }
  const Environment environment({{"http_proxy", dead}, {"all_proxy", dead}, {"no_proxy", "other.example"}});
  TestClient client;
  for (const char* host : {"127.0.0.1", "localhost", "LOCALHOST", "127.1"}) {
    EXPECT_EQ(client.run(get("http://" + std::string(host) + ":" + port + "/")).body, "ok") << host;
  }
  // Nobody listens there, but it is not the proxy that says so.
  EXPECT_EQ(client.run(get("http://127.8.8.8:" + port + "/")).failure->detail, "Connection refused");
  EXPECT_TRUE(client.run(get("http://[::1]:" + port + "/")).failed_with(Kind::kConnect));
}

TEST(AsyncClientProxy, TunnelsTlsAndSendsItNoSecret) {
  const TestCertificate certificate("far.example");
  const std::shared_ptr<SSL_CTX> tls = certificate.server_context();
  std::string asked;
  std::string seen;
  {
    RawPeer proxy([&](PeerConnection& connection, int) {
      asked = connection.read_head();
      connection.send("HTTP/1.1 200 Connected\r\nX-Proxy: yes\r\n\r\n");
      if (!connection.start_tls(*tls)) return;
      seen = connection.read_request();
      connection.send(kAnswer);
    });
    const Environment environment({{"https_proxy", proxy.url()}});
    TestClient client({.ca_file = certificate.file()});
    ExchangeRequest request = get("https://far.example/path");
    request.headers.set("Authorization", "Bearer secret");
    const Exchanged got = client.run(request);
    EXPECT_EQ(got.body, "ok") << (got.failure ? got.failure->detail : "");
    EXPECT_FALSE(got.head->headers.contains("X-Proxy"));
  }
  EXPECT_TRUE(asked.starts_with("CONNECT far.example:443 HTTP/1.1\r\n")) << asked;
  EXPECT_EQ(asked.find("secret"), std::string::npos);
  EXPECT_NE(seen.find("Authorization: Bearer secret"), std::string::npos);
}

TEST(AsyncClientProxy, ATunnelThatIsRefusedIsAFailureToConnect) {
  RawPeer proxy([](PeerConnection& connection, int) {
    connection.read_head();
    connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  const Environment environment({{"https_proxy", proxy.url()}});
  TestClient client;
  const Exchanged got = client.run(get("https://far.example/"));
  EXPECT_TRUE(got.failed_with(Kind::kConnect));
  EXPECT_FALSE(got.head);
}

TEST(AsyncClientProxy, LeavesOutHostsOfNoProxy) {
  RawPeer proxy(answer_all);
  const Environment environment({{"http_proxy", proxy.url()}, {"no_proxy", "far.invalid"}});
  TestClient client;
  ExchangeRequest request = get("http://far.invalid/");
  request.connect_timeout = std::chrono::seconds(20);
  EXPECT_FALSE(client.run(request).complete);
  EXPECT_EQ(proxy.accepted(), 0);
}

}  // namespace
}  // namespace jackdaw::http
