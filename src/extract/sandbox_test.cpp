#include "extract/confined/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "extract/child_process.h"
#include "extract/confined_extractor.h"
#include "extract/testing/sample_files.h"

namespace jackdaw::extract {
namespace {

using namespace std::chrono_literals;

Descriptor no_input() {
  return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

// All that the child writes until it ends or `enough` bytes came.
std::string output_of(const ChildProcess& child, std::size_t enough = std::string::npos) {
  std::string all;
  std::array<char, 4096> buffer;
  for (pollfd watched{child.output(), POLLIN, 0}; all.size() < enough && poll(&watched, 1, 10'000) > 0;) {
    const ssize_t got = read(child.output(), buffer.data(), buffer.size());
    if (got <= 0) break;
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return all;
}

struct Outcome {
  std::string output;
  ExitStatus status;
};

Outcome probe(const std::string& name, const std::string& variant = "") {
  const std::vector<std::string> arguments = variant.empty() ? std::vector{name} : std::vector{name, variant};
  ChildProcess child(testing::program("jackdaw-parse-probe"), arguments, no_input());
  std::string output = output_of(child);
  return {std::move(output), child.wait(5s)};
}

const std::string kWithoutFilter = "without-filter";

// A kernel without 32-bit programs refuses their way of calling before it asks the filter.
void expect_killed(const Outcome& outcome, const std::string& name) {
  const bool faulted = name == "open by the i386 table" && outcome.status.signal == SIGSEGV;
  EXPECT_TRUE(faulted || outcome.status.signal == SIGSYS)
      << name << " ended with " << outcome.status.code.value_or(-1) << ", " << outcome.status.signal.value_or(0);
}

TEST(Sandbox, KillsTheProcessForEveryForbiddenThing) {
  std::istringstream names(probe("list").output);
  int tried = 0;
  for (std::string name; std::getline(names, name); ++tried) {
    const Outcome outcome = probe(name);
    EXPECT_EQ(outcome.output, "") << name;
    expect_killed(outcome, name);
    std::printf("  denied: %s\n", name.c_str());
  }
  EXPECT_GE(tried, 80);
}

TEST(Sandbox, WithoutTheFilterNoDescriptorCanBeOpened) {
  for (const char* name : {"open", "openat", "creat", "own environment", "parent's environment", "socket",
                           "unix socket", "socketpair", "pidfd_open", "memfd_create", "dup", "pipe", "eventfd"}) {
    EXPECT_EQ(probe(name, kWithoutFilter).output, "refused") << name;
  }
}

TEST(Sandbox, TheChildHasTheLowestPriorityAndFiveMinutesOfTheProcessor) {
  EXPECT_EQ(probe("limits", kWithoutFilter).output, "19 300");
}

TEST(Sandbox, TheChildGetsHalfAGibibyteOfMemory) {
  const int megabytes = std::stoi(probe("hog").output);
  EXPECT_LT(megabytes, 512);
  EXPECT_GT(megabytes, 400);
}

TEST(Sandbox, LeavesTheReaderOfPicturesNothingMoreThanItsOwnClock) {
  std::istringstream names(probe("list").output);
  for (std::string name; std::getline(names, name);) {
    const Outcome outcome = probe(name, "ocr");
    if (name == "own clock") {
      EXPECT_EQ(outcome.output, "alive");
      EXPECT_EQ(outcome.status.code, 0);
    } else {
      EXPECT_EQ(outcome.output, "") << name;
      expect_killed(outcome, name);
    }
  }
}

TEST(Sandbox, LetsTheParserDoWhatItNeeds) {
  const Outcome outcome = probe("allowed");
  EXPECT_EQ(outcome.output, "alive");
  EXPECT_EQ(outcome.status.code, 0);
}

TEST(Sandbox, TheChildDiesWithItsParent) {
  // Whoever loses his parent becomes our child, so that its end can be seen.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const ChildProcess child(testing::program("jackdaw-parse-probe"), {"spin"}, no_input());
    const pid_t pid = output_of(child, 5) == "alive" ? child.pid() : -1;
    _exit(write(pipe_ends[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
  }
  pid_t orphan = -1;
  ASSERT_EQ(read(pipe_ends[0], &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
  ASSERT_GT(orphan, 0);
  int status = 0;
  ASSERT_EQ(waitpid(parent, &status, 0), parent);
  const TimePoint deadline = SteadyClock::now() + 10s;
  pid_t reaped = 0;
  while (reaped == 0 && SteadyClock::now() < deadline) {
    reaped = waitpid(orphan, &status, WNOHANG);
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_EQ(reaped, orphan);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(Sandbox, TheSelfCheckPassesHere) {
  EXPECT_EQ(ConfinedExtractor({.parser = testing::program("jackdaw-parse")}).check_sandbox(), "");
}

TEST(Sandbox, TheSelfCheckSaysThatTheFilterIsLeftOut) {
  const ConfinedExtractor extractor({.parser = testing::program("jackdaw-parse"), .without_filter = true});
  EXPECT_NE(extractor.check_sandbox().find("without the system call filter"), std::string::npos);
}

TEST(Sandbox, TheSelfCheckRefusesAParserWithoutAFilter) {
  try {
    ConfinedExtractor({.parser = testing::program("jackdaw-parse-sanitized")}).check_sandbox();
    FAIL() << "an unconfined parser passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("let a forbidden call pass"), std::string::npos) << error.what();
  }
}

TEST(Sandbox, TheSelfCheckSaysThatTheParserIsMissing) {
  try {
    ConfinedExtractor({.parser = "/nowhere/jackdaw-parse"}).check_sandbox();
    FAIL() << "a missing parser passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("/nowhere/jackdaw-parse"), std::string::npos) << error.what();
  }
}

TEST(ChildProcess, HasNoEnvironmentAndNoDescriptorsButThree) {
  setenv("JACKDAW_TEST_SECRET", "hunter2", 1);
  const Descriptor inherited(dup(STDIN_FILENO));  // without O_CLOEXEC
  ChildProcess environment("/usr/bin/env", {}, no_input());
  EXPECT_EQ(output_of(environment), "");
  EXPECT_EQ(environment.wait(5s).code, 0);
  // The fourth is the folder that ls itself reads.
  ChildProcess descriptors("/bin/ls", {"/proc/self/fd"}, no_input());
  EXPECT_EQ(output_of(descriptors), "0\n1\n2\n3\n");
}

TEST(ChildProcess, HandsASecretOverInAPipe) {
  ChildProcess child("/bin/sh", {"-c", "/bin/cat <&3; /bin/ls /proc/self/fd"}, no_input(), "hunter2");
  EXPECT_EQ(output_of(child), "hunter20\n1\n2\n3\n4\n");
  EXPECT_EQ(child.wait(5s).code, 0);
}

TEST(ChildProcess, IsKilledAndReapedWhenItGoesOutOfScope) {
  pid_t pid = -1;
  {
    const ChildProcess child("/bin/sleep", {"60"}, no_input());
    pid = child.pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace jackdaw::extract
