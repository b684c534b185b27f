#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "core/cancellation.h"

namespace jackdaw::ingest {

// Lets a bounded number of coroutines in at once; others wait in order of arrival, a bounded number too. For the
// coroutines of one executor that runs on one thread: nothing here locks. It lives longer than everything it hands out.
class Admission {
 public:
  Admission(std::size_t max_inside, std::size_t max_waiting);
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // A place inside, given back by its destructor.
  class Place {
   public:
    explicit Place(Admission& admission) : admission_(&admission) {}
    Place(Place&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    Admission* admission_;
  };

  // Returns once there is a place. Throws Error kOverloaded at once when too many wait already, and what `cancellation`
  // asks for.
  boost::asio::awaitable<Place> enter(Cancellation cancellation);

  std::size_t inside() const noexcept { return inside_; }
  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct Waiter;
  void leave() noexcept;

  const std::size_t max_inside_;
  const std::size_t max_waiting_;
  std::size_t inside_ = 0;
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace jackdaw::ingest
