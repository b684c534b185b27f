#pragma once

#include <signal.h>

#include <thread>

#include "core/cancellation.h"
#include "store/durable_file.h"

namespace jackdaw::server {

// Ctrl-C and SIGTERM as a Cancellation, for as long as it lives: the first one asks the command to end, the second ends
// the process at once. One at a time; it has a thread of its own, since a signal's handler may do next to nothing.
class Interruption {
 public:
  // Throws std::system_error when the system has no room for it.
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  const Cancellation& cancellation() const noexcept { return cancellation_; }

 private:
  void watch() const;

  const Cancellation cancellation_;
  const Cancellation done_;
  const store::FileDescriptor heard_;  // eventfd, written by the handler
  struct sigaction before_interrupt_{};
  struct sigaction before_terminate_{};
  std::thread thread_;
};

}  // namespace jackdaw::server
