#include "ingest/admission.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "core/error.h"

namespace jackdaw::ingest {

namespace asio = boost::asio;

struct Admission::Waiter {
  asio::steady_timer wake;
  bool admitted = false;

  Waiter(const asio::any_io_executor& executor, TimePoint until) : wake(executor, until) {}
};

Admission::Admission(std::size_t max_inside, std::size_t max_waiting)
    : max_inside_(max_inside), max_waiting_(max_waiting) {}

Admission::~Admission() = default;

Admission::Place::~Place() {
  if (admission_) admission_->leave();
}

void Admission::leave() noexcept {
  if (waiting_.empty()) {
    --inside_;
    return;
  }
  const auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next->admitted = true;
  next->wake.cancel();
}

asio::awaitable<Admission::Place> Admission::enter(Cancellation cancellation) {
  cancellation.throw_if_requested();
  if (inside_ < max_inside_) {
    ++inside_;
    co_return Place(*this);
  }
  if (waiting_.size() >= max_waiting_) {
    throw Error(ErrorCode::kOverloaded, std::to_string(inside_) + " files are being read and " +
                                            std::to_string(waiting_.size()) + " wait already. Try again in a moment.")
        .with_retry_after(std::chrono::seconds(5));
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor, cancellation.deadline().value_or(TimePoint::max()));
  waiting_.push_back(waiter);
  const auto cancelled = cancellation.on_cancel([executor, weak = std::weak_ptr(waiter)] {
    asio::post(executor, [weak] {
      if (const auto waiting = weak.lock()) waiting->wake.cancel();
    });
  });
  while (!waiter->admitted && !cancellation.requested()) {
    boost::system::error_code ignored;
    co_await waiter->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!waiter->admitted) {
    std::erase(waiting_, waiter);
    cancellation.throw_if_requested();
  }
  Place place(*this);
  cancellation.throw_if_requested();
  co_return place;
}

}  // namespace jackdaw::ingest
