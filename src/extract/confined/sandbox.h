#pragma once

#include <string>

namespace jackdaw::extract {

// What the sandbox allows a document to cost. The parent watches the wall clock.
struct SandboxLimits {
  unsigned long address_space_bytes = 512UL << 20;  // ordinary documents need less than 20 MiB
  unsigned long cpu_seconds = 300;
  bool processor_clock = false;  // the process may ask how much processor time it used, as clock(3) does

  // False leaves out the system call filter, for containers that forbid seccomp. A document that takes the parser over
  // can then do what any process of this user can, but for what Landlock denies, for opening a descriptor (file,
  // connection, anything) and, where the user is not root, for new processes.
  bool filter = true;
};

// Closes the sandbox around this process, for good: limits, lowest priority, no new privileges, death with the parent,
// Landlock without any file where the kernel has it, and a system call filter under which the process can allocate
// memory, write to its standard output and error, and end. Anything else kills it. Everything that needs a file or a
// library must be done before. Returns what could not be set up, empty when all could; the process must not touch
// untrusted bytes when it is not empty.
//
// Built with JACKDAW_UNCONFINED it only sets the CPU limit: sanitizers cannot live under the rest.
std::string enter_sandbox(const SandboxLimits& limits);

}  // namespace jackdaw::extract
