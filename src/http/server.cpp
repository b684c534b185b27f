#include "http/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "core/log.h"
#include "http/connection.h"

namespace jackdaw::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
// Connections beyond the limit that may be open at once to be told 503; more than these wait in the kernel's queue.
constexpr std::size_t kMaxRefusedConnections = 64;
// After descriptors or memory ran out.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::string name_of(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

Error listen_error(const tcp::endpoint& endpoint, const error_code& failure) {
  const std::string where = name_of(endpoint);
  if (failure == asio::error::address_in_use) {
    return Error(ErrorCode::kConflict, where + " is in use by another program. Stop that, or choose another port.");
  }
  if (failure == asio::error::access_denied) {
    return Error(ErrorCode::kPermissionDenied, where + " may not be opened by this user. Choose a port above 1023.");
  }
  return Error(ErrorCode::kInvalidArgument, "Cannot listen on " + where + ": " + failure.message() + ".");
}

// Programs that this one starts must not inherit its sockets.
void close_on_exec(int descriptor) {
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

}  // namespace

class Server::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::any_io_executor executor, ServerOptions options, Router router, ErrorRenderer render_error)
      : executor_(std::move(executor)), acceptor_(executor_), connection_ended_(executor_) {
    context_->options = std::move(options);
    context_->router = std::move(router);
    context_->render_error = std::move(render_error);
  }

  void listen() {
    error_code failure;
    const auto address = asio::ip::make_address(context_->options.host, failure);
    if (failure) {
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + context_->options.host + "' is not an address to listen on. Use one such as 127.0.0.1.");
    }
    const tcp::endpoint endpoint(address, context_->options.port);
    const auto check = [&] {
      if (failure) throw listen_error(endpoint, failure);
    };
    acceptor_.open(endpoint.protocol(), failure);
    check();
    close_on_exec(acceptor_.native_handle());
    acceptor_.set_option(asio::socket_base::reuse_address(true), failure);
    acceptor_.bind(endpoint, failure);
    check();
    acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    check();
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(executor_, accept_connections(), asio::detached);
  }

  std::uint16_t port() const noexcept { return port_; }
  const Router& router() const noexcept { return context_->router; }
  std::size_t open_connections() const noexcept { return connections_.size(); }

  asio::awaitable<void> stop(std::chrono::milliseconds grace) {
    const auto self = shared_from_this();
    context_->stopping = true;
    close_acceptor();
    for_each([](Connection& connection) { connection.close_if_idle(); });
    co_await wait_until_empty(SteadyClock::now() + grace);
    for_each([](Connection& connection) { connection.cancel_request(CancelReason::kShutdown); });
    co_await wait_until_empty(SteadyClock::now() + context_->options.farewell_timeout);
    for_each([](Connection& connection) { connection.close(); });
    co_await wait_until_empty(TimePoint::max());
  }

  void close_acceptor() {
    error_code ignored;
    acceptor_.close(ignored);
    connection_ended_.cancel();
  }

 private:
  asio::awaitable<void> accept_connections() {
    const auto self = shared_from_this();
    while (acceptor_.is_open()) {
      if (connections_.size() >= context_->options.max_connections + kMaxRefusedConnections) {
        co_await wait_for_change(TimePoint::max());
        continue;
      }
      tcp::endpoint remote;
      auto [failure, socket] = co_await acceptor_.async_accept(remote, kAwaitTuple);
      if (!failure) {
        start_connection(std::move(socket), remote);
      } else if (failure != asio::error::operation_aborted && failure != asio::error::connection_aborted) {
        log::warning("cannot accept a connection: " + failure.message());
        asio::steady_timer pause(executor_, kAcceptPause);
        co_await pause.async_wait(kAwaitTuple);
      }
    }
  }

  void start_connection(tcp::socket socket, const tcp::endpoint& remote) {
    close_on_exec(socket.native_handle());
    // The refused do not count, or a crowd of them would keep everybody out.
    const bool refuse = served_ >= context_->options.max_connections;
    const auto connection = std::make_shared<Connection>(std::move(socket), remote, context_, refuse);
    connections_.emplace(connection.get(), connection);
    if (!refuse) ++served_;
    asio::co_spawn(executor_, connection->run(),
                   [self = shared_from_this(), connection = connection.get(), refuse](const std::exception_ptr&) {
                     self->connections_.erase(connection);
                     if (!refuse) --self->served_;
                     self->connection_ended_.cancel();
                   });
  }

  // A copy: what is done to a connection may end it.
  template <class Action>
  void for_each(Action action) {
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [pointer, connection] : connections_) all.push_back(connection);
    for (const auto& connection : all) action(*connection);
  }

  asio::awaitable<void> wait_for_change(TimePoint deadline) {
    connection_ended_.expires_at(deadline);
    co_await connection_ended_.async_wait(kAwaitTuple);
  }

  asio::awaitable<void> wait_until_empty(TimePoint deadline) {
    while (!connections_.empty() && SteadyClock::now() < deadline) co_await wait_for_change(deadline);
  }

  asio::any_io_executor executor_;
  tcp::acceptor acceptor_;
  asio::steady_timer connection_ended_;  // cancel() says that one did
  std::shared_ptr<ServerContext> context_ = std::make_shared<ServerContext>();
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::size_t served_ = 0;  // of connections_, those that are not refused
  std::uint16_t port_ = 0;
};

Server::Server(asio::any_io_executor executor, ServerOptions options, Router router, ErrorRenderer render_error)
    : listener_(std::make_shared<Listener>(std::move(executor), std::move(options), std::move(router),
                                           std::move(render_error))) {}

Server::~Server() {
  listener_->close_acceptor();
}

void Server::listen() {
  listener_->listen();
}

std::uint16_t Server::port() const noexcept {
  return listener_->port();
}
const Router& Server::router() const noexcept {
  return listener_->router();
}
std::size_t Server::open_connections() const noexcept {
  return listener_->open_connections();
}

asio::awaitable<void> Server::stop(std::chrono::milliseconds grace) {
  return listener_->stop(grace);
}

}  // namespace jackdaw::http
