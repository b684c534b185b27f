#include "core/cancellation.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <list>
#include <mutex>
#include <system_error>

#include "core/error.h"

namespace jackdaw {

struct Cancellation::Subscription::Entry {
  // Held while the callback runs. Recursive, so that a callback may drop its own subscription.
  std::recursive_mutex running;
  std::function<void()> callback;

  void fire() {
    const std::lock_guard lock(running);
    if (!callback) return;
    const auto once = std::move(callback);
    callback = nullptr;
    once();
  }
  void drop() {
    const std::lock_guard lock(running);
    callback = nullptr;
  }
};

struct Cancellation::State {
  std::atomic<CancelReason> reason{CancelReason::kNone};
  std::optional<TimePoint> deadline;  // constant after construction; already the earliest of all ancestors
  std::shared_ptr<State> parent;      // constant after construction

  std::mutex mutex;
  std::list<std::weak_ptr<Subscription::Entry>> entries;  // protected by mutex
  int event_fd = -1;                                      // protected by mutex

  Subscription parent_link;  // cancels this state when the parent is cancelled

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (event_fd >= 0) close(event_fd);
  }

  void signal_event_fd() const {
    const std::uint64_t one = 1;
    while (write(event_fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

  void cancel(CancelReason why) {
    auto none = CancelReason::kNone;
    if (!reason.compare_exchange_strong(none, why)) return;
    std::list<std::weak_ptr<Subscription::Entry>> to_fire;
    {
      const std::lock_guard lock(mutex);
      to_fire.swap(entries);
      if (event_fd >= 0) signal_event_fd();
    }
    for (const auto& weak : to_fire) {
      if (const auto entry = weak.lock()) entry->fire();
    }
  }
};

Cancellation::Subscription& Cancellation::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    if (entry_) entry_->drop();
    entry_ = std::move(other.entry_);
  }
  return *this;
}

Cancellation::Subscription::~Subscription() {
  if (entry_) entry_->drop();
}

Cancellation::Cancellation() : state_(std::make_shared<State>()) {}

Cancellation Cancellation::child(std::optional<TimePoint> deadline) const {
  auto state = std::make_shared<State>();
  state->parent = state_;
  state->deadline = state_->deadline;
  if (deadline) state->deadline = state->deadline ? std::min(*state->deadline, *deadline) : *deadline;
  state->parent_link = on_cancel([weak = std::weak_ptr<State>(state), parent = state_.get()] {
    if (const auto child = weak.lock()) child->cancel(parent->reason.load());
  });
  return Cancellation(std::move(state));
}

void Cancellation::cancel(CancelReason reason) const {
  state_->cancel(reason);
}

bool Cancellation::requested() const noexcept {
  return reason() != CancelReason::kNone;
}

CancelReason Cancellation::reason() const noexcept {
  const CancelReason reason = state_->reason.load();
  if (reason != CancelReason::kNone) return reason;
  if (state_->deadline && SteadyClock::now() >= *state_->deadline) return CancelReason::kDeadline;
  return CancelReason::kNone;
}

std::optional<TimePoint> Cancellation::deadline() const noexcept {
  return state_->deadline;
}

void Cancellation::throw_if_requested() const {
  switch (reason()) {
    case CancelReason::kNone: return;
    case CancelReason::kDeadline:
      throw Error(ErrorCode::kDeadlineExceeded, "The time allowed for this request is over. Try again.");
    case CancelReason::kShutdown:
      throw Error(ErrorCode::kShuttingDown, "The server is shutting down. Try again in a moment.");
    case CancelReason::kClient:
    case CancelReason::kDisconnect:
      throw Error(ErrorCode::kCancelled, "Cancelled: nobody waits for this result any more.");
  }
}

Cancellation::Subscription Cancellation::on_cancel(std::function<void()> callback) const {
  auto entry = std::make_shared<Subscription::Entry>();
  entry->callback = std::move(callback);
  {
    const std::lock_guard lock(state_->mutex);
    std::erase_if(state_->entries, [](const auto& weak) { return weak.expired(); });
    if (state_->reason.load() == CancelReason::kNone) {
      state_->entries.push_back(entry);
      return Subscription(std::move(entry));
    }
  }
  entry->fire();
  return Subscription(std::move(entry));
}

int Cancellation::event_fd() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->event_fd < 0) {
    state_->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (state_->event_fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    if (state_->reason.load() != CancelReason::kNone) state_->signal_event_fd();
  }
  return state_->event_fd;
}

}  // namespace jackdaw
