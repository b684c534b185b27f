#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "server/config.h"
#include "server/terminal.h"

namespace jackdaw::server {

// `jackdaw eval`, as the command line gave it.
struct EvalCommand {
  std::vector<std::string> sets;        // names, folders in BEIR's form, .case files
  std::vector<std::string> with;        // NAME=VALUE: settings of the configuration that is measured
  std::vector<std::string> against;     // of another one, which it is compared with; empty: none
  std::vector<std::string> stages;      // empty: keyword, vector and hybrid
  std::size_t queries = 0;              // drawn from each set; 0: all
  std::uint64_t seed = 1;               // of the drawing and of the intervals
  std::size_t depth = 0;                // candidates that are reranked; 0: JACKDAW_CANDIDATES
  std::string passages = "whole";       // a name of EvalCut
  std::string split;                    // of a folder's judgements
  std::filesystem::path data_sets;      // empty: JACKDAW_TEST_DATA
  std::filesystem::path cache;          // empty: default_eval_cache()
  std::vector<std::string> fail_below;  // METRIC=VALUE or STAGE:METRIC=VALUE
  bool markdown = false;
  bool as_json = false;
};

// Measures how well the program finds what is judged relevant, and how long each stage takes. `flags` and `env_file`
// are the settings that both configurations begin with. The collection of the data folder is not touched. Returns the
// exit code, kExitBelow when a value is below what --fail-below asks for; throws Error.
int run_eval_command(const EvalCommand& command, const Values& flags,
                     const std::optional<std::filesystem::path>& env_file, Terminal& terminal,
                     const Cancellation& cancellation);

}  // namespace jackdaw::server
