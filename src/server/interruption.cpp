#include "server/interruption.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "server/commands.h"
#include "server/terminal.h"
#include "store/durable_file.h"

namespace jackdaw::server {
namespace {

sigset_t asked_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

[[noreturn]] void end_at_once() {
  if (::isatty(STDERR_FILENO) == 1) {
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, Terminal::kRestore.data(), Terminal::kRestore.size());
  }
  ::_exit(kExitInterrupted);
}

}  // namespace

Interruption::Interruption() {
  const sigset_t signals = asked_to_end();
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  done_.event_fd();  // made here, where a failure can be said
  thread_ = std::thread([this] { watch(); });
}

Interruption::~Interruption() {
  done_.cancel(CancelReason::kClient);
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interruption::watch() const {
  const sigset_t signals = asked_to_end();
  const store::FileDescriptor incoming(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  std::array<pollfd, 2> watched{pollfd{incoming.get(), POLLIN, 0}, pollfd{done_.event_fd(), POLLIN, 0}};
  for (;;) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if (done_.requested()) return;
    signalfd_siginfo signal{};
    if (::read(incoming.get(), &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) continue;
    if (cancellation_.requested()) end_at_once();
    cancellation_.cancel(CancelReason::kClient);
  }
}

}  // namespace jackdaw::server
