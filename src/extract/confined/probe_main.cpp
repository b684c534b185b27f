// jackdaw-parse-probe, built for the tests alone: closes the sandbox of jackdaw-parse and then tries one thing.
//
//   jackdaw-parse-probe list     the names of all things that must be denied, one a line
//   jackdaw-parse-probe NAME     tries it; writes "alive" if it is still there afterwards
//   jackdaw-parse-probe NAME ocr   the same in the sandbox of jackdaw-ocr, which leaves it "own clock"
//   jackdaw-parse-probe NAME without-filter   the same without the filter: writes "refused" where the kernel refuses it
//   jackdaw-parse-probe allowed  what the parser needs; must write "alive"
//   jackdaw-parse-probe spin     writes "alive" and goes on for ever
//   jackdaw-parse-probe hog      takes memory until there is no more; writes how many MiB that was
//   jackdaw-parse-probe limits   writes its niceness and RLIMIT_CPU in seconds
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
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
bool refused = false;  // the last call came back with an error

struct Attempt {
  std::string_view name;
  void (*run)();
};

template <class... Arguments>
void call(long number, Arguments... arguments) {
  refused = syscall(number, arguments...) < 0;
}

std::string environment_of(pid_t pid) {
  return "/proc/" + std::to_string(pid) + "/environ";
}

// A 64-bit process may call by the table of 32-bit programs, whose numbers mean other things: 5 is open.
void call_as_i386() {
  long result = 5;
  asm volatile("int $0x80" : "+a"(result) : "b"(page), "c"(O_RDONLY), "d"(0) : "memory");
  refused = result < 0;
}

constexpr long kX32 = 0x40000000;
constexpr const char* kFile = "/tmp/jackdaw-probe";

constexpr Attempt kForbidden[] = {
    {"open", [] { call(SYS_open, "/etc/passwd", O_RDONLY); }},
    {"openat", [] { call(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
    {"openat2", [] { call(SYS_openat2, AT_FDCWD, "/etc/passwd", page, 24); }},
    {"open by the i386 table", call_as_i386},
    {"open by the x32 table", [] { call(SYS_open | kX32, "/etc/passwd", O_RDONLY); }},
    {"creat", [] { call(SYS_creat, kFile, 0600); }},
    {"own environment", [] { call(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY); }},
    {"parent's environment", [] { call(SYS_openat, AT_FDCWD, environment_of(parent).c_str(), O_RDONLY); }},
    {"parent's memory", [] { call(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0); }},
    {"write parent's memory", [] { call(SYS_process_vm_writev, parent, nullptr, 0, nullptr, 0, 0); }},
    {"kill parent", [] { call(SYS_kill, parent, 0); }},
    {"tgkill", [] { call(SYS_tgkill, getpid(), getpid(), SIGTERM); }},
    {"queue a signal", [] { call(SYS_rt_sigqueueinfo, parent, SIGTERM, page); }},
    {"pidfd_open", [] { call(SYS_pidfd_open, parent, 0); }},
    {"pidfd_getfd", [] { call(SYS_pidfd_getfd, 1, 0, 0); }},
    {"ptrace parent", [] { call(SYS_ptrace, PTRACE_ATTACH, parent, nullptr, nullptr); }},
    {"ptrace traceme", [] { call(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"fork", [] { call(SYS_fork); }},
    {"vfork", [] { call(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, 0); }},
    {"thread", [] { call(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, page + sizeof page, 0, 0, 0); }},
    {"clone3", [] { call(SYS_clone3, nullptr, 0); }},
    {"execve", [] { call(SYS_execve, "/bin/true", nullptr, nullptr); }},
    {"execveat", [] { call(SYS_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0); }},
    {"socket", [] { call(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"unix socket", [] { call(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
    {"socketpair", [] { call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, page); }},
    {"connect", [] { call(SYS_connect, 1, nullptr, 0); }},
    {"bind", [] { call(SYS_bind, 1, nullptr, 0); }},
    {"listen", [] { call(SYS_listen, 1, 1); }},
    {"accept", [] { call(SYS_accept4, 0, nullptr, nullptr, 0); }},
    {"sendto", [] { call(SYS_sendto, 1, "x", 1, 0, nullptr, 0); }},
    {"sendmsg", [] { call(SYS_sendmsg, 1, page, 0); }},
    {"write another descriptor", [] { call(SYS_write, 5, "x", 1); }},
    {"read another descriptor", [] { call(SYS_read, 5, page, 1); }},
    {"read the password again", [] { call(SYS_read, 3, page, 1); }},
    {"seek", [] { call(SYS_lseek, 0, 0, SEEK_SET); }},
    {"ioctl TIOCSTI", [] { call(SYS_ioctl, 0, TIOCSTI, "x"); }},
    {"fcntl", [] { call(SYS_fcntl, 1, F_SETFL, 0); }},
    {"executable memory", [] { call(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
    {"map a file", [] { call(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 0, 0); }},
    {"mprotect", [] { call(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC); }},
    {"pkey_mprotect", [] { call(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1); }},
    {"memfd_create", [] { call(SYS_memfd_create, "x", 0); }},
    {"shared memory", [] { call(SYS_shmget, 1, 4096, 01600); }},
    {"getdents", [] { call(SYS_getdents64, 0, page, sizeof page); }},
    {"stat", [] { call(SYS_newfstatat, AT_FDCWD, "/etc/passwd", page, 0); }},
    {"statx", [] { call(SYS_statx, AT_FDCWD, "/etc/passwd", 0, 0, page); }},
    {"access", [] { call(SYS_access, "/etc/passwd", R_OK); }},
    {"readlink", [] { call(SYS_readlink, "/proc/self/exe", page, sizeof page); }},
    {"chdir", [] { call(SYS_chdir, "/etc"); }},
    {"unlink", [] { call(SYS_unlink, kFile); }},
    {"rename", [] { call(SYS_rename, kFile, "/tmp/jackdaw-probe-2"); }},
    {"mkdir", [] { call(SYS_mkdir, kFile, 0700); }},
    {"link", [] { call(SYS_link, "/etc/passwd", kFile); }},
    {"symlink", [] { call(SYS_symlink, "/etc/passwd", kFile); }},
    {"mknod", [] { call(SYS_mknod, kFile, S_IFIFO | 0600, 0); }},
    {"chmod", [] { call(SYS_chmod, kFile, 0777); }},
    {"chown", [] { call(SYS_chown, kFile, 0, 0); }},
    {"truncate", [] { call(SYS_truncate, kFile, 0); }},
    {"setuid", [] { call(SYS_setuid, 0); }},
    {"capset", [] { call(SYS_capset, nullptr, nullptr); }},
    {"dumpable again", [] { call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"outlive the parent", [] { call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0); }},
    {"another filter", [] { call(SYS_seccomp, 0, 0, nullptr); }},
    {"raise the memory limit",
     [] {
       const rlimit most{RLIM_INFINITY, RLIM_INFINITY};
       call(SYS_setrlimit, RLIMIT_AS, &most);
     }},
    {"prlimit64", [] { call(SYS_prlimit64, 0, RLIMIT_AS, nullptr, nullptr); }},
    {"personality", [] { call(SYS_personality, 0x0040000); }},
    {"arch_prctl", [] { call(SYS_arch_prctl, 0x1002, page); }},
    {"modify_ldt", [] { call(SYS_modify_ldt, 0, page, sizeof page); }},
    {"unshare", [] { call(SYS_unshare, CLONE_NEWUSER); }},
    {"setns", [] { call(SYS_setns, 0, 0); }},
    {"mount", [] { call(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr); }},
    {"chroot", [] { call(SYS_chroot, "/tmp"); }},
    {"io_uring_setup", [] { call(SYS_io_uring_setup, 1, page); }},
    {"bpf", [] { call(SYS_bpf, 0, nullptr, 0); }},
    {"perf_event_open", [] { call(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"keyctl", [] { call(SYS_keyctl, 0, -3, 0, 0, 0); }},
    {"userfaultfd", [] { call(SYS_userfaultfd, 0); }},
    {"dup", [] { call(SYS_dup, 1); }},
    {"pipe", [] { call(SYS_pipe2, page, 0); }},
    {"eventfd", [] { call(SYS_eventfd2, 0, 0); }},
    {"getpid", [] { call(SYS_getpid); }},
    {"uname", [] { call(SYS_uname, page); }},
    {"sleep", [] { call(SYS_nanosleep, page, nullptr); }},
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

// Only for the variant without the filter, under which it could not ask.
int tell_limits() {
  rlimit processor{};
  getrlimit(RLIMIT_CPU, &processor);
  const int niceness = getpriority(PRIO_PROCESS, 0);
  return say(std::to_string(niceness) + " " + std::to_string(processor.rlim_max)) ? 0 : 2;
}

int take_all_memory() {
  int megabytes = 0;
  while (megabytes < 4096 && std::malloc(1 << 20) != nullptr) ++megabytes;
  if (!say(std::to_string(megabytes))) _exit(2);
  _exit(0);
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
  using jackdaw::extract::enter_sandbox;
  const std::string_view variant = count == 3 ? arguments[2] : "";
  if (count != 2 && variant != "ocr" && variant != "without-filter") return 64;
  const std::string_view name = arguments[1];
  if (name == "list") return list();
  const bool filter = variant != "without-filter";
  if (!enter_sandbox({.processor_clock = variant == "ocr", .filter = filter}).empty()) return 3;
  if (name == "limits") return tell_limits();
  if (name == "hog") return take_all_memory();
  if (name == "allowed") {
    use_memory();
  } else if (name != "spin") {
    attempt_named(name);
  }
  if (!say(!filter && refused ? "refused" : "alive")) _exit(2);
  for (volatile bool forever = name == "spin"; forever;) {
  }
  _exit(0);
}
