#include "ingest/turnstile.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>
#include <utility>

#include "core/clock.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;

// Who waits has a timer that is set to go off when it is their turn.
struct Turnstile::Turn::Queue {
  explicit Queue(asio::any_io_executor on) : executor(std::move(on)) {}
  asio::any_io_executor executor;
  std::list<std::weak_ptr<asio::steady_timer>> waiting{};
  bool taken = false;

  void pass_on() {
    taken = false;
    while (!waiting.empty()) {
      const auto next = waiting.front().lock();
      waiting.pop_front();
      if (!next) continue;  // its coroutine was given up
      taken = true;
      next->expires_at(TimePoint::min());
      return;
    }
  }
};

Turnstile::Turnstile(asio::any_io_executor executor) : queue_(std::make_shared<Turn::Queue>(std::move(executor))) {}

Turnstile::Turn::~Turn() {
  if (queue_) queue_->pass_on();
}

asio::awaitable<Turnstile::Turn> Turnstile::enter() {
  const auto queue = queue_;
  if (!queue->taken) {
    queue->taken = true;
    co_return Turn(queue);
  }
  const auto call = std::make_shared<asio::steady_timer>(queue->executor, TimePoint::max());
  queue->waiting.push_back(call);
  boost::system::error_code ignored;
  co_await call->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return Turn(queue);
}

}  // namespace jackdaw::ingest
