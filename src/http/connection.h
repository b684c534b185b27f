#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/error.h"
#include "http/request.h"
#include "http/request_parser.h"
#include "http/router.h"
#include "http/server.h"
#include "http/socket_response_writer.h"
#include "http/socket_stream.h"

namespace jackdaw::http {

// What all connections of a server share.
struct ServerContext {
  ServerOptions options;
  Router router;
  ErrorRenderer render_error;
  bool stopping = false;
};

// One client connection: its requests, one after the other. Lives on the executor of its socket.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // With `refuse` it answers its first request with 503 and ends.
  Connection(boost::asio::ip::tcp::socket socket, boost::asio::ip::tcp::endpoint remote,
             std::shared_ptr<const ServerContext> context, bool refuse);
  ~Connection();

  // Until the connection ends. Does not throw.
  boost::asio::awaitable<void> run();

  void close_if_idle();
  // Of the request that is being handled; without one the connection is closed.
  void cancel_request(CancelReason reason);
  void close();

 private:
  class Body;

  boost::asio::awaitable<bool> wait_for_request();
  // Whether another request may follow.
  boost::asio::awaitable<bool> serve_request();
  boost::asio::awaitable<void> read_head(RequestParser& parser);
  Request make_request(RequestHead& head) const;
  const Handler& find_handler(Request& request, std::vector<std::string>& allowed) const;
  boost::asio::awaitable<void> refuse_head(const Error& error, int status);
  boost::asio::awaitable<bool> handle(Request& request, RequestParser& parser, bool is_http_1_0);
  boost::asio::awaitable<void> answer_failure(std::exception_ptr failure, const Request& request, int status,
                                              const std::vector<std::string>& allowed, SocketResponseWriter& writer);
  boost::asio::awaitable<void> linger();

  std::shared_ptr<SocketStream> stream_;
  boost::asio::ip::tcp::endpoint remote_;
  std::shared_ptr<const ServerContext> context_;
  bool refuse_;
  bool idle_ = true;                      // between two requests
  Cancellation* cancellation_ = nullptr;  // of the request that is being handled
};

}  // namespace jackdaw::http
