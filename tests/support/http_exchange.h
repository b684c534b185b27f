#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "http/async_client.h"
#include "tests/support/await.h"

namespace jackdaw::http {

// All that an exchange gave, to its end.
struct Exchanged {
  std::optional<ExchangeHead> head;
  std::string body;
  std::size_t longest_piece = 0;
  bool complete = false;
  std::optional<ExchangeFailure> failure;
  std::optional<ErrorCode> thrown;
  std::string message;  // of what was thrown

  bool failed_with(ExchangeFailure::Kind kind) const { return failure && failure->kind == kind; }
};

// Takes one event more. False after the last.
inline bool take(ExchangeEvent event, Exchanged& into) {
  if (auto* head = std::get_if<ExchangeHead>(&event)) into.head = std::move(*head);
  if (auto* bytes = std::get_if<ExchangeBytes>(&event)) {
    into.longest_piece = std::max(into.longest_piece, bytes->bytes.size());
    into.body += bytes->bytes;
  }
  if (auto* failure = std::get_if<ExchangeFailure>(&event)) into.failure = std::move(*failure);
  into.complete = std::holds_alternative<ExchangeEnd>(event);
  return !into.complete && !into.failure;
}

inline boost::asio::awaitable<Exchanged> take_all(std::unique_ptr<Exchange> exchange) {
  Exchanged all;
  try {
    while (true) {
      ExchangeEvent event = co_await exchange->next();
      if (!take(std::move(event), all)) break;
    }
  } catch (const Error& error) {
    all.thrown = error.code();
    all.message = error.what();
  }
  co_return all;
}

inline ExchangeRequest get(std::string url) {
  ExchangeRequest request;
  request.method = "GET";
  request.url = std::move(url);
  return request;
}

// A client with an executor that runs while the test waits.
struct TestClient {
  explicit TestClient(AsyncClientOptions options = {}) : client(io.get_executor(), std::move(options)) {}

  Exchanged run(ExchangeRequest request, const Cancellation& cancellation = {}) {
    return testing::await(io, take_all(client.start(std::move(request), cancellation)));
  }

  boost::asio::io_context io{1};
  AsyncClient client;
};

}  // namespace jackdaw::http
