#include "extract/confined_extractor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/text.h"
#include "extract/child_process.h"
#include "extract/confined/child_input.h"
#include "extract/media_type.h"
#include "extract/parser_output.h"
#include "extract/parser_run.h"

namespace jackdaw::extract {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCheckTime{10'000};
constexpr std::string_view kPdfName = "application/pdf";

Descriptor open_to_read(const std::filesystem::path& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    throw Error(ErrorCode::kInternal, "The uploaded file cannot be opened again (" + std::string(std::strerror(errno)) +
                                          "). Upload it again.");
  }
  return file;
}

Parser parser_for(const Descriptor& file, const std::string& filename) {
  std::array<char, kMediaTypeBytes> bytes;
  const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) {
    throw Error(ErrorCode::kInternal,
                "The uploaded file cannot be read (" + std::string(std::strerror(errno)) + "). Upload it again.");
  }
  const MediaType type = detect_media_type({bytes.data(), static_cast<std::size_t>(got)});
  const std::optional<Parser> parser = parser_of(type);
  if (!parser) throw unsupported(filename, describe(type));
  return *parser;
}

bool is_blank(const Page& page) {
  return text::trim(page.text).empty();
}

// One document on its way to the caller.
class Extraction {
 public:
  Extraction(const ConfinedExtractorOptions& options, const ExtractionRequest& request, const ExtractionEvents& events,
             const Cancellation& cancellation)
      : options_(options),
        request_(request),
        events_(events),
        cancellation_(cancellation),
        file_(open_to_read(request.path)),
        parser_(parser_for(file_, request.filename)),
        run_(options, parser_, request, file_, cancellation) {}

  ExtractionSummary run() {
    while (std::optional<ParserMessage> message = next()) {
      if (auto* page = std::get_if<ParsedPage>(&*message)) {
        take(std::move(*page));
      } else if (auto* document = std::get_if<ParsedDocument>(&*message)) {
        open(std::move(*document));
      } else {
        break;
      }
    }
    return std::move(summary_);
  }

 private:
  // Nothing when it goes no further but the caller wants what there is.
  std::optional<ParserMessage> next() {
    try {
      return run_.next();
    } catch (const Error& error) {
      const bool of_document = error.code() == ErrorCode::kDamagedDocument || error.code() == ErrorCode::kTooLarge;
      if (!of_document || !request_.keep_partial || run_.pages() == 0) throw;
      summary_.failure = DocumentFailure{error.code(), error.what(), run_.pages()};
      if (summary_.pages > 0) summary_.pages = run_.pages();
      return std::nullopt;
    }
  }

  void open(ParsedDocument&& document) {
    if ((document.media_type == kPdfName) != (parser_ == Parser::kPdf)) {
      throw Error(ErrorCode::kDamagedDocument, '"' + request_.filename +
                                                   "\" cannot be read: the parser says that it is what its first bytes "
                                                   "show that it is not. The file may be hostile.");
    }
    summary_.media_type = std::move(document.media_type);
    summary_.title = std::move(document.title);
    summary_.pages = document.paged ? static_cast<int>(document.pages) : 0;
    paged_ = document.paged;
    if (events_.on_open) events_.on_open(static_cast<int>(document.pages));
  }

  void take(ParsedPage&& parsed) {
    Page page = std::move(parsed.page);
    bool unread = is_blank(page);
    // Words may be unknown although there is text.
    const bool few_words = page.words.size() < protocol::kFewWords && (unread || !page.words.empty());
    if (parser_ == Parser::kPdf && parsed.pictures > 0 && few_words) unread = !recognize(page) || is_blank(page);
    if (paged_ && unread) summary_.pages_without_text.push_back(page.number);
    cancellation_.throw_if_requested();
    events_.on_page(std::move(page));
  }

  // False when the page stays as it is.
  bool recognize(Page& page) {
    std::optional<Page> recognized;
    if (events_.recognized_before) recognized = events_.recognized_before(page.number);
    if (!recognized) recognized = recognize_now(page);
    if (!recognized) return !is_blank(page) && !options_.recognizer;
    characters_ += text::count_code_points(recognized->text);
    if (characters_ > options_.max_characters) return !is_blank(page);
    if (recognized->words.size() < page.words.size()) return true;
    page.text = std::move(recognized->text);
    page.words = std::move(recognized->words);
    page.recognized = true;
    // Places in the text that was there before.
    if (page.sections.size() > 1) page.sections.erase(page.sections.begin(), page.sections.end() - 1);
    if (!page.sections.empty()) page.sections.front().begin = 0;
    return true;
  }

  std::optional<Page> recognize_now(const Page& page) {
    if (!options_.recognizer || recognition_time_ >= options_.recognition_time) return std::nullopt;
    const Stopwatch watch;
    std::optional<Page> recognized;
    try {
      if (!recognizer_) recognizer_.emplace(*options_.recognizer, request_.path, request_.password);
      recognized = recognizer_->recognize(page, cancellation_);
    } catch (const Error&) {
      cancellation_.throw_if_requested();
    }
    recognition_time_ += std::chrono::duration<double, std::milli>(watch.elapsed_ms());
    return recognized;
  }

  const ConfinedExtractorOptions& options_;
  const ExtractionRequest& request_;
  const ExtractionEvents& events_;
  const Cancellation& cancellation_;
  Descriptor file_;
  Parser parser_;
  ParserRun run_;
  ExtractionSummary summary_;
  bool paged_ = true;
  std::optional<PageRecognizer> recognizer_;
  std::chrono::duration<double, std::milli> recognition_time_{};
  std::size_t characters_ = 0;  // recognised
};

// Whether the program said that its sandbox is closed, and how it ended.
struct CheckResult {
  bool ready = false;
  ExitStatus status;
};

CheckResult run_check(const std::filesystem::path& program, bool without_filter) {
  std::vector<std::string> arguments{"check"};
  if (without_filter) arguments.emplace_back(kWithoutFilter);
  ChildProcess child(program, arguments, open_to_read("/dev/null"));
  ParserOutput output(0, 0);
  const TimePoint deadline = SteadyClock::now() + kCheckTime;
  CheckResult result;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    pollfd watched{child.output(), POLLIN, 0};
    if (left.count() <= 0) throw sandbox_error("the check did not end within " + readable(kCheckTime));
    if (poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = read(child.output(), buffer.data(), buffer.size());
    if (got <= 0) break;
    output.feed({buffer.data(), static_cast<std::size_t>(got)});
    while (const auto message = output.next()) {
      if (const auto* failure = std::get_if<ParserFailure>(&*message)) throw sandbox_error(failure->detail);
      result.ready = std::holds_alternative<ParserReady>(*message);
    }
  }
  result.status = child.wait(kExitPatience);
  return result;
}

void check_program(const std::filesystem::path& program, bool without_filter) {
  const CheckResult result = run_check(program, without_filter);
  if (result.status.code == kCannotStart) throw sandbox_error(program.string() + " does not start");
  if (!result.ready) throw sandbox_error("the parser ended before its sandbox was closed");
  if (!without_filter && result.status.signal != SIGSYS) {
    throw sandbox_error("the system call filter let a forbidden call pass");
  }
}

}  // namespace

ConfinedExtractor::ConfinedExtractor(ConfinedExtractorOptions options) : options_(std::move(options)) {}

ExtractionSummary ConfinedExtractor::extract(const ExtractionRequest& request, const ExtractionEvents& events,
                                             const Cancellation& cancellation) {
  cancellation.throw_if_requested();
  return Extraction(options_, request, events, cancellation).run();
}

std::string ConfinedExtractor::check_sandbox() const {
  for (const std::filesystem::path& program : {options_.parser, options_.text_parser}) {
    if (!program.empty()) check_program(program, options_.without_filter);
  }
  if (!options_.without_filter) return {};
  return "Documents are read without the system call filter, as the configuration says: a hostile document that takes "
         "the parser over cannot open files or connections, but can signal and inspect other processes of this user.";
}

}  // namespace jackdaw::extract
