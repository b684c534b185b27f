#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace jackdaw::http {

// "Not Found" for 404; empty for a status without a standard phrase.
std::string_view reason_phrase(int status) noexcept;

// A whole response. Content-Length, Date, X-Request-Id and Connection are added when it is sent.
//
// Give it a name before it is sent: g++ 12 miscompiles `co_await writer.send(Response{...})`, an aggregate made of
// braces inside a co_await expression (its strings are copied bit by bit).
struct Response {
  int status = 200;  // 200..599
  Headers headers;
  std::string body;
};

// Sends the one response of a request: either send(), or begin_stream() or begin_sized(), write()* and end_stream().
// Used from the handler's coroutine. Each call returns when the bytes are with the kernel: it waits while the client
// does not read (backpressure; nothing is queued) and throws Error kCancelled once the client is gone or has not read
// for ServerOptions::write_timeout.
//
// A handler that returns after begin_stream() without end_stream() cuts the stream: the connection closes without the
// final chunk, or before the length that begin_sized() promised, so that the client sees it. For HEAD the head is sent
// and the body dropped.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  virtual boost::asio::awaitable<void> send(Response response) = 0;

  // The head leaves with the first write() in one system call; flush_head() sends it without waiting for that.
  virtual boost::asio::awaitable<void> begin_stream(int status, Headers headers) = 0;
  // The same for a body whose length is known: it is said in Content-Length. write() throws Error kInternal beyond it,
  // end_stream() before it.
  virtual boost::asio::awaitable<void> begin_sized(int status, Headers headers, std::uint64_t body_bytes) = 0;
  virtual boost::asio::awaitable<void> flush_head() = 0;
  // One chunk on the wire, sent at once. Empty bytes send nothing.
  virtual boost::asio::awaitable<void> write(std::string_view bytes) = 0;
  virtual boost::asio::awaitable<void> end_stream() = 0;

  // Whether send(), begin_stream() or begin_sized() was called: from here on an error can no longer get a status of its
  // own.
  virtual bool started() const noexcept = 0;
};

}  // namespace jackdaw::http
