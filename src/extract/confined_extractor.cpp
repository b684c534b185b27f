#include "extract/confined_extractor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/clock.h"
#include "core/error.h"
#include "extract/child_process.h"
#include "extract/media_type.h"
#include "extract/parser_output.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;
using std::chrono::milliseconds;

constexpr milliseconds kExitPatience{2'000};
constexpr milliseconds kCheckTime{10'000};
// What a shell and the C library's loader report when a program cannot be started.
constexpr int kCannotStart = 127;

std::string seconds(milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
}

Error sandbox_error(const std::string& detail) {
  return Error(ErrorCode::kUnavailable,
               "The sandbox for reading documents cannot be set up (" + detail +
                   "), so no document is read. It needs a Linux kernel of version 4.14 or newer with seccomp filters "
                   "(CONFIG_SECCOMP_FILTER); inside a container allow the seccomp and prctl system calls.");
}

Descriptor open_to_read(const std::filesystem::path& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    throw Error(ErrorCode::kInternal, "The uploaded file cannot be opened again (" + std::string(std::strerror(errno)) +
                                          "). Upload it again.");
  }
  return file;
}

MediaType media_type_of(const Descriptor& file) {
  std::array<char, kMediaTypeBytes> bytes;
  const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) {
    throw Error(ErrorCode::kInternal,
                "The uploaded file cannot be read (" + std::string(std::strerror(errno)) + "). Upload it again.");
  }
  return detect_media_type({bytes.data(), static_cast<std::size_t>(got)});
}

// One document on its way through one child.
class Reading {
 public:
  Reading(const ConfinedExtractorOptions& options, const std::string& filename, const Descriptor& file,
          const Cancellation& cancellation)
      : options_(options),
        name_('"' + filename + '"'),
        cancellation_(cancellation),
        child_(options.parser, {"read", std::to_string(options.max_pages), std::to_string(options.max_characters)},
               file),
        output_(options.max_pages, options.max_characters) {}

  ParsedDocument run(const std::function<void(Page&&)>& on_page) {
    ParsedDocument document;
    while (!output_.ended()) {
      std::optional<ParserMessage> message = next_message();
      if (!message) {
        await_bytes();
      } else if (auto* page = std::get_if<Page>(&*message)) {
        cancellation_.throw_if_requested();
        on_page(std::move(*page));
        start_page();
      } else if (auto* opened = std::get_if<ParsedDocument>(&*message)) {
        document = std::move(*opened);
        start_page();
      } else if (const auto* failure = std::get_if<ParserFailure>(&*message)) {
        throw error_of(*failure);
      }
    }
    return document;
  }

 private:
  std::optional<ParserMessage> next_message() {
    try {
      return output_.next();
    } catch (const Error& error) {
      throw Error(error.code(), name_ + " cannot be read" + place() + ". " + error.what());
    }
  }

  void start_page() {
    page_start_ = SteadyClock::now();
    page_cpu_start_ = child_.cpu_time();
    starved_ = false;
  }

  // Until the child has written something, ended, or run out of time.
  void await_bytes() {
    const TimePoint start = SteadyClock::now();
    std::array<pollfd, 2> watched{pollfd{child_.output(), POLLIN, 0}, pollfd{cancellation_.event_fd(), POLLIN, 0}};
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(time_left(start).count()));
    if (ready < 0 && errno != EINTR) {
      throw Error(ErrorCode::kInternal, "Waiting for the parser failed: " + std::string(std::strerror(errno)) + ".");
    }
    waited_ += SteadyClock::now() - start;
    cancellation_.throw_if_requested();
    if (watched[0].revents != 0) {
      take_bytes();
    } else {
      check_time();
    }
  }

  milliseconds time_left(TimePoint now) const {
    auto left = std::min<SteadyClock::duration>(page_start_ + page_limit() - now, options_.document_time - waited_);
    if (const auto deadline = cancellation_.deadline()) left = std::min<SteadyClock::duration>(left, *deadline - now);
    return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
  }

  milliseconds page_limit() const {
    return starved_ ? options_.page_time * options_.starved_factor : options_.page_time;
  }

  void check_time() {
    if (waited_ >= options_.document_time) {
      throw damaged("took longer than " + seconds(options_.document_time) + " to read");
    }
    if (SteadyClock::now() < page_start_ + page_limit()) return;
    starved_ = !starved_ && (child_.cpu_time() - page_cpu_start_) * 2 < options_.page_time;
    if (!starved_) throw damaged("took longer than " + seconds(options_.page_time) + " on one page");
  }

  void take_bytes() {
    const ssize_t got = read(child_.output(), buffer_.data(), buffer_.size());
    if (got > 0) return output_.feed({buffer_.data(), static_cast<std::size_t>(got)});
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    throw error_of(child_.wait(kExitPatience));
  }

  std::string place() const { return output_.pages() == 0 ? "" : " beyond page " + std::to_string(output_.pages()); }

  Error damaged(const std::string& what) const {
    return Error(ErrorCode::kDamagedDocument,
                 name_ + " cannot be read" + place() + ": it " + what +
                     ". It is damaged, hostile or too large to read. Save it as a new PDF and upload that.");
  }

  // The child ended without saying that it had finished.
  Error error_of(const ExitStatus& status) const {
    if (status.code == kCannotStart && !output_.began()) {
      return Error(ErrorCode::kUnavailable, "The parser program " + options_.parser.string() +
                                                " does not start: a library that it needs (libpdfium.so) is missing. "
                                                "Install or build jackdaw again.");
    }
    return damaged(status.signal ? "made the parser stop (" + signal_name(*status.signal) + ")"
                                 : std::string("made the parser give up"));
  }

  Error error_of(const ParserFailure& failure) const;

  const ConfinedExtractorOptions& options_;
  std::string name_;
  const Cancellation& cancellation_;
  ChildProcess child_;
  ParserOutput output_;
  std::array<char, 64 << 10> buffer_;
  TimePoint page_start_ = SteadyClock::now();
  std::chrono::nanoseconds page_cpu_start_{};
  SteadyClock::duration waited_{};
  bool starved_ = false;  // the page under way
};

Error Reading::error_of(const ParserFailure& failure) const {
  switch (failure.reason) {
    case FailureReason::kPassword:
      return Error(ErrorCode::kEncryptedDocument,
                   name_ + " is protected by a password. Remove the password and upload it again.");
    case FailureReason::kProtection:
      return Error(
          ErrorCode::kEncryptedDocument,
          name_ + " is protected in a way that cannot be opened here. Remove the protection and upload it again.");
    case FailureReason::kTooManyPages:
      return Error(ErrorCode::kTooLarge, name_ + " has " + failure.detail + " pages; at most " +
                                             std::to_string(options_.max_pages) +
                                             " are allowed. Split it and upload the parts.");
    case FailureReason::kTooManyCharacters:
      return Error(ErrorCode::kTooLarge, name_ + " has more than " + std::to_string(options_.max_characters) +
                                             " characters of text. Split it and upload the parts.");
    case FailureReason::kPageTooLarge: return damaged("has more text on one page than any printed page could hold");
    case FailureReason::kOutOfMemory: return damaged("needs more memory than a document may take");
    case FailureReason::kSandbox: return sandbox_error(failure.detail);
    case FailureReason::kInput:
      return Error(ErrorCode::kInternal, "The uploaded file cannot be read (" + failure.detail + "). Upload it again.");
    case FailureReason::kFormat: break;
  }
  return Error(ErrorCode::kDamagedDocument,
               name_ +
                   " starts like a PDF but has no readable structure: it is damaged or cut off. Upload it again "
                   "from the original.");
}

}  // namespace

ConfinedExtractor::ConfinedExtractor(ConfinedExtractorOptions options) : options_(std::move(options)) {}

ExtractionSummary ConfinedExtractor::extract(const IncomingFile& file, const std::function<void(Page&&)>& on_page,
                                             const Cancellation& cancellation) {
  cancellation.throw_if_requested();
  const Descriptor spool = open_to_read(file.path);
  const MediaType type = media_type_of(spool);
  if (type != MediaType::kPdf) {
    throw Error(ErrorCode::kUnsupportedMediaType,
                '"' + file.filename + "\" is " + std::string(describe(type)) + ", not a PDF. Upload a PDF.");
  }
  Reading reading(options_, file.filename, spool, cancellation);
  ParsedDocument document = reading.run(on_page);
  return {.media_type = std::string(mime_name(type)),
          .title = std::move(document.title),
          .pages = static_cast<int>(document.pages)};
}

void ConfinedExtractor::check_sandbox() const {
  ChildProcess child(options_.parser, {"check"}, open_to_read("/dev/null"));
  ParserOutput output(0, 0);
  const TimePoint deadline = SteadyClock::now() + kCheckTime;
  bool ready = false;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    pollfd watched{child.output(), POLLIN, 0};
    if (left.count() <= 0) throw sandbox_error("the check did not end within " + seconds(kCheckTime));
    if (poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = read(child.output(), buffer.data(), buffer.size());
    if (got <= 0) break;
    output.feed({buffer.data(), static_cast<std::size_t>(got)});
    while (const auto message = output.next()) {
      if (const auto* failure = std::get_if<ParserFailure>(&*message)) throw sandbox_error(failure->detail);
      ready = std::holds_alternative<ParserReady>(*message);
    }
  }
  const ExitStatus status = child.wait(kExitPatience);
  if (status.code == kCannotStart) throw sandbox_error("the parser program does not start");
  if (!ready) throw sandbox_error("the parser ended before its sandbox was closed");
  if (status.signal != SIGSYS) throw sandbox_error("the system call filter let a forbidden call pass");
}

}  // namespace jackdaw::extract
