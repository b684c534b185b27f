#include "core/compute.h"

#include <pthread.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "core/error.h"

namespace jackdaw {

class Compute::Threads {
 public:
  explicit Threads(Options options) : options_(std::move(options)) {
    for (std::size_t i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this] { work(); });
      pthread_setname_np(threads_.back().native_handle(), options_.name.substr(0, 15).c_str());
    }
  }

  ~Threads() {
    stop();
    for (std::thread& thread : threads_) thread.join();
  }

  std::size_t size() const noexcept { return options_.threads; }

  void submit(Lane lane, Job job) {
    std::exception_ptr refused;
    {
      const std::lock_guard lock(mutex_);
      auto& queue = queues_[static_cast<std::size_t>(lane)];
      if (stopping_) {
        refused = shutting_down();
      } else if (queue.size() >= options_.max_queued) {
        refused = std::make_exception_ptr(
            Error(ErrorCode::kOverloaded, "Too much work is waiting already. Try again in a moment.")
                .with_retry_after(std::chrono::seconds(1)));
      } else {
        queue.push_back(std::move(job));
      }
    }
    if (refused) {
      job.done(refused);
    } else {
      wake_.notify_one();
    }
  }

  void stop() {
    std::array<std::deque<Job>, 2> dropped;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(queues_);
    }
    wake_.notify_all();
    for (auto& queue : dropped) {
      for (Job& job : queue) job.done(shutting_down());
    }
  }

 private:
  static std::exception_ptr shutting_down() {
    return std::make_exception_ptr(
        Error(ErrorCode::kShuttingDown, "The server is shutting down. Try again in a moment."));
  }

  void work() {
    while (std::optional<Job> job = next()) {
      std::exception_ptr failure;
      try {
        job->cancellation.throw_if_requested();
        job->work();
      } catch (...) {
        failure = std::current_exception();
      }
      job->work = nullptr;
      job->done(std::move(failure));
    }
  }

  std::optional<Job> next() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queues_[0].empty() || !queues_[1].empty(); });
    for (auto& queue : queues_) {
      if (queue.empty()) continue;
      Job job = std::move(queue.front());
      queue.pop_front();
      return job;
    }
    return std::nullopt;
  }

  const Options options_;
  std::vector<std::thread> threads_;  // started by the constructor, joined by the destructor

  std::mutex mutex_;
  std::condition_variable wake_;
  std::array<std::deque<Job>, 2> queues_;  // by Lane; protected by mutex_
  bool stopping_ = false;                  // protected by mutex_
};

Compute::Compute(Options options) : threads_(std::make_unique<Threads>(std::move(options))) {}

Compute::~Compute() = default;

std::size_t Compute::threads() const noexcept {
  return threads_->size();
}

void Compute::stop() {
  threads_->stop();
}

boost::asio::awaitable<void> Compute::run_job(Lane lane, Cancellation cancellation, std::function<void()> work) {
  auto start = [this, lane, &cancellation, &work](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto done = [handler = std::move(handler),
                 guard = boost::asio::make_work_guard(executor)](std::exception_ptr failure) mutable {
      const auto target = guard.get_executor();
      boost::asio::post(target, [handler = std::move(handler), failure = std::move(failure)]() mutable {
        std::move(handler)(std::move(failure));
      });
      guard.reset();
    };
    threads_->submit(lane, Job{std::move(cancellation), std::move(work), std::move(done)});
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      start, boost::asio::use_awaitable);
}

}  // namespace jackdaw
