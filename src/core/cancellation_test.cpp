#include "core/cancellation.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "core/error.h"

namespace jackdaw {
namespace {

bool is_readable(int descriptor) {
  pollfd entry{descriptor, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(Cancellation, TheFirstReasonWins) {
  const Cancellation signal;
  EXPECT_FALSE(signal.requested());
  EXPECT_NO_THROW(signal.throw_if_requested());
  signal.cancel(CancelReason::kDisconnect);
  signal.cancel(CancelReason::kShutdown);
  EXPECT_EQ(signal.reason(), CancelReason::kDisconnect);
  EXPECT_THROW(signal.throw_if_requested(), Error);
}

TEST(Cancellation, ReachesChildrenButNotParents) {
  const Cancellation parent;
  const Cancellation child = parent.child();
  const Cancellation grandchild = child.child();
  const Cancellation sibling = parent.child();
  child.cancel(CancelReason::kClient);
  EXPECT_TRUE(grandchild.requested());
  EXPECT_FALSE(parent.requested());
  EXPECT_FALSE(sibling.requested());
  parent.cancel(CancelReason::kShutdown);
  EXPECT_EQ(sibling.reason(), CancelReason::kShutdown);
  EXPECT_EQ(child.reason(), CancelReason::kClient);
}

TEST(Cancellation, AChildOfACancelledSignalIsCancelled) {
  const Cancellation parent;
  parent.cancel(CancelReason::kClient);
  EXPECT_EQ(parent.child().reason(), CancelReason::kClient);
}

TEST(Cancellation, ADeadlineThatPassedIsARequestAndTheEarliestCounts) {
  const TimePoint now = SteadyClock::now();
  const Cancellation signal;
  const Cancellation late = signal.child(now + std::chrono::hours(2));
  const Cancellation early = late.child(now + std::chrono::hours(1));
  EXPECT_EQ(late.child(now + std::chrono::hours(3)).deadline(), now + std::chrono::hours(2));
  EXPECT_EQ(early.deadline(), now + std::chrono::hours(1));
  EXPECT_FALSE(early.requested());
  EXPECT_EQ(early.child(now).reason(), CancelReason::kDeadline);
  try {
    early.child(now).throw_if_requested();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
  }
}

TEST(Cancellation, CallbacksRunOnceAndOnlyWhileSubscribed) {
  const Cancellation signal;
  int calls = 0;
  int dropped_calls = 0;
  const auto kept = signal.on_cancel([&] { ++calls; });
  {
    const auto dropped = signal.on_cancel([&] { ++dropped_calls; });
  }
  signal.cancel(CancelReason::kClient);
  signal.cancel(CancelReason::kClient);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(dropped_calls, 0);
  const auto late = signal.on_cancel([&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST(Cancellation, ACallbackMayDropItsOwnSubscription) {
  const Cancellation signal;
  std::optional<Cancellation::Subscription> subscription;
  subscription.emplace(signal.on_cancel([&] { subscription.reset(); }));
  signal.cancel(CancelReason::kClient);
  EXPECT_FALSE(subscription.has_value());
}

TEST(Cancellation, ItsDescriptorBecomesReadable) {
  const Cancellation parent;
  const Cancellation child = parent.child();
  const int before = child.event_fd();
  EXPECT_FALSE(is_readable(before));
  parent.cancel(CancelReason::kClient);
  EXPECT_TRUE(is_readable(before));
  EXPECT_TRUE(is_readable(parent.event_fd()));
}

TEST(Cancellation, SubscribingAndCancellingMayRace) {
  for (int round = 0; round < 200; ++round) {
    const Cancellation signal;
    std::atomic<int> calls{0};
    {
      const auto first = signal.on_cancel([&] { ++calls; });
      std::thread canceller([&] { signal.cancel(CancelReason::kClient); });
      const auto second = signal.on_cancel([&] { ++calls; });
      canceller.join();
      EXPECT_EQ(calls, 2);
    }
  }
}

}  // namespace
}  // namespace jackdaw
