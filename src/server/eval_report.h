#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/eval_metrics.h"
#include "server/eval_run.h"

namespace jackdaw::server {

// One configuration of the program, measured on one set.
struct EvalConfiguration {
  std::string name;                             // "with", "against"
  std::map<std::string, std::string> settings;  // those that were given
  EvalRun run;
};

struct EvalSetReport {
  std::string set;
  std::size_t texts = 0;
  std::size_t queries = 0;                        // measured
  std::size_t judged = 0;                         // of so many
  std::size_t unjudged = 0;                       // left out, since nothing is known to be relevant for them
  std::vector<EvalConfiguration> configurations;  // one, or two that are compared
};

struct EvalReport {
  std::vector<EvalSetReport> sets;
  std::string passages;    // "whole" or "chunks"
  std::uint64_t seed = 0;  // of the drawn queries and of the intervals
};

// A comparison of two rows of one set, query by query.
struct EvalComparison {
  std::string ours;
  std::string theirs;
  std::map<Metric, PairedDifference> differences;
};
// Each stage against itself in the other configuration; with one configuration, hybrid against each of its parts and
// rerank against hybrid, as far as they were measured.
std::vector<EvalComparison> comparisons(const EvalSetReport& set, std::uint64_t seed);

// As a table for a terminal, as Markdown, and as one JSON object (docs/quality.md).
std::string to_text(const EvalReport& report);
std::string to_markdown(const EvalReport& report);
std::string to_json_text(const EvalReport& report);

// What --fail-below asks for: `ndcg@10=0.5`, or `hybrid:ndcg@10=0.5` for one stage alone.
struct EvalFloor {
  std::optional<EvalStage> stage;
  Metric metric = Metric::kNdcg10;
  double value = 0;
};
// Throws Error kInvalidArgument that says what is allowed.
EvalFloor parse_floor(const std::string& text);
// A sentence for each row of the first configuration that lies below one of the floors.
std::vector<std::string> below(const EvalReport& report, const std::vector<EvalFloor>& floors);

}  // namespace jackdaw::server
