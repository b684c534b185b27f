#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "http/server.h"

namespace jackdaw::http {

inline int test_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 400;
    case ErrorCode::kPermissionDenied: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kMethodNotAllowed: return 405;
    case ErrorCode::kRequestTimeout: return 408;
    case ErrorCode::kTooLarge: return 413;
    case ErrorCode::kUriTooLong: return 414;
    case ErrorCode::kHeaderTooLarge: return 431;
    case ErrorCode::kOverloaded:
    case ErrorCode::kShuttingDown: return 503;
    default: return 500;
  }
}

inline Response render_test_error(const Error& error, const Request*) {
  Response response;
  response.status = test_status_of(error.code());
  response.body = std::string(to_string(error.code())) + ": " + error.what();
  if (error.retry_after()) response.headers.set("Retry-After", std::to_string(error.retry_after()->count()));
  return response;
}

inline ServerOptions test_server_options() {
  ServerOptions options;
  options.port = 0;
  options.linger_idle_timeout = std::chrono::milliseconds(500);
  options.farewell_timeout = std::chrono::milliseconds(500);
  return options;
}

// A server on a thread and a port of its own.
class TestServer {
 public:
  explicit TestServer(Router router, ServerOptions options = test_server_options())
      : server_(std::make_unique<Server>(context_.get_executor(), std::move(options), std::move(router),
                                         render_test_error)) {
    server_->listen();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~TestServer() {
    stop(std::chrono::milliseconds(0)).wait();
    context_.stop();
    thread_.join();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::uint16_t port() const { return server_->port(); }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port()) + path; }

  std::future<void> stop(std::chrono::milliseconds grace) {
    return boost::asio::co_spawn(context_, server_->stop(grace), boost::asio::use_future);
  }

  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

// Lets a handler wait for the test. set() may be called from any thread while the context lives.
class Gate {
 public:
  void set() {
    set_ = true;
    const std::lock_guard lock(mutex_);
    for (const auto& [executor, waiting] : waiting_) {
      boost::asio::post(executor, [waiting] {
        if (const auto timer = waiting.lock()) timer->cancel();
      });
    }
  }

  boost::asio::awaitable<void> wait() {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto timer = std::make_shared<boost::asio::steady_timer>(executor, TimePoint::max());
    remember(executor, timer);
    while (!set_) co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

 private:
  using Timer = boost::asio::steady_timer;

  void remember(const boost::asio::any_io_executor& executor, const std::shared_ptr<Timer>& timer) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(executor, timer);
  }

  std::atomic<bool> set_ = false;
  std::mutex mutex_;
  // The timers themselves live in the waiting coroutines, and end with them.
  std::vector<std::pair<boost::asio::any_io_executor, std::weak_ptr<Timer>>> waiting_;
};

// Lets the test wait for a handler.
template <class Value>
class Report {
 public:
  void send(Value value) { promise_.set_value(std::move(value)); }
  // Throws when nothing was sent within ten seconds.
  Value wait() {
    if (future_.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      throw std::runtime_error("a handler did not report in time");
    }
    return future_.get();
  }

 private:
  std::promise<Value> promise_;
  std::future<Value> future_ = promise_.get_future();
};

}  // namespace jackdaw::http
