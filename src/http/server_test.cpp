#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "core/clock.h"
#include "tests/support/http_raw_client.h"
#include "tests/support/http_test_server.h"

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

Response empty_response() {
  return {};
}

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

awaitable<void> say_hello(Request&, ResponseWriter& writer) {
  Response response;
  response.body = "hello";
  co_await writer.send(std::move(response));
}

// The method, the target's parts and the body.
awaitable<void> echo(Request& request, ResponseWriter& writer) {
  Response response;
  response.body = request.method + " " + std::string(request.path_value("name")) + " " +
                  std::string(request.query_value("q").value_or("-")) + " ";
  response.body += co_await request.read_body(1 << 20);
  co_await writer.send(std::move(response));
}

awaitable<void> ignore_body(Request&, ResponseWriter& writer) {
  co_await writer.send(empty_response());
}

awaitable<void> take_ten_bytes(Request& request, ResponseWriter& writer) {
  const std::string body = co_await request.read_body(10);
  co_await writer.send(empty_response());
}

awaitable<void> fail(Request&, ResponseWriter&) {
  throw std::runtime_error("the secret reason");
  co_return;
}

awaitable<void> refuse(Request&, ResponseWriter&) {
  throw Error(ErrorCode::kOverloaded, "Too much.").with_retry_after(7s);
  co_return;
}

awaitable<void> forget_the_response(Request&, ResponseWriter&) {
  co_return;
}

Router make_router() {
  Router router;
  router.add("GET", "/hello", say_hello);
  router.add("POST", "/echo/{name}", echo);
  router.add("POST", "/ignore", ignore_body);
  router.add("POST", "/ten", take_ten_bytes);
  router.add("GET", "/fail", fail);
  router.add("GET", "/refuse", refuse);
  router.add("GET", "/forget", forget_the_response);
  return router;
}

TEST(Server, AnswersAGet) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send(kGet);
  const auto response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.has("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(response.has("\r\nX-Request-Id: "));
  EXPECT_TRUE(response.has(" GMT\r\n"));
  EXPECT_FALSE(response.has("Connection:"));
}

TEST(Server, TakesARequestByteByByte) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send_byte_by_byte("POST /echo/a%20b?q=x+y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.read_response().body, "POST a b x y abc");
}

TEST(Server, ServesManyRequestsOnOneConnection) {
  const TestServer server(make_router());
  RawClient client(server.port());
  for (int i = 0; i < 20; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.read_response().body, "hello");
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  const TestServer server(make_router());
  RawClient client(server.port());
  std::string requests = "\r\n";
  for (int i = 0; i < 50; ++i) {
    requests += "POST /echo/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy";
    requests += "POST /echo/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_response().body, "POST " + std::to_string(i) + " - xy");
    EXPECT_EQ(client.read_response().body, "POST c - a");
  }
}

TEST(Server, ABodyNobodyReadDoesNotBecomeTheNextRequest) {
  const TestServer server(make_router());
  RawClient client(server.port());
  const std::string smuggled = "GET /fail HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n\r\n" +
              smuggled + std::string(kGet));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(Server, KeepsOrClosesTheConnectionAsAsked) {
  const TestServer server(make_router());
  RawClient closing(server.port());
  closing.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(closing.read_response().has("\r\nConnection: close\r\n"));
  EXPECT_TRUE(closing.at_end());

  RawClient old(server.port());
  old.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(old.read_response().has("\r\nConnection: keep-alive\r\n"));
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.read_response().has("\r\nConnection: close\r\n"));
  EXPECT_TRUE(old.at_end());
}

TEST(Server, HeadSendsTheHeadOfGetWithoutABody) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_response(true).has("\r\nContent-Length: 5\r\n"));
  client.send(kGet);
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(Server, AWellFormedRequestIdIsKeptAndAnotherIsReplaced) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: my-id.7\r\n\r\n");
  EXPECT_TRUE(client.read_response().has("\r\nX-Request-Id: my-id.7\r\n"));
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: <script>\r\n\r\n");
  EXPECT_FALSE(client.read_response().has("script"));
}

TEST(Server, WhatHandlersThrowIsRendered) {
  const TestServer server(make_router());
  RawClient client(server.port());
  const auto get = [&](const std::string& path) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.read_response();
  };
  const auto failed = get("/fail");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  const auto refused = get("/refuse");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("\r\nRetry-After: 7\r\n"));
  EXPECT_EQ(get("/forget").status, 500);
  EXPECT_EQ(get("/nothing").status, 404);
  const auto wrong_method = get("/echo/a");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_TRUE(wrong_method.has("\r\nAllow: POST\r\n"));
  EXPECT_EQ(get("/hello").status, 200);
}

TEST(Server, TheRequestFilterRunsBeforeTheBodyIsReadAlsoWithoutARoute) {
  Router router = make_router();
  router.set_request_filter([](const Request& request) {
    if (request.headers.get("Host") != "good") throw Error(ErrorCode::kPermissionDenied, "No.");
  });
  router.set_response_filter([](const Request& request, Headers& headers) { headers.set("X-Path", request.path); });
  const TestServer server(std::move(router));
  RawClient client(server.port());
  client.send("POST /echo/x HTTP/1.1\r\nHost: bad\r\nContent-Length: 5\r\n\r\n");
  const auto refused = client.read_response();
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.has("\r\nX-Path: /echo/x\r\n"));
  client.send("12345GET /nothing HTTP/1.1\r\nHost: bad\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 403);
  client.send("GET http://good/hello HTTP/1.1\r\nHost: bad\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 200) << "the authority of the target is the host";
}

// What the server says to these bytes; the connection must end after it.
RawClient::Response refusal_of(const TestServer& server, const std::string& bytes) {
  RawClient client(server.port());
  client.send(bytes);
  auto response = client.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_FALSE(response.body.empty());
  EXPECT_TRUE(response.has("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.at_end());
  return response;
}

TEST(Server, EveryBrokenRequestGetsItsStatusWithABody) {
  const TestServer server(make_router());
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(refusal_of(server, "\x16\x03\x01\x02").status, 400);
  EXPECT_EQ(refusal_of(server, "GET / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(refusal_of(server, "GET /%zz" + host + "\r\n").status, 400);
  EXPECT_EQ(refusal_of(server, "GET hello" + host + "\r\n").status, 400);
  EXPECT_EQ(refusal_of(server, "POST /ten" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n").status,
            400);
  EXPECT_EQ(refusal_of(server, "POST /ten" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").status, 400);
  EXPECT_EQ(refusal_of(server, "POST /ten" + host + "Transfer-Encoding: br\r\n\r\n").status, 501);
  EXPECT_EQ(refusal_of(server, "GET / HTTP/3.0\r\nHost: a\r\n\r\n").status, 505);
  EXPECT_EQ(refusal_of(server, "GET /" + std::string(9000, 'a') + host + "\r\n").status, 414);
  EXPECT_EQ(refusal_of(server, "GET /" + std::string(40000, 'a')).status, 414);
  EXPECT_EQ(refusal_of(server, "GET /" + host + "X: " + std::string(20000, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(refusal_of(server, "POST /ten" + host + "Content-Length: 5000000\r\n\r\n").status, 413);
}

TEST(Server, AClientThatHalfClosesInsideItsRequestIsTold) {
  const TestServer server(make_router());
  for (const char* bytes : {"GET /hel", "POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"}) {
    RawClient client(server.port());
    client.send(bytes);
    client.shutdown_send();
    EXPECT_EQ(client.read_response().status, 400) << bytes;
  }
}

TEST(Server, AClientThatHalfClosesAfterItsRequestIsAnswered) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send(kGet);
  client.shutdown_send();
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(Server, ASlowHeaderOrBodyGets408) {
  ServerOptions options = test_server_options();
  options.header_timeout = 150ms;
  options.body_idle_timeout = 150ms;
  const TestServer server(make_router(), options);
  EXPECT_EQ(refusal_of(server, "GET /hello HTT").status, 408);
  EXPECT_EQ(refusal_of(server, "POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc").status, 408);
}

TEST(Server, AnIdleConnectionIsClosedWithoutAWord) {
  ServerOptions options = test_server_options();
  options.keep_alive_timeout = 100ms;
  const TestServer server(make_router(), options);
  RawClient silent(server.port());
  RawClient idle(server.port());
  idle.send(kGet);
  EXPECT_EQ(idle.read_response().status, 200);
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(silent.at_end());
}

TEST(Server, ATooLargeUploadSeesThe413AndNotAReset) {
  const TestServer server(make_router());
  for (const std::string framing :
       {"Content-Length: 20000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1312D00\r\n"}) {
    RawClient client(server.port());
    client.send("POST /ten HTTP/1.1\r\nHost: a\r\n" + framing);
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 19; ++i) ASSERT_TRUE(client.send(piece)) << "reset at MiB " << i;
    EXPECT_EQ(client.read_response().status, 413);
  }
}

TEST(Server, ExpectContinueIsAnsweredWhenTheBodyIsWanted) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send("POST /echo/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_response().body, "POST x - abc");

  client.send("POST /ten HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999\r\n\r\n");
  const auto refused = client.read_response();
  EXPECT_EQ(refused.status, 413) << "without asking for the body";
  EXPECT_TRUE(refused.has("\r\nConnection: close\r\n"));
}

TEST(Server, ConnectionsBeyondTheLimitGet503AndComeBackLater) {
  ServerOptions options = test_server_options();
  options.max_connections = 2;
  const TestServer server(make_router(), options);
  RawClient first(server.port());
  first.send(kGet);
  EXPECT_EQ(first.read_response().status, 200);
  {
    RawClient second(server.port());
    second.send(kGet);
    EXPECT_EQ(second.read_response().status, 200);
    const auto refused = refusal_of(server, std::string(kGet));
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.has("\r\nRetry-After: 1\r\n"));
  }
  int status = 503;
  for (int i = 0; i < 100 && status == 503; ++i) {
    RawClient again(server.port());
    again.send(kGet);
    status = again.read_response().status;
  }
  EXPECT_EQ(status, 200);
}

TEST(Server, SurvivesARunOutOfDescriptors) {
  const TestServer server(make_router());
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(client.read_response().status, 200);
  const int next_free = ::dup(0);
  ::close(next_free);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Room for the client's descriptor, none for the server's.
  const rlimit tight{static_cast<rlim_t>(next_free + 1), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  RawClient waiting(server.port());
  waiting.send(kGet);
  EXPECT_TRUE(waiting.is_silent_for(250ms));
  client.send(kGet);
  EXPECT_EQ(client.read_response().status, 200) << "open connections go on";
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(waiting.read_response().status, 200);
}

TEST(Server, APortInUseIsNamed) {
  const TestServer server(make_router());
  boost::asio::io_context context;
  ServerOptions options;
  options.port = server.port();
  Server second(context.get_executor(), options, Router(), render_test_error);
  try {
    second.listen();
    FAIL() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(server.port())), std::string::npos);
  }
}

TEST(Server, AnAddressThatIsNoneIsNamed) {
  boost::asio::io_context context;
  for (const char* host : {"localhost:", "192.0.2.1", ""}) {
    ServerOptions options;
    options.host = host;
    options.port = 0;
    Server server(context.get_executor(), options, Router(), render_test_error);
    EXPECT_THROW(server.listen(), Error) << host;
  }
}

// A response that waits for the client's delayed acknowledgement takes 40 ms, every time.
TEST(Server, ATrivialGetTakesLessThanAMillisecond) {
  const TestServer server(make_router());
  RawClient client(server.port());
  std::vector<double> times_ms;
  for (int i = 0; i < 200; ++i) {
    const Stopwatch stopwatch;
    client.send(kGet);
    EXPECT_EQ(client.read_response().status, 200);
    times_ms.push_back(stopwatch.elapsed_ms());
  }
  std::ranges::sort(times_ms);
  // A quarter, so that a busy machine does not count.
  EXPECT_LT(times_ms[times_ms.size() / 4], 1.0);
  RecordProperty("p50_ms", std::to_string(times_ms[times_ms.size() / 2]));
}

TEST(Server, ServesCurl) {
  const TestServer server(make_router());
  const std::string command =
      "curl -s --max-time 10 --data-binary hello '" + server.url("/echo/curl?q=%E2%82%AC") + "'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::array<char, 256> output{};
  const std::size_t count = std::fread(output.data(), 1, output.size(), pipe);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(std::string(output.data(), count), "POST curl \xE2\x82\xAC hello");
}

}  // namespace
}  // namespace jackdaw::http
