#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "core/cancellation.h"

namespace jackdaw {

// Who waits: a person, or nobody in particular. Interactive work always starts before background work.
enum class Lane { kInteractive, kBackground };

// A fixed set of threads for plain blocking code, reached from a coroutine by one co_await:
//
//   Embedding e = co_await compute.run(Lane::kInteractive, cancellation, [&] { return embedder.embed(...); });
//
// The coroutine resumes on its own executor. What `work` throws is rethrown there. Work whose cancellation is already
// requested when its turn comes is dropped: run() throws what Cancellation::throw_if_requested() says. A full queue
// throws kOverloaded at once. A slice of background work should take at most about 30 ms. Safe from any thread; what
// `work` refers to must live until run() returns, which it does only after the work ended or was dropped.
class Compute {
 public:
  struct Options {
    std::string name;  // of the threads, at most 12 characters
    std::size_t threads = 1;
    std::size_t max_queued = 4096;  // per lane
  };

  // Starts the threads.
  explicit Compute(Options options);
  // Drops what has not started, waits for what runs, joins.
  ~Compute();
  Compute(const Compute&) = delete;
  Compute& operator=(const Compute&) = delete;

  std::size_t threads() const noexcept;

  // No work starts from here on: waiting work is dropped with kShuttingDown.
  void stop();

  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> run(Lane lane, Cancellation cancellation, Work work) {
    if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
      co_await run_job(lane, std::move(cancellation), std::ref(work));
    } else {
      std::optional<std::invoke_result_t<Work&>> result;
      co_await run_job(lane, std::move(cancellation), [&] { result.emplace(work()); });
      co_return std::move(*result);
    }
  }

 private:
  struct Job {
    Cancellation cancellation;
    std::function<void()> work;
    std::move_only_function<void(std::exception_ptr)> done;
  };
  class Threads;

  boost::asio::awaitable<void> run_job(Lane lane, Cancellation cancellation, std::function<void()> work);

  std::unique_ptr<Threads> threads_;
};

}  // namespace jackdaw
