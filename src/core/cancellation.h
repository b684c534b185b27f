#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/clock.h"

namespace jackdaw {

enum class CancelReason { kNone, kClient, kDisconnect, kShutdown, kDeadline };

// The stop signal and the deadline that travel with every request. A copy is another handle on the same signal. All
// functions may be called from any thread at any time.
//
// A deadline is only compared with the clock: it makes requested() true but fires no callback and no event_fd. Who
// sleeps must also watch deadline().
class Cancellation {
 public:
  // A signal of its own, without a deadline.
  Cancellation();

  // A signal that is also requested when this one is, and when `deadline` passes. Cancelling the child leaves the
  // parent alone.
  Cancellation child(std::optional<TimePoint> deadline = std::nullopt) const;

  // The first reason wins. Callbacks run on this thread, before it returns.
  void cancel(CancelReason reason) const;

  bool requested() const noexcept;
  CancelReason reason() const noexcept;

  // The earliest deadline of this signal and its ancestors.
  std::optional<TimePoint> deadline() const noexcept;

  // Throws Error: kDeadlineExceeded when the deadline passed, kShuttingDown, else kCancelled.
  void throw_if_requested() const;

  // Keeps a callback registered for as long as it lives. Its destructor waits for a callback that is running on another
  // thread, so what the callback refers to may be destroyed right after.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription();

   private:
    friend class Cancellation;
    struct Entry;
    explicit Subscription(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
    std::shared_ptr<Entry> entry_;
  };

  // Calls `callback` once when cancel() is called, or at once if it already was. It must be short and must not throw.
  [[nodiscard]] Subscription on_cancel(std::function<void()> callback) const;

  // A descriptor that becomes readable when cancel() is called; for poll(2). Owned by this signal, made at first use.
  int event_fd() const;

 private:
  struct State;
  explicit Cancellation(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace jackdaw
