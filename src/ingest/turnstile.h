#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace jackdaw::ingest {

// Lets one coroutine at a time through, in the order of their coming: for what takes several steps with waits between
// them, and must not be seen half done. All functions are called on `executor`, which runs on one thread. A coroutine
// may not enter twice.
class Turnstile {
 public:
  explicit Turnstile(boost::asio::any_io_executor executor);

  // Held while its owner has the turn; gives it to the next one when it goes.
  class Turn {
   public:
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class Turnstile;
    struct Queue;
    explicit Turn(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
    std::shared_ptr<Queue> queue_;
  };
  boost::asio::awaitable<Turn> enter();

 private:
  std::shared_ptr<Turn::Queue> queue_;
};

}  // namespace jackdaw::ingest
