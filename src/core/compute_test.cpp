#include "core/compute.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "core/error.h"

namespace jackdaw {
namespace {

namespace asio = boost::asio;

// Runs a coroutine to its end on this thread.
template <class Coroutine>
void run(Coroutine coroutine) {
  asio::io_context context;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr e) { failure = e; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

ErrorCode code_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code();
  }
}

TEST(Compute, RunsWorkElsewhereAndComesBackToTheCoroutinesThread) {
  Compute compute({.name = "test", .threads = 2});
  run([&]() -> asio::awaitable<void> {
    const auto here = std::this_thread::get_id();
    const auto there =
        co_await compute.run(Lane::kInteractive, Cancellation(), [] { return std::this_thread::get_id(); });
    EXPECT_NE(there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
    const auto moved = co_await compute.run(Lane::kBackground, Cancellation(), [] { return std::make_unique<int>(7); });
    EXPECT_EQ(*moved, 7);
  });
}

TEST(Compute, RethrowsWhatTheWorkThrows) {
  Compute compute({.name = "test", .threads = 1});
  EXPECT_THROW(run([&]() -> asio::awaitable<void> {
                 co_await compute.run(Lane::kInteractive, Cancellation(),
                                      [] { throw Error(ErrorCode::kNotFound, "gone"); });
               }),
               Error);
}

TEST(Compute, DropsWorkWhoseCancellationIsRequested) {
  Compute compute({.name = "test", .threads = 1});
  bool ran = false;
  std::exception_ptr failure;
  run([&]() -> asio::awaitable<void> {
    const Cancellation signal;
    signal.cancel(CancelReason::kClient);
    try {
      co_await compute.run(Lane::kInteractive, signal, [&] { ran = true; });
    } catch (const Error&) {
      failure = std::current_exception();
    }
  });
  EXPECT_FALSE(ran);
  EXPECT_EQ(code_of(failure), ErrorCode::kCancelled);
}

TEST(Compute, StartsInteractiveWorkBeforeBackgroundWorkThatCameEarlier) {
  Compute compute({.name = "test", .threads = 1});
  asio::io_context context;
  std::promise<void> release;
  std::promise<void> started;
  std::vector<std::string> order;  // written by the one compute thread
  const auto spawn = [&](Lane lane, std::function<void()> work) {
    asio::co_spawn(
        context,
        [&compute, lane, work = std::move(work)]() -> asio::awaitable<void> {
          co_await compute.run(lane, Cancellation(), work);
        },
        [](const std::exception_ptr& failure) { EXPECT_FALSE(failure); });
  };
  spawn(Lane::kBackground, [&] {
    started.set_value();
    release.get_future().wait();
  });
  context.poll();
  started.get_future().wait();
  spawn(Lane::kBackground, [&] { order.emplace_back("background"); });
  spawn(Lane::kInteractive, [&] { order.emplace_back("interactive"); });
  context.poll();
  release.set_value();
  context.run();
  EXPECT_EQ(order, (std::vector<std::string>{"interactive", "background"}));
}

TEST(Compute, RefusesWhenFullAndDropsWhenStopped) {
  Compute compute({.name = "test", .threads = 1, .max_queued = 1});
  asio::io_context context;
  std::promise<void> release;
  std::promise<void> started;
  std::vector<ErrorCode> failures;
  const auto spawn = [&](std::function<void()> work) {
    asio::co_spawn(
        context,
        [&compute, work = std::move(work)]() -> asio::awaitable<void> {
          co_await compute.run(Lane::kInteractive, Cancellation(), work);
        },
        [&](const std::exception_ptr& failure) {
          if (failure) failures.push_back(code_of(failure));
        });
  };
  spawn([&] {
    started.set_value();
    release.get_future().wait();
  });
  context.poll();
  started.get_future().wait();
  spawn([] {});
  spawn([] {});
  context.poll();
  EXPECT_EQ(failures, std::vector{ErrorCode::kOverloaded});
  compute.stop();
  release.set_value();
  context.run();
  EXPECT_EQ(failures, (std::vector{ErrorCode::kOverloaded, ErrorCode::kShuttingDown}));
}

}  // namespace
}  // namespace jackdaw
