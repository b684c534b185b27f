#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "core/cancellation.h"
#include "http/headers.h"

namespace jackdaw::http {

struct AsyncClientOptions {
  std::filesystem::path ca_file;  // PEM; empty: the system's
  bool http2 = false;             // HTTP/2 where the server offers it; paused transfers may stall others (libcurl 7.88)
  std::chrono::seconds reuse_idle_connections_for{30};  // well below what servers keep them for
  std::size_t max_idle_connections = 64;
};

struct ExchangeRequest {
  std::string method = "POST";
  std::string url;  // http or https
  Headers headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};      // name, TCP and TLS
  std::chrono::milliseconds first_byte_timeout{60'000};  // from the request sent to the first byte of the response
  std::chrono::milliseconds idle_timeout{120'000};       // between two bytes of the body
  std::chrono::milliseconds total_timeout{600'000};      // from start to end
  std::size_t max_buffered_bytes = 64 * 1024;  // received and not yet taken: beyond it the connection is not read
};

// The response began. A redirect is a response like any other.
struct ExchangeHead {
  int status = 0;
  Headers headers;
};
// The next bytes of the body, decoded (gzip, deflate); never empty.
struct ExchangeBytes {
  std::string bytes;
};
// The body is complete, as its framing says.
struct ExchangeEnd {};
// Nothing more comes.
struct ExchangeFailure {
  enum class Kind {
    kInvalidUrl,
    kConnect,     // name, TCP, TLS handshake, proxy: no peer was there to act on the request
    kNoResponse,  // the connection ended after the request, before the first byte of a response
    kBroken,      // the connection ended, or the bytes made no sense, inside the response
    kConnectTimeout,
    kFirstByteTimeout,
    kIdleTimeout,
    kTotalTimeout,
  };
  Kind kind = Kind::kBroken;
  std::string
      detail;  // a phrase for a log or an error: "Connection refused"; without headers, body or query of the URL
};

using ExchangeEvent = std::variant<ExchangeHead, ExchangeBytes, ExchangeEnd, ExchangeFailure>;

// One request and its response, pulled piece by piece. Used from one coroutine on the client's executor. Destroying it
// before its end closes its connection at once, which is what tells the peer to stop. May not outlive its client.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // ExchangeHead, then ExchangeBytes any number of times, then ExchangeEnd; or ExchangeFailure at any place. Not called
  // after ExchangeEnd or ExchangeFailure. Throws what the cancellation asks for; the connection is closed then. While
  // nobody takes bytes at most ExchangeRequest::max_buffered_bytes (and one read more) wait here.
  virtual boost::asio::awaitable<ExchangeEvent> next() = 0;
};

// HTTP for the I/O thread: any number of exchanges on one executor of one thread, without threads of its own (libcurl's
// multi interface on Asio's reactor). Connections are reused. TLS certificates are always checked; redirects are never
// followed; proxies come from the environment (`https_proxy`, `no_proxy`), but a loopback host is always reached
// directly. Neither URLs, headers nor bodies are logged.
class AsyncClient {
 public:
  explicit AsyncClient(boost::asio::any_io_executor executor, AsyncClientOptions options = {});
  ~AsyncClient();
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;

  // Begins with the first next(). A reused connection that turns out to be closed is replaced by a fresh one without a
  // word, once.
  std::unique_ptr<Exchange> start(ExchangeRequest request, Cancellation cancellation);

  std::size_t running() const noexcept;  // exchanges that have begun and not ended

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace jackdaw::http
