#include "extract/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"

namespace jackdaw::extract {
namespace {

// More than the default 64 KiB, so that the child seldom waits while a page is chunked.
constexpr int kPipeBytes = 256 << 10;

constexpr int kSecretDescriptor = STDERR_FILENO + 1;

void check(int error, const char* step) {
  if (error != 0) throw std::system_error(error, std::generic_category(), step);
}

class FileActions {
 public:
  FileActions() { check(posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init"); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  void give(int descriptor, int as) {
    check(posix_spawn_file_actions_adddup2(&actions_, descriptor, as), "posix_spawn_file_actions_adddup2");
  }
  void discard(int descriptor) {
    check(posix_spawn_file_actions_addopen(&actions_, descriptor, "/dev/null", O_WRONLY, 0),
          "posix_spawn_file_actions_addopen");
  }
  void close_from(int first) {
    check(posix_spawn_file_actions_addclosefrom_np(&actions_, first), "posix_spawn_file_actions_addclosefrom_np");
  }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// All signals at their defaults and none blocked, whatever the server does with its own; a group of its own, so that
// Ctrl-C at a terminal stops the server first.
class Attributes {
 public:
  Attributes() {
    check(posix_spawnattr_init(&attributes_), "posix_spawnattr_init");
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// A pipe that holds the secret, closed behind it; none for an empty one.
Descriptor pipe_with(std::string_view secret) {
  if (secret.empty()) return Descriptor();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) check(errno, "pipe2");
  Descriptor reading_end(ends[0]);
  const Descriptor writing_end(ends[1]);
  if (write(writing_end.get(), secret.data(), secret.size()) != static_cast<ssize_t>(secret.size())) {
    check(EMSGSIZE, "write");
  }
  return reading_end;
}

pid_t spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments, int input, int output,
            int secret) {
  FileActions actions;
  // In an order in which no descriptor is overwritten before it was given: those of ours are above 2.
  actions.give(input, STDIN_FILENO);
  actions.give(output, STDOUT_FILENO);
  actions.discard(STDERR_FILENO);
  if (secret >= 0) actions.give(secret, kSecretDescriptor);
  actions.close_from(secret >= 0 ? kSecretDescriptor + 1 : kSecretDescriptor);
  const Attributes attributes;

  std::vector<std::string> texts{program.filename().string()};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  char* no_environment[] = {nullptr};

  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), actions.get(), attributes.get(), argv.data(), no_environment);
  if (error != 0) {
    throw Error(ErrorCode::kUnavailable, "The parser program " + program.string() + " cannot be started (" +
                                             std::strerror(error) +
                                             "). It belongs beside the jackdaw program: install or build it again.");
  }
  return pid;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

ChildProcess::ChildProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                           const Descriptor& standard_input, std::string_view secret) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) check(errno, "pipe2");
  output_ = Descriptor(ends[0]);
  const Descriptor writing_end(ends[1]);
  fcntl(output_.get(), F_SETPIPE_SZ, kPipeBytes);
  // Our end alone: the flag belongs to the open file behind a descriptor, and each end has its own.
  if (fcntl(output_.get(), F_SETFL, O_NONBLOCK) != 0) check(errno, "fcntl");
  const Descriptor secret_end = pipe_with(secret);
  pid_ = spawn(program, arguments, standard_input.get(), writing_end.get(), secret_end.get());
}

ChildProcess::~ChildProcess() {
  if (wait_status_) return;
  kill(pid_, SIGKILL);
  reap(0);
}

bool ChildProcess::reap(int options) noexcept {
  int status = 0;
  pid_t got = 0;
  do {
    got = waitpid(pid_, &status, options);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return false;
  // A process whose status somebody else took is gone all the same.
  wait_status_ = got == pid_ ? status : 0;
  return true;
}

std::chrono::nanoseconds ChildProcess::cpu_time() const noexcept {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

ExitStatus ChildProcess::wait(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!wait_status_ && !reap(WNOHANG)) {
    if (std::chrono::steady_clock::now() >= deadline) {
      kill(pid_, SIGKILL);
      reap(0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ExitStatus status;
  if (WIFSIGNALED(*wait_status_)) {
    status.signal = WTERMSIG(*wait_status_);
  } else {
    status.code = WEXITSTATUS(*wait_status_);
  }
  return status;
}

}  // namespace jackdaw::extract
