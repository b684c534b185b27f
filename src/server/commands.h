#pragma once

namespace jackdaw::server {

// What the program's exit codes mean; `jackdaw --help` and docs/configuration.md say the same.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,         // the command failed; a sentence on standard error says why
  kExitUsage = 2,          // wrong command, flag or setting
  kExitIncomplete = 3,     // ingest: some files failed, the rest is searchable; verify: something is wrong
  kExitBelow = 4,          // eval: a value is below what --fail-below asks for
  kExitInterrupted = 130,  // Ctrl-C or SIGTERM; what was accepted stays
};

// Reads the command line, does what it says, returns the exit code. Nothing is thrown.
int run_command_line(int argc, char** argv);

}  // namespace jackdaw::server
