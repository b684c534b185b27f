#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::extract {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// How a process ended: one of the two is set.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
};

// A process started with an empty environment, in a group of its own, with no descriptors but three: standard input is
// the given file, standard output a pipe to us, standard error is discarded. A secret, if there is one, comes as a
// fourth: a pipe that holds it and nothing behind it (descriptor 3). Safe to start from any thread, whatever
// the other threads do. Its destructor kills and reaps it: no path leaves a process or a zombie behind. Not shared
// between threads; the child may ask to die with the thread that started it, so that thread must stay.
class ChildProcess {
 public:
  // `secret`: at most 4,096 bytes, the room that every pipe has; empty: none. Throws Error: kUnavailable when the
  // program is missing or cannot be run or no process can be made.
  ChildProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments,
               const Descriptor& standard_input, std::string_view secret = {});
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // The reading end of its standard output; never blocks.
  int output() const noexcept { return output_.get(); }
  pid_t pid() const noexcept { return pid_; }

  // Processor time used so far; zero when the system does not tell.
  std::chrono::nanoseconds cpu_time() const noexcept;

  // Waits for its end, kills it when that takes longer than `patience`.
  ExitStatus wait(std::chrono::milliseconds patience);

 private:
  bool reap(int options) noexcept;

  Descriptor output_;
  pid_t pid_ = -1;
  std::optional<int> wait_status_;
};

}  // namespace jackdaw::extract
