#include "server/eval_command.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "core/compute.h"
#include "core/error.h"
#include "extract/confined_extractor.h"
#include "server/commands.h"
#include "server/eval_report.h"
#include "server/eval_run.h"
#include "server/eval_sets.h"
#include "server/eval_settings.h"

namespace jackdaw::server {
namespace {

namespace asio = boost::asio;

// A configuration before it is measured.
struct Candidate {
  std::string name;
  Values given;
  Config config;
};

Values parse_settings(const std::vector<std::string>& given, const char* flag) {
  Values values;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const auto known = settings();
    const bool is_setting =
        std::any_of(known.begin(), known.end(), [&](const Setting& s) { return s.variable == name; });
    if (equals == std::string::npos || !is_setting) {
      throw Error(ErrorCode::kInvalidArgument,
                  std::string(flag) + " " + text +
                      " is not NAME=VALUE with a setting of docs/configuration.md, such as JACKDAW_STEM=false.")
          .with_field(flag);
    }
    values[name] = text.substr(equals + 1);
  }
  return values;
}

Candidate make_candidate(std::string name, Values given, const Values& flags,
                         const std::optional<std::filesystem::path>& env_file, const std::filesystem::path& cache) {
  Values all = flags;
  for (const auto& [variable, value] : given) all[variable] = value;
  Candidate candidate{std::move(name), std::move(given), load_config(all, env_file)};
  candidate.config.data_dir = cache;  // compiled graphs go there: nothing here is the collection's
  return candidate;
}

std::vector<EvalStage> parse_stages(const std::vector<std::string>& given) {
  if (given.empty()) return {EvalStage::kKeyword, EvalStage::kVector, EvalStage::kHybrid};
  std::vector<EvalStage> stages;
  for (const std::string& name : given) {
    const auto stage = eval_stage_from(name);
    if (!stage) {
      throw Error(ErrorCode::kInvalidArgument,
                  "--stages " + name + " is not allowed: give some of keyword, vector, hybrid, rerank.")
          .with_field("--stages");
    }
    if (std::find(stages.begin(), stages.end(), *stage) == stages.end()) stages.push_back(*stage);
  }
  return stages;
}

std::vector<EvalFloor> parse_floors(const EvalCommand& command, const std::vector<EvalStage>& stages) {
  std::vector<EvalFloor> floors;
  for (const std::string& text : command.fail_below) {
    const EvalFloor& floor = floors.emplace_back(parse_floor(text));
    if (!floor.stage || std::find(stages.begin(), stages.end(), *floor.stage) != stages.end()) continue;
    throw Error(ErrorCode::kInvalidArgument, "--fail-below " + text +
                                                 " asks for a stage that is not measured. Add it "
                                                 "to --stages.")
        .with_field("--fail-below");
  }
  return floors;
}

std::filesystem::path data_sets_of(const EvalCommand& command) {
  if (!command.data_sets.empty()) return command.data_sets;
  const char* named = std::getenv("JACKDAW_TEST_DATA");
  return named == nullptr ? std::filesystem::path() : std::filesystem::path(named);
}

std::filesystem::path made_cache(const EvalCommand& command) {
  const std::filesystem::path folder = command.cache.empty() ? default_eval_cache() : command.cache;
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (!failure) return folder;
  throw Error(ErrorCode::kUnavailable, "The folder of the cache, " + folder.string() + ", cannot be made (" +
                                           failure.message() + "). Give another one with --cache.");
}

EvalSet read_set(const std::string& name, const EvalCommand& command, const Config& config,
                 const std::filesystem::path& cache, const Cancellation& cancellation) {
  extract::ConfinedExtractorOptions options;
  options.parser = program_dir() / "jackdaw-parse";
  options.text_parser = program_dir() / "jackdaw-parse-text";
  options.without_filter = config.sandbox == "off";
  extract::ConfinedExtractor extractor(options);
  return find_eval_set(name, {data_sets_of(command), command.split, extractor, cache}, cancellation);
}

// Runs the coroutine on this thread until it ends.
EvalRun run_to_end(asio::awaitable<EvalRun> work) {
  asio::io_context context;
  std::exception_ptr failure;
  EvalRun result;
  asio::co_spawn(context, std::move(work), [&](std::exception_ptr thrown, EvalRun run) {
    failure = std::move(thrown);
    result = std::move(run);
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return result;
}

void draw_queries(EvalSet& set, const EvalCommand& command) {
  if (command.queries == 0) return;
  std::vector<EvalQuery> drawn;
  for (const std::size_t place : draw(set.queries.size(), command.queries, command.seed)) {
    drawn.push_back(std::move(set.queries[place]));
  }
  set.queries = std::move(drawn);
}

// Measures all sets with all configurations, whose models are loaded once.
class Measurement {
 public:
  Measurement(const EvalCommand& command, EvalOptions options, std::vector<Candidate> candidates,
              std::filesystem::path cache, Terminal& terminal)
      : command_(command),
        options_(std::move(options)),
        candidates_(std::move(candidates)),
        cache_(std::move(cache)),
        terminal_(terminal),
        compute_({.name = "compute", .threads = candidates_.front().config.threads}) {
    for (const Candidate& candidate : candidates_) {
      evaluations_.push_back(std::make_unique<Evaluation>(
          candidate.config, cache_, compute_,
          [this](std::string_view what, std::size_t done, std::size_t all) { show(what, done, all); }));
    }
  }

  EvalSetReport measure(const std::string& name, const Cancellation& cancellation) {
    now_ = name;
    EvalSet set = read_set(name, command_, candidates_.front().config, cache_, cancellation);
    EvalSetReport report{set.name, set.texts.size(), 0, set.queries.size(), set.unjudged, {}};
    draw_queries(set, command_);
    report.queries = set.queries.size();
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      report.configurations.push_back(
          {candidates_[i].name, candidates_[i].given, run_to_end(evaluations_[i]->run(set, options_, cancellation))});
    }
    return report;
  }

 private:
  void show(std::string_view what, std::size_t done, std::size_t all) {
    std::string line = now_ + ": " + std::string(what);
    if (all > 0) line += " " + std::to_string(done) + "/" + std::to_string(all);
    terminal_.progress(line);
  }

  const EvalCommand& command_;
  const EvalOptions options_;
  const std::vector<Candidate> candidates_;
  const std::filesystem::path cache_;
  Terminal& terminal_;
  std::string now_;
  Compute compute_;
  std::vector<std::unique_ptr<Evaluation>> evaluations_;
};

}  // namespace

int run_eval_command(const EvalCommand& command, const Values& flags,
                     const std::optional<std::filesystem::path>& env_file, Terminal& terminal,
                     const Cancellation& cancellation) {
  const std::vector<EvalStage> stages = parse_stages(command.stages);
  const std::vector<EvalFloor> floors = parse_floors(command, stages);
  const EvalOptions options{stages, eval_cut_from(command.passages).value_or(EvalCut::kWhole), command.depth};
  const std::filesystem::path cache = made_cache(command);
  std::vector<Candidate> candidates;
  const auto add = [&](const char* flag, const std::vector<std::string>& given) {
    Values settings = parse_settings(given, flag);
    check_eval_settings(settings, flag, options);
    candidates.push_back(make_candidate(flag + 2, std::move(settings), flags, env_file, cache));
  };
  add("--with", command.with);
  if (!command.against.empty()) add("--against", command.against);
  EvalReport report{{}, command.passages, command.seed};
  {
    Measurement measurement(command, options, std::move(candidates), cache, terminal);
    for (const std::string& name : command.sets) report.sets.push_back(measurement.measure(name, cancellation));
  }
  terminal.end_progress();
  if (command.as_json) {
    terminal.line(to_json_text(report));
  } else {
    terminal.print(command.markdown ? to_markdown(report) : to_text(report));
  }
  const std::vector<std::string> failures = below(report, floors);
  for (const std::string& sentence : failures) terminal.complain(sentence);
  return failures.empty() ? kExitOk : kExitBelow;
}

}  // namespace jackdaw::server
