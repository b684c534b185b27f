#include "server/interruption.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "server/commands.h"
#include "server/terminal.h"

namespace jackdaw::server {
namespace {

// What the handler may touch.
std::atomic<int> wake_descriptor{-1};
std::atomic<bool> was_asked{false};
std::atomic<bool> shows_progress{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

// Libraries start threads of their own before main() does anything, so the signal may come to any thread.
void on_signal(int /*number*/) {
  const int saved = errno;
  if (was_asked.exchange(true)) {
    if (shows_progress) {
      [[maybe_unused]] const auto ignored =
          ::write(STDERR_FILENO, Terminal::kRestore.data(), Terminal::kRestore.size());
    }
    ::_exit(kExitInterrupted);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(wake_descriptor, &one, sizeof one);
  errno = saved;
}

}  // namespace

Interruption::Interruption() : heard_(::eventfd(0, EFD_CLOEXEC)) {
  if (!heard_.is_open()) throw std::system_error(errno, std::system_category(), "eventfd");
  done_.event_fd();  // made here, where a failure can be said
  thread_ = std::thread([this] { watch(); });
  shows_progress = ::isatty(STDERR_FILENO) == 1;
  was_asked = false;
  wake_descriptor = heard_.get();
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &before_interrupt_);
  ::sigaction(SIGTERM, &action, &before_terminate_);
}

Interruption::~Interruption() {
  ::sigaction(SIGINT, &before_interrupt_, nullptr);
  ::sigaction(SIGTERM, &before_terminate_, nullptr);
  done_.cancel(CancelReason::kClient);
  thread_.join();
}

void Interruption::watch() const {
  std::array<pollfd, 2> watched{pollfd{heard_.get(), POLLIN, 0}, pollfd{done_.event_fd(), POLLIN, 0}};
  while (!done_.requested()) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if ((watched[0].revents & POLLIN) == 0) continue;
    watched[0].fd = -1;  // heard
    cancellation_.cancel(CancelReason::kClient);
  }
}

}  // namespace jackdaw::server
