#include "extract/parser_run.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "extract/confined/child_input.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;
using std::chrono::milliseconds;

constexpr std::string_view kReadableFormats =
    "PDF, plain text, Markdown, HTML, Word (docx), PowerPoint (pptx), Excel (xlsx), OpenDocument (odt, ods, odp), "
    "EPUB, CSV, TSV, JSON and e-mail (eml)";

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
}

std::vector<std::string> arguments_of(const ConfinedExtractorOptions& options) {
  std::vector<std::string> arguments{"read", std::to_string(options.max_pages), std::to_string(options.max_characters)};
  if (options.without_filter) arguments.emplace_back(kWithoutFilter);
  return arguments;
}

const std::string& checked(const std::string& password) {
  if (password.size() > protocol::kMaxPasswordBytes || password.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kInvalidArgument, "The password is longer than " +
                                                 std::to_string(protocol::kMaxPasswordBytes) +
                                                 " bytes or holds a zero byte. No document has such a password.")
        .with_field("password");
  }
  return password;
}

}  // namespace

ParserRun::ParserRun(const ConfinedExtractorOptions& options, Parser parser, const ExtractionRequest& request,
                     const Descriptor& file, const Cancellation& cancellation)
    : options_(options),
      parser_(parser),
      name_('"' + request.filename + '"'),
      cancellation_(cancellation),
      child_(program_of(options, parser), arguments_of(options), file, checked(request.password)),
      output_(options.max_pages, options.max_characters) {}

ParserMessage ParserRun::next() {
  page_start_ = SteadyClock::now();
  page_cpu_start_ = child_.cpu_time();
  starved_ = false;
  for (;;) {
    cancellation_.throw_if_requested();
    std::optional<ParserMessage> message;
    try {
      message = output_.next();
    } catch (const Error& error) {
      throw broken(error.code(), name_ + " cannot be read" + place() + ". " + error.what());
    }
    if (!message) {
      await_bytes();
    } else if (const auto* failure = std::get_if<ParserFailure>(&*message)) {
      throw error_of(*failure);
    } else if (std::holds_alternative<ParserReady>(*message)) {
      throw damaged("made the parser talk nonsense");
    } else {
      return std::move(*message);
    }
  }
}

// Until the child has written something, ended, or run out of time.
void ParserRun::await_bytes() {
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

milliseconds ParserRun::time_left(TimePoint now) const {
  auto left = std::min<SteadyClock::duration>(page_start_ + page_limit() - now, options_.document_time - waited_);
  if (const auto deadline = cancellation_.deadline()) left = std::min<SteadyClock::duration>(left, *deadline - now);
  return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
}

milliseconds ParserRun::page_limit() const {
  return starved_ ? options_.page_time * options_.starved_factor : options_.page_time;
}

void ParserRun::check_time() {
  if (waited_ >= options_.document_time) {
    throw damaged("took longer than " + readable(options_.document_time) + " to read");
  }
  if (SteadyClock::now() < page_start_ + page_limit()) return;
  starved_ = !starved_ && (child_.cpu_time() - page_cpu_start_) * 2 < options_.page_time;
  if (!starved_) throw damaged("took longer than " + readable(options_.page_time) + " on one page");
}

void ParserRun::take_bytes() {
  const ssize_t got = read(child_.output(), buffer_.data(), buffer_.size());
  if (got > 0) return output_.feed({buffer_.data(), static_cast<std::size_t>(got)});
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  throw error_of(child_.wait(kExitPatience));
}

std::string ParserRun::place() const {
  return pages() == 0 ? "" : " beyond page " + std::to_string(pages());
}

Error ParserRun::broken(ErrorCode code, const std::string& message) const {
  return Error(code, message).with_page(pages());
}

Error ParserRun::damaged(const std::string& what) const {
  return broken(ErrorCode::kDamagedDocument,
                name_ + " cannot be read" + place() + ": it " + what +
                    ". It is damaged, hostile or too large to read. Save it anew in the program that made it and "
                    "upload that.");
}

// The child ended without saying that it had finished.
Error ParserRun::error_of(const ExitStatus& status) const {
  if (status.code == kCannotStart && !output_.began()) {
    return Error(ErrorCode::kUnavailable, "The parser program " + program_of(options_, parser_).string() +
                                              " does not start: a library that it needs is missing. "
                                              "Install or build jackdaw again.");
  }
  return damaged(status.signal ? "made the parser stop (" + signal_name(*status.signal) + ")"
                               : std::string("made the parser give up"));
}

Error ParserRun::locked(const ParserFailure& failure) const {
  std::string message = name_ + " is protected by a password";
  if (parser_ != Parser::kPdf) {
    message += ". Remove the password and upload it again.";
  } else if (failure.reason == FailureReason::kWrongPassword) {
    message +=
        ", and the one that was given does not open it. Give the right one: form field `password` with the upload, "
        "`--password-file`, or `/retry` of a document that is there already.";
  } else {
    message +=
        ". Give it: form field `password` with the upload, `--password-file`, or `/retry` of a document that is there "
        "already.";
  }
  return Error(ErrorCode::kEncryptedDocument, message);
}

Error ParserRun::error_of(const ParserFailure& failure) const {
  const auto too_large = [&](const std::string& what) {
    return broken(ErrorCode::kTooLarge, name_ + what + " Split it and upload the parts.");
  };
  switch (failure.reason) {
    case FailureReason::kPassword:
    case FailureReason::kWrongPassword: return locked(failure);
    case FailureReason::kProtection:
      return Error(
          ErrorCode::kEncryptedDocument,
          name_ + " is protected in a way that cannot be opened here. Remove the protection and upload it again.");
    case FailureReason::kTooManyPages:
      return too_large(" has " + failure.detail + " pages; at most " + std::to_string(options_.max_pages) +
                       " are allowed.");
    case FailureReason::kTooManyCharacters:
      return too_large(" has more than " + std::to_string(options_.max_characters) + " characters of text.");
    case FailureReason::kPageTooLarge: return damaged("has more text on one page than any printed page could hold");
    case FailureReason::kOutOfMemory: return damaged("needs more memory than a document may take");
    case FailureReason::kSandbox: return sandbox_error(failure.detail);
    case FailureReason::kRecognizer: return damaged("made the parser talk nonsense");
    case FailureReason::kInput:
      return Error(ErrorCode::kInternal, "The uploaded file cannot be read (" + failure.detail + "). Upload it again.");
    case FailureReason::kUnsupported:
      return unsupported(std::string_view(name_).substr(1, name_.size() - 2),
                         failure.detail.empty() ? "a file of an unknown kind" : failure.detail);
    case FailureReason::kArchive:
      return broken(ErrorCode::kTooLarge, name_ + " is not unpacked: " + failure.detail +
                                              ". If that is no mistake, save it as a PDF and upload that.");
    case FailureReason::kFormat: break;
  }
  return broken(ErrorCode::kDamagedDocument,
                name_ + " starts like " + (failure.detail.empty() ? "a document" : failure.detail) +
                    " but has no readable structure: it is damaged or cut off. Upload it again from the original.");
}

const std::filesystem::path& program_of(const ConfinedExtractorOptions& options, Parser parser) {
  return parser == Parser::kPdf ? options.parser : options.text_parser;
}

Error unsupported(std::string_view filename, std::string_view what) {
  return Error(ErrorCode::kUnsupportedMediaType,
               '"' + std::string(filename) + "\" is " + std::string(what) +
                   ", which cannot be read. What can be read: " + std::string(kReadableFormats) + ".");
}

Error sandbox_error(const std::string& detail) {
  return Error(ErrorCode::kUnavailable,
               "The sandbox for reading documents cannot be set up (" + detail +
                   "), so no document is read. It needs a Linux kernel of version 4.14 or newer with seccomp filters "
                   "(CONFIG_SECCOMP_FILTER); inside a container allow the seccomp and prctl system calls.");
}

std::string readable(milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

}  // namespace jackdaw::extract
