#include "providers/sleep.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>

namespace jackdaw::providers {

namespace asio = boost::asio;

asio::awaitable<void> sleep_until(TimePoint until, Cancellation cancellation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const TimePoint latest = cancellation.deadline().value_or(TimePoint::max());
  const auto timer = std::make_shared<asio::steady_timer>(executor, std::min(until, latest));
  const auto on_cancel =
      cancellation.on_cancel([timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); });
  boost::system::error_code ignored;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  cancellation.throw_if_requested();
}

}  // namespace jackdaw::providers
