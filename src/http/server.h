#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

namespace jackdaw::http {

struct ServerOptions {
  std::string host = "127.0.0.1";  // an address, not a name
  std::uint16_t port = 8000;       // 0: any free port

  std::size_t max_connections = 10'000;        // beyond that: 503 with Retry-After, then close
  std::size_t max_header_bytes = 16 * 1024;    // request line and fields: 431
  std::size_t max_target_bytes = 8 * 1024;     // 414
  std::size_t max_drained_bytes = 256 * 1024;  // of an unread body, to keep the connection; a longer one closes it

  std::chrono::milliseconds header_timeout{10'000};      // first byte of a head to its last: 408
  std::chrono::milliseconds body_idle_timeout{30'000};   // between two bytes of a body: 408
  std::chrono::milliseconds keep_alive_timeout{75'000};  // until the first byte of a request: closed without a word
  std::chrono::milliseconds write_timeout{30'000};       // a client that reads nothing for so long is dropped
  // After a response that ends the connection, what the client still sends is read and dropped for so long, so that it
  // sees the response and not a reset.
  std::chrono::milliseconds linger_timeout{30'000};
  std::chrono::milliseconds linger_idle_timeout{5'000};
  // After the grace of stop() handlers have so long to say a last word before their sockets are closed.
  std::chrono::milliseconds farewell_timeout{1'000};
};

// Makes the response of an error. The request is nullptr where its head could not be read. Runs on the I/O thread and
// must not throw. 405 gets its Allow field from the server. Transfer codings and protocol versions that the server does
// not know come as kInvalidArgument; the server then sets the status line to 501 or 505.
using ErrorRenderer = std::function<Response(const Error&, const Request*)>;

// An HTTP/1.1 server. Lives on one executor whose context one thread runs: everything here, handlers included, happens
// on that thread; long computing belongs elsewhere. Each connection is a coroutine that reads a head, runs the filter
// and the handler, and goes on (keep-alive, pipelining). A broken request gets its 4xx or 5xx with a body by the
// renderer. What a handler throws is rendered; what is not an Error is logged and becomes kInternal; after a stream
// began it closes the connection instead.
class Server {
 public:
  Server(boost::asio::any_io_executor executor, ServerOptions options, Router router, ErrorRenderer render_error);
  // After stop() returned, or when the executor's context runs no more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and starts to accept. Throws Error: kConflict for a port in use (naming address and port), kPermissionDenied
  // for a port that needs rights, kInvalidArgument for an address that is not one of this machine.
  void listen();

  // The bound port.
  std::uint16_t port() const noexcept;
  const Router& router() const noexcept;
  std::size_t open_connections() const noexcept;

  // Stops accepting and closes idle connections at once, lets running requests end for `grace`, then cancels them with
  // kShutdown, gives them farewell_timeout, closes their sockets. Returns when every handler has returned.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

}  // namespace jackdaw::http
