#include "server/question_commands.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "server/commands.h"
#include "server/json.h"
#include "server/shown_json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kTypes = {{
    {"csv", "text/csv"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"html", "text/html"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"md", "text/markdown"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"pdf", "application/pdf"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"tsv", "text/tab-separated-values"},
    {"txt", "text/plain"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
}};

// "magpie-7.pdf, page 2"
std::string place_of(const json::object& passage) {
  const std::string page = shown(passage, "page");
  return shown(passage, "filename") + (page.empty() ? "" : ", page " + page);
}

std::string one_line(std::string text, std::size_t max_bytes) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

void print_sources(const json::object& end, Terminal& terminal) {
  terminal.line();
  if (end.contains("rerank_skipped")) {
    terminal.line(terminal.dim("(not reranked: " + shown(end, "rerank_skipped") + ")"));
  }
  if (end.contains("finish_reason") && shown(end, "finish_reason") != "no_evidence") {
    terminal.line(terminal.red("(incomplete answer: " + shown(end, "finish_reason") + ")"));
  }
  int n = 0;
  for (const json::value& source : end.at("sources").as_array()) {
    terminal.line(terminal.dim("[" + std::to_string(++n) + "] ") + place_of(source.as_object()) +
                  terminal.dim("  score " + shown(source.as_object(), "score")));
  }
}

std::unique_ptr<Door> open_for_a_question(const Config& config, Terminal& terminal, const Cancellation& cancellation) {
  terminal.progress("loading the models");
  auto door = open_door(config, DoorNeeds::kAnswers, cancellation);
  terminal.progress("searching");
  return door;
}

}  // namespace

std::string media_type_of(const std::string& word) {
  if (word.find('/') != std::string::npos) return word;
  std::string names;
  for (const auto& [name, type] : kTypes) {
    if (name == word) return std::string(type);
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "\"" + word + "\" is no type. Give one of " + names + ", or a media type such as text/plain.")
      .with_field("--type");
}

int run_ask_command(const AskOptions& options, const Config& config, bool as_json, Terminal& terminal,
                    const Cancellation& cancellation) {
  const auto door = open_for_a_question(config, terminal, cancellation);
  std::string answer;
  json::object end;
  door->ask(options, [&](const json::object& event) {
    if (event.contains("sources")) {
      end = event;
    } else if (const std::string token = shown(event, "token"); !token.empty()) {
      answer += token;
      if (!as_json) terminal.print(token);
    }
  });
  if (as_json) {
    json::object whole{{"answer", answer}};
    for (const auto& [key, value] : end) whole[key] = value;
    terminal.line(dump(whole));
  } else {
    if (!answer.empty()) terminal.line();
    print_sources(end, terminal);
  }
  return kExitOk;
}

int run_search_command(const AskOptions& options, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation) {
  constexpr std::size_t kShownBytes = 300;
  const json::object found = open_for_a_question(config, terminal, cancellation)->search(options);
  if (as_json) {
    terminal.line(dump(found));
    return kExitOk;
  }
  int n = 0;
  for (const json::value& value : found.at("passages").as_array()) {
    const json::object& passage = value.as_object();
    terminal.line(terminal.bold(std::to_string(++n) + ". " + place_of(passage)) +
                  terminal.dim("  " + shown(passage, "score_kind") + " " + shown(passage, "score")));
    terminal.line("   " + one_line(shown(passage, "text"), kShownBytes));
  }
  if (n == 0) terminal.line("Nothing was found.");
  return kExitOk;
}

}  // namespace jackdaw::server
