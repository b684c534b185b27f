#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/clock.h"
#include "core/error.h"
#include "extract/child_process.h"
#include "extract/confined_extractor.h"
#include "extract/media_type.h"
#include "extract/parser_output.h"

namespace jackdaw::extract {

// One document on its way through one confined child: starts it, waits for what it says, watches its time, and says for
// a person why it goes no further. Its destructor kills the child. One thread; borrows the options and the
// cancellation.
class ParserRun {
 public:
  // Throws Error kUnavailable when the child cannot be started.
  ParserRun(const ConfinedExtractorOptions& options, Parser parser, const ExtractionRequest& request,
            const Descriptor& file, const Cancellation& cancellation);

  // The next ParsedDocument, ParsedPage or ParsedEnd; the last one ends it. Waits at most as long as the options allow
  // a page. Throws Error: what is wrong with the document (kDamagedDocument, kTooLarge, kEncryptedDocument,
  // kUnsupportedMediaType; with the page that it reached), with this machine (kUnavailable, kInternal), and what the
  // cancellation says.
  ParserMessage next();

  // How many pages it gave out.
  int pages() const noexcept { return static_cast<int>(output_.pages()); }

 private:
  void await_bytes();
  void take_bytes();
  void check_time();
  std::chrono::milliseconds time_left(TimePoint now) const;
  std::chrono::milliseconds page_limit() const;
  std::string place() const;
  Error broken(ErrorCode code, const std::string& message) const;
  Error damaged(const std::string& what) const;
  Error error_of(const ExitStatus& status) const;
  Error error_of(const ParserFailure& failure) const;
  Error locked(const ParserFailure& failure) const;

  const ConfinedExtractorOptions& options_;
  Parser parser_;
  std::string name_;
  const Cancellation& cancellation_;
  ChildProcess child_;
  ParserOutput output_;
  std::array<char, 64 << 10> buffer_;
  TimePoint page_start_{};
  std::chrono::nanoseconds page_cpu_start_{};
  SteadyClock::duration waited_{};
  bool starved_ = false;  // the page under way
};

// The program that reads such files.
const std::filesystem::path& program_of(const ConfinedExtractorOptions& options, Parser parser);

// "\"x.zip\" is a ZIP archive, which cannot be read. ..."
Error unsupported(std::string_view filename, std::string_view what);

Error sandbox_error(const std::string& detail);

// "10 s", "50 ms".
std::string readable(std::chrono::milliseconds time);

// What a shell and the C library's loader report when a program cannot be started.
inline constexpr int kCannotStart = 127;
// For a child that said its last to end.
inline constexpr std::chrono::milliseconds kExitPatience{2'000};

}  // namespace jackdaw::extract
