// jackdaw-parse-probe, built for the tests alone: closes the sandbox of jackdaw-parse and then tries one thing.
//
//   jackdaw-parse-probe list     the names of all things that must be denied, one a line
//   jackdaw-parse-probe NAME     tries it; writes "alive" if it is still there afterwards
//   jackdaw-parse-probe NAME ocr   the same in the sandbox of jackdaw-ocr, which leaves it "own clock"
//   jackdaw-parse-probe allowed  what the parser needs; must write "alive"
//   jackdaw-parse-probe spin     writes "alive" and goes on for ever
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include "extract/confined/sandbox.h"

namespace {

const pid_t parent = getppid();
char page[4096] __attribute__((aligned(4096)));

struct Attempt {
  std::string_view name;
  void (*run)();
};

template <class... Arguments>
void call(long number, Arguments... arguments) {
  if (syscall(number, arguments...) < 0) return;
}

std::string environment_of(pid_t pid) {
  return "/proc/" + std::to_string(pid) + "/environ";
}

constexpr Attempt kForbidden[] = {
    {"open", [] { call(SYS_open, "/etc/passwd", O_RDONLY); }},
    {"openat", [] { call(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
    {"openat2", [] { call(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 0); }},
    {"creat", [] { call(SYS_creat, "/tmp/jackdaw-probe", 0600); }},
    {"own environment", [] { call(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY); }},
    {"parent's environment", [] { call(SYS_openat, AT_FDCWD, environment_of(parent).c_str(), O_RDONLY); }},
    {"parent's memory", [] { call(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0); }},
    {"kill parent", [] { call(SYS_kill, parent, 0); }},
    {"tgkill", [] { call(SYS_tgkill, getpid(), getpid(), SIGTERM); }},
    {"ptrace", [] { call(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"fork", [] { call(SYS_fork); }},
    {"vfork", [] { call(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }},
    {"clone3", [] { call(SYS_clone3, nullptr, 0); }},
    {"execve", [] { call(SYS_execve, "/bin/true", nullptr, nullptr); }},
    {"execveat", [] { call(SYS_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0); }},
    {"socket", [] { call(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"unix socket", [] { call(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
    {"connect", [] { call(SYS_connect, 1, nullptr, 0); }},
    {"bind", [] { call(SYS_bind, 1, nullptr, 0); }},
    {"sendto", [] { call(SYS_sendto, 1, "x", 1, 0, nullptr, 0); }},
    {"write another descriptor", [] { call(SYS_write, 5, "x", 1); }},
    {"read another descriptor", [] { call(SYS_read, 5, page, 1); }},
    {"executable memory", [] { call(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
    {"map a file", [] { call(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 0, 0); }},
    {"mprotect", [] { call(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC); }},
    {"pkey_mprotect", [] { call(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1); }},
    {"memfd_create", [] { call(SYS_memfd_create, "x", 0); }},
    {"unlink", [] { call(SYS_unlink, "/tmp/jackdaw-probe"); }},
    {"rename", [] { call(SYS_rename, "/tmp/jackdaw-probe", "/tmp/jackdaw-probe-2"); }},
    {"mkdir", [] { call(SYS_mkdir, "/tmp/jackdaw-probe", 0700); }},
    {"symlink", [] { call(SYS_symlink, "/etc/passwd", "/tmp/jackdaw-probe"); }},
    {"chmod", [] { call(SYS_chmod, "/tmp/jackdaw-probe", 0777); }},
    {"chown", [] { call(SYS_chown, "/tmp/jackdaw-probe", 0, 0); }},
    {"setuid", [] { call(SYS_setuid, 0); }},
    {"prctl", [] { call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"another filter", [] { call(SYS_seccomp, 0, 0, nullptr); }},
    {"setrlimit", [] { call(SYS_setrlimit, RLIMIT_AS, nullptr); }},
    {"prlimit64", [] { call(SYS_prlimit64, 0, RLIMIT_AS, nullptr, nullptr); }},
    {"unshare", [] { call(SYS_unshare, CLONE_NEWUSER); }},
    {"mount", [] { call(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr); }},
    {"chroot", [] { call(SYS_chroot, "/tmp"); }},
    {"io_uring_setup", [] { call(SYS_io_uring_setup, 1, nullptr); }},
    {"bpf", [] { call(SYS_bpf, 0, nullptr, 0); }},
    {"perf_event_open", [] { call(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"dup", [] { call(SYS_dup, 1); }},
    {"pipe", [] { call(SYS_pipe2, nullptr, 0); }},
    {"getpid", [] { call(SYS_getpid); }},
    {"setpriority", [] { call(SYS_setpriority, PRIO_PROCESS, 0, 0); }},
    {"parent's clock", [] { call(SYS_clock_gettime, (~static_cast<clockid_t>(parent) << 3) | 2, page); }},
    {"own clock", [] { call(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, page); }},
};

// Keeps the call below from being optimised away.
void use_memory() {
  volatile char* volatile memory = static_cast<char*>(std::malloc(8 << 20));
  if (memory == nullptr) _exit(5);
  memory[4096] = 1;
  std::free(const_cast<char*>(memory));
}

bool say(std::string_view text) {
  return write(STDOUT_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

int list() {
  for (const Attempt& attempt : kForbidden) {
    if (!say(std::string(attempt.name) + "\n")) return 2;
  }
  return 0;
}

void attempt_named(std::string_view name) {
  for (const Attempt& attempt : kForbidden) {
    if (attempt.name == name) return attempt.run();
  }
  _exit(6);
}

}  // namespace

int main(int count, char** arguments) {
  const bool ocr = count == 3 && std::string_view(arguments[2]) == "ocr";
  if (count != 2 && !ocr) return 64;
  const std::string_view name = arguments[1];
  if (name == "list") return list();
  if (!jackdaw::extract::enter_sandbox({.processor_clock = ocr}).empty()) return 3;
  if (name == "allowed") {
    use_memory();
  } else if (name != "spin") {
    attempt_named(name);
  }
  if (!say("alive")) _exit(2);
  for (volatile bool forever = name == "spin"; forever;) {
  }
  _exit(0);
}
