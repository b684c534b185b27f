#include "http/client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "http/multipart.h"
#include "tests/support/http_test_server.h"

namespace jackdaw::http {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

awaitable<void> echo(Request& request, ResponseWriter& writer) {
  Response response;
  response.status = request.query_value("fail") ? 404 : 200;
  response.headers.set("X-Type", request.headers.get("Content-Type"));
  response.body = request.method + ":" + co_await request.read_body(1 << 20);
  co_await writer.send(std::move(response));
}

// "name filename size" of each part.
awaitable<void> list_parts(Request& request, ResponseWriter& writer) {
  MultipartReader reader(multipart_boundary(request.headers.get("Content-Type")),
                         [&](std::span<char> into) { return request.read_some(into); });
  Response response;
  std::vector<char> piece(1 << 16);
  while (auto part = co_await reader.next_part()) {
    std::size_t size = 0;
    while (const std::size_t count = co_await reader.read_some(piece)) size += count;
    response.body += part->name + " " + part->filename.value_or("-") + " " + std::to_string(size) + "\n";
  }
  co_await writer.send(std::move(response));
}

Router make_router() {
  Router router;
  router.add("GET", "/echo", echo);
  router.add("POST", "/echo", echo);
  router.add("DELETE", "/echo", echo);
  router.add("POST", "/upload", list_parts);
  return router;
}

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::kInternal;
}

TEST(Client, SendsAndReceives) {
  const TestServer server(make_router());
  Client client;
  ClientRequest request;
  request.url = server.url("/echo");
  EXPECT_EQ(client.request(request).body, "GET:");
  request.method = "POST";
  request.headers.set("Content-Type", "application/json");
  request.body = std::string(100'000, 'x');
  const ClientResponse posted = client.request(request);
  EXPECT_EQ(posted.status, 200);
  EXPECT_EQ(posted.headers.get("x-type"), "application/json");
  EXPECT_EQ(posted.body, "POST:" + request.body);
  ClientRequest removal;
  removal.method = "DELETE";
  removal.url = request.url;
  EXPECT_EQ(client.request(removal).body, "DELETE:");
}

TEST(Client, AnErrorStatusIsAResponseWhoseBodyIsKept) {
  const TestServer server(make_router());
  Client client;
  ClientRequest request;
  request.url = server.url("/echo?fail=1");
  bool called = false;
  const ClientResponse response = client.request(request, [&](std::string_view) { called = true; });
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "GET:");
  EXPECT_FALSE(called);
}

TEST(Client, StreamsFilesFromDisk) {
  const TestServer server(make_router());
  const auto path = std::filesystem::temp_directory_path() / ("jackdaw-client-test-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << std::string(3'000'000, 'x');
  Client client;
  ClientRequest request;
  request.method = "POST";
  request.url = server.url("/upload");
  request.files.push_back({.field = "file", .path = path, .filename = "a \"b\" \xE2\x82\xAC.pdf"});
  request.files.push_back({.field = "file", .path = path, .filename = ""});
  request.fields = {{"tags", "of\r\nparts"}};
  EXPECT_EQ(client.request(request).body,
            "tags - 9\nfile a \"b\" \xE2\x82\xAC.pdf 3000000\nfile " + path.filename().string() + " 3000000\n");
  std::filesystem::remove(path);
  EXPECT_EQ(code_of([&] { client.request(request); }), ErrorCode::kNotFound);
}

TEST(Client, PiecesComeAsTheServerWritesThem) {
  Gate seen;
  Router router;
  router.add("GET", "/stream", [&](Request&, ResponseWriter& writer) -> awaitable<void> {
    co_await writer.begin_stream(200, Headers());
    co_await writer.write("one");
    co_await seen.wait();
    co_await writer.write("two");
    co_await writer.end_stream();
  });
  const TestServer server(std::move(router));
  Client client;
  ClientRequest request;
  request.url = server.url("/stream");
  std::string all;
  const auto response = client.request(request, [&](std::string_view bytes) {
    all += bytes;
    if (all == "one") seen.set();
  });
  EXPECT_EQ(all, "onetwo");
  EXPECT_EQ(response.body, "");
}

TEST(Client, WhatTheCallbackThrowsComesOut) {
  const TestServer server(make_router());
  Client client;
  ClientRequest request;
  request.url = server.url("/echo");
  EXPECT_THROW(client.request(request, [](std::string_view) { throw std::logic_error("enough"); }), std::logic_error);
  EXPECT_EQ(client.request(request).status, 200) << "the client goes on";
}

TEST(Client, AStreamThatIsCutIsAnError) {
  Router router;
  router.add("GET", "/cut", [](Request&, ResponseWriter& writer) -> awaitable<void> {
    co_await writer.begin_stream(200, Headers());
    co_await writer.write("half");
  });
  const TestServer server(std::move(router));
  Client client;
  ClientRequest request;
  request.url = server.url("/cut");
  EXPECT_EQ(code_of([&] { client.request(request); }), ErrorCode::kUnavailable);
}

TEST(Client, TimeoutsAndCancellationEndARequest) {
  Router router;
  router.add("GET", "/never", [](Request& request, ResponseWriter&) -> awaitable<void> {
    Gate gone;
    const auto subscription = request.cancellation.on_cancel([&] { gone.set(); });
    co_await gone.wait();
  });
  const TestServer server(std::move(router));
  Client client;
  ClientRequest request;
  request.url = server.url("/never");
  request.total_timeout = 100ms;
  EXPECT_EQ(code_of([&] { client.request(request); }), ErrorCode::kDeadlineExceeded);
  request.total_timeout = 0ms;
  request.idle_timeout = 100ms;
  EXPECT_EQ(code_of([&] { client.request(request); }), ErrorCode::kDeadlineExceeded);
  request.idle_timeout = 0ms;
  const Cancellation cancellation;
  cancellation.cancel(CancelReason::kClient);
  EXPECT_EQ(code_of([&] { client.request(request, {}, cancellation); }), ErrorCode::kCancelled);
  const Cancellation limited = Cancellation().child(SteadyClock::now() + 100ms);
  EXPECT_EQ(code_of([&] { client.request(request, {}, limited); }), ErrorCode::kDeadlineExceeded);
}

TEST(Client, SaysWhyItCannotAsk) {
  std::uint16_t free_port = 0;
  {
    free_port = TestServer(Router()).port();
  }
  Client client;
  ClientRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(free_port) + "/";
  EXPECT_EQ(code_of([&] { client.request(request); }), ErrorCode::kUnavailable);
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/", "http://"}) {
    request.url = url;
    EXPECT_EQ(code_of([&] { client.request(request); }), ErrorCode::kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace jackdaw::http
