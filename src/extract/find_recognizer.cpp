#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>
#include <variant>

#include "core/clock.h"
#include "core/error.h"
#include "extract/child_process.h"
#include "extract/confined/child_input.h"
#include "extract/page_recognizer.h"
#include "extract/parser_output.h"

namespace jackdaw::extract {
namespace {

using std::chrono::milliseconds;

// A machine that starts much else at the same time may take long.
constexpr milliseconds kTime{30'000};
constexpr milliseconds kExitPatience{2'000};
constexpr std::size_t kMaxLanguagesBytes = 200;
constexpr std::size_t kMaxCharacters = 100'000;

// "eng", "chi_sim", "script/Latin".
bool could_be_language(std::string_view name) {
  return !name.empty() && std::ranges::count(name, '/') <= 1 && name.front() != '/' && name.back() != '/' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
         });
}

std::vector<std::string> split(std::string_view joined, char separator) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(joined, separator)) parts.emplace_back(part.begin(), part.end());
  return parts;
}

std::vector<std::string> wanted_languages(const std::string& languages) {
  std::vector<std::string> wanted = split(languages, '+');
  if (wanted.empty() || languages.size() > kMaxLanguagesBytes || !std::ranges::all_of(wanted, could_be_language)) {
    throw Error(ErrorCode::kInvalidArgument,
                "\"" + languages.substr(0, 64) +
                    "\" are no languages for pictures of text. Give the names that Tesseract has for them, joined by "
                    "'+': \"eng\" or \"eng+deu\".")
        .with_field("ocr_languages");
  }
  return wanted;
}

// All that a child says until it ends.
struct Answer {
  std::vector<ParserMessage> messages;
  ExitStatus status;
};

Answer ask(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  ChildProcess child(program, arguments, Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  ParserOutput output(1, kMaxCharacters);
  Answer answer;
  const TimePoint deadline = SteadyClock::now() + kTime;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    pollfd watched{child.output(), POLLIN, 0};
    if (left.count() <= 0) break;
    if (poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = read(child.output(), buffer.data(), buffer.size());
    if (got <= 0) break;
    output.feed({buffer.data(), static_cast<std::size_t>(got)});
    while (auto message = output.next()) answer.messages.push_back(std::move(*message));
  }
  answer.status = child.wait(kExitPatience);
  return answer;
}

template <class Message>
const Message* find(const Answer& answer) {
  for (const ParserMessage& message : answer.messages) {
    if (const auto* found = std::get_if<Message>(&message)) return found;
  }
  return nullptr;
}

std::string problem_of(const std::string& why) {
  return "Pictures of text are not read: " + why;
}

std::string missing_language(const std::string& version, const std::string& language) {
  std::string package = "tesseract-ocr-" + language;
  std::ranges::replace(package, '_', '-');
  std::string sentence =
      problem_of("Tesseract " + version + " lacks the language \"" + language + "\". Install its file ");
  sentence += language.contains('/') ? language + ".traineddata" : "(Debian and Ubuntu: the package " + package + ")";
  return sentence + " and restart, or ask for other languages.";
}

// Fills version and languages; empty, or why that cannot be done.
std::string list_installed(const RecognizerOptions& options, RecognizerStatus& status) {
  const Answer answer = ask(options.recognizer, {"list"});
  if (const auto* failure = find<ParserFailure>(answer)) {
    return problem_of(failure->detail +
                      ". Install Tesseract (Debian and Ubuntu: the packages tesseract-ocr and tesseract-ocr-eng) and "
                      "restart.");
  }
  const auto* document = find<ParsedDocument>(answer);
  const auto* list = find<ParsedPage>(answer);
  if (document == nullptr || list == nullptr) {
    return problem_of("the program " + options.recognizer.string() +
                      " does not say what is installed. Install it again.");
  }
  status.version = document->title;
  for (std::string& language : split(list->page.text, '\n')) {
    if (could_be_language(language)) status.languages.push_back(std::move(language));
  }
  std::ranges::sort(status.languages);
  return {};
}

// Empty, or why no picture can be read in a closed sandbox.
std::string check_reading(const RecognizerOptions& options) {
  std::vector<std::string> arguments{"check", options.languages};
  if (options.without_filter) arguments.emplace_back(kWithoutFilter);
  const Answer answer = ask(options.recognizer, arguments);
  if (const auto* failure = find<ParserFailure>(answer)) return problem_of(failure->detail + ".");
  if (find<ParserReady>(answer) == nullptr) {
    return problem_of(
        answer.status.signal == SIGSYS
            ? "Tesseract asks the system for something that the sandbox forbids. Another version is needed."
            : "the trial did not end well. Install Tesseract and its languages again.");
  }
  if (!options.without_filter && answer.status.signal != SIGSYS)
    return problem_of("the system call filter let a forbidden call pass.");
  return {};
}

std::string find_problem(const RecognizerOptions& options, const std::vector<std::string>& wanted,
                         RecognizerStatus& status) {
  if (std::string problem = list_installed(options, status); !problem.empty()) return problem;
  for (const std::string& language : wanted) {
    if (std::ranges::find(status.languages, language) == status.languages.end())
      return missing_language(status.version, language);
  }
  return check_reading(options);
}

}  // namespace

RecognizerStatus find_recognizer(const RecognizerOptions& options) {
  const std::vector<std::string> wanted = wanted_languages(options.languages);
  RecognizerStatus status;
  try {
    status.problem = find_problem(options, wanted, status);
  } catch (const Error& error) {
    status.problem = problem_of(error.what());
  }
  status.usable = status.problem.empty();
  return status;
}

}  // namespace jackdaw::extract
