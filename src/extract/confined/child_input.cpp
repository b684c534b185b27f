#include "extract/confined/child_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>

#include "extract/confined/sandbox.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// Up to `bytes` bytes; nothing, and errno set, when they cannot be read.
std::optional<std::string> read_from(int descriptor, std::size_t bytes) {
  std::string all(bytes, '\0');
  std::size_t filled = 0;
  while (filled < all.size()) {
    const ssize_t got = read(descriptor, all.data() + filled, all.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  all.resize(filled);
  return all;
}

// The descriptor is there only when a password was given.
std::string take_password() {
  std::optional<std::string> password = read_from(protocol::kPasswordDescriptor, protocol::kMaxPasswordBytes);
  close(protocol::kPasswordDescriptor);
  return password.value_or("");
}

std::optional<Input> read_input() {
  try {
    struct stat about{};
    if (fstat(STDIN_FILENO, &about) != 0) return std::nullopt;
    std::optional<std::string> bytes = read_from(STDIN_FILENO, static_cast<std::size_t>(about.st_size));
    if (!bytes) return std::nullopt;
    return Input{std::move(*bytes), take_password()};
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return std::nullopt;
  }
}

bool close_sandbox(FrameWriter& out, bool filter) {
  const std::string error = enter_sandbox({.filter = filter});
  if (!error.empty()) out.failure(FailureReason::kSandbox, 0, error);
  return error.empty();
}

}  // namespace

std::optional<Command> parse_command(int count, char** arguments) {
  Command command;
  if (count < 2) return std::nullopt;
  command.mode = arguments[1];
  if (arguments[count - 1] == kWithoutFilter) {
    command.filter = false;
    --count;
  }
  for (int i = 2; i < count; ++i) {
    const std::optional<std::size_t> number = parse_number(arguments[i]);
    if (!number) return std::nullopt;
    command.numbers.push_back(*number);
  }
  return command;
}

std::optional<Input> close_sandbox_with_input(FrameWriter& out, bool filter, void (*prepare)()) {
  std::optional<Input> input = read_input();
  if (!input) {
    out.failure(FailureReason::kInput, 0, std::strerror(errno));
    return std::nullopt;
  }
  prepare();
  if (!close_sandbox(out, filter)) return std::nullopt;
  return input;
}

int check_sandbox(bool filter) {
  FrameWriter out(STDOUT_FILENO);
  if (!close_sandbox(out, filter)) return 1;
  out.ready();
  return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 3 : 4;
}

int refuse_command(std::string_view program) {
  const std::string usage = std::string(program) + " is started by jackdaw; it is of no use by itself.\n";
  return write(STDERR_FILENO, usage.data(), usage.size()) < 0 ? 2 : 64;
}

}  // namespace jackdaw::extract
