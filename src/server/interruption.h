#pragma once

#include <csignal>
#include <thread>

#include "core/cancellation.h"

namespace jackdaw::server {

// Ctrl-C and SIGTERM as a Cancellation, for as long as it lives: the first one asks the command to end, the second ends
// the process at once. Made before every other thread, which inherit that these signals are not theirs; it has a thread
// of its own that waits for them.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  const Cancellation& cancellation() const noexcept { return cancellation_; }

 private:
  void watch() const;

  const Cancellation cancellation_;
  const Cancellation done_;
  sigset_t before_{};
  std::thread thread_;
};

}  // namespace jackdaw::server
