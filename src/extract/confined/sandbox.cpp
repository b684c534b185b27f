#include "extract/confined/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#ifndef JACKDAW_UNCONFINED
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace jackdaw::extract {
namespace {

std::string failed(const char* step, int error) {
  return std::string(step) + ": " + std::strerror(error);
}

std::string limit(int resource, const char* name, unsigned long value) {
  const rlimit both{value, value};
  return setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0 ? std::string() : failed(name, errno);
}

#ifndef JACKDAW_UNCONFINED

// A filter under construction.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (context_ == nullptr) {
      error_ = ENOSYS;
      return;
    }
    // Calls of another architecture's table (i386, x32) must not slip past.
    keep(seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter() {
    if (context_ != nullptr) seccomp_release(context_);
  }

  template <class... Conditions>
  void allow(int call, Conditions... conditions) {
    if (error_ == 0) keep(seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, sizeof...(conditions), conditions...));
  }

  // 0 or an errno.
  int load() {
    if (error_ == 0) keep(seccomp_load(context_));
    return error_;
  }

 private:
  void keep(int result) {
    if (result < 0) error_ = -result;
  }

  scmp_filter_ctx context_;
  int error_ = 0;
};

std::string load_filter(const SandboxLimits& limits) {
  Filter filter;
  // The C library's qsort asks sysinfo for the size of the memory.
  for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex),
                         SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(sysinfo)}) {
    filter.allow(call);
  }
  filter.allow(SCMP_SYS(read), SCMP_A0_64(SCMP_CMP_EQ, STDIN_FILENO));
  filter.allow(SCMP_SYS(write), SCMP_A0_64(SCMP_CMP_EQ, STDOUT_FILENO));
  filter.allow(SCMP_SYS(write), SCMP_A0_64(SCMP_CMP_EQ, STDERR_FILENO));
  filter.allow(SCMP_SYS(mmap), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
               SCMP_A3_64(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
  if (limits.processor_clock) {
    filter.allow(SCMP_SYS(clock_gettime), SCMP_A0_64(SCMP_CMP_EQ, CLOCK_PROCESS_CPUTIME_ID));
  }
  const int error = filter.load();
  return error == 0 ? std::string() : failed("seccomp filter", error);
}

// What Landlock can deny grows with the version that the kernel tells; newer kernels take longer structs.
struct LandlockRules {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // from version 4: TCP bind and connect
  std::uint64_t scopes = 0;   // from version 6: abstract sockets and signals to the outside
};

// Nothing is allowed that a ruleset can deny. Kernels without Landlock do without: the filter does the same and more.
void enter_landlock() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return;
  const int file_rights = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
  const LandlockRules rules{.files = (std::uint64_t{1} << file_rights) - 1, .network = 3, .scopes = 3};
  const std::size_t bytes = sizeof(std::uint64_t) * (version >= 6 ? 3 : version >= 4 ? 2 : 1);
  const long ruleset = syscall(SYS_landlock_create_ruleset, &rules, bytes, 0);
  if (ruleset < 0) return;
  syscall(SYS_landlock_restrict_self, ruleset, 0);
  close(static_cast<int>(ruleset));
}

std::string set_limits(const SandboxLimits& limits) {
  struct Row {
    int resource;
    const char* name;
    unsigned long value;
  };
  for (const Row& row : {Row{RLIMIT_AS, "RLIMIT_AS", limits.address_space_bytes},
                         Row{RLIMIT_CPU, "RLIMIT_CPU", limits.cpu_seconds}, Row{RLIMIT_CORE, "RLIMIT_CORE", 0},
                         Row{RLIMIT_NPROC, "RLIMIT_NPROC", 0}, Row{RLIMIT_NOFILE, "RLIMIT_NOFILE", 0}}) {
    if (std::string error = limit(row.resource, row.name, row.value); !error.empty()) return error;
  }
  return {};
}

#endif

}  // namespace

#ifdef JACKDAW_UNCONFINED

std::string enter_sandbox(const SandboxLimits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return limit(RLIMIT_CPU, "RLIMIT_CPU", limits.cpu_seconds);
}

#else

std::string enter_sandbox(const SandboxLimits& limits) {
  // The server's threads go first. A failure here costs speed, not safety.
  setpriority(PRIO_PROCESS, 0, 19);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed("PR_SET_PDEATHSIG", errno);
  // Nobody but root may read this process' memory, whatever its user.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return failed("PR_SET_DUMPABLE", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("PR_SET_NO_NEW_PRIVS", errno);
  enter_landlock();
  if (std::string error = set_limits(limits); !error.empty()) return error;
  return limits.filter ? load_filter(limits) : std::string();
}

#endif

}  // namespace jackdaw::extract
