#include "server/eval_report.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  const auto [end, failure] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits);
  return failure == std::errc{} ? std::string(text.data(), end) : std::string("?");
}

std::string signed_fixed(double value) {
  const std::string text = fixed(value, 4);
  return text.starts_with('-') ? text : "+" + text;
}

std::string interval_text(const Interval& interval) {
  return "[" + fixed(interval.low, 4) + ", " + fixed(interval.high, 4) + "]";
}

std::string signed_interval_text(const Interval& interval) {
  return "[" + signed_fixed(interval.low) + ", " + signed_fixed(interval.high) + "]";
}

const EvalRow* find_row(const EvalRun& run, EvalStage stage) {
  for (const EvalRow& row : run.rows) {
    if (row.stage == stage) return &row;
  }
  return nullptr;
}

EvalComparison compare_rows(std::string ours_name, const EvalRow& ours, std::string theirs_name, const EvalRow& theirs,
                            std::uint64_t seed) {
  EvalComparison comparison{std::move(ours_name), std::move(theirs_name), {}};
  for (const Metric metric : kMetrics) {
    comparison.differences[metric] = compare(ours.scores.at(metric), theirs.scores.at(metric), seed);
  }
  return comparison;
}

std::string row_name(const EvalSetReport& set, const EvalConfiguration& configuration, const EvalRow& row) {
  const std::string stage(to_string(row.stage));
  return set.configurations.size() == 1 ? stage : configuration.name + " " + stage;
}

std::string settings_text(const EvalConfiguration& configuration) {
  std::string text;
  for (const auto& [name, value] : configuration.settings) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text.empty() ? "the settings as they are" : text;
}

std::string headline(const EvalReport& report, const EvalSetReport& set) {
  std::string line =
      set.set + ": " + std::to_string(set.texts) + " texts, " + std::to_string(set.queries) + " questions";
  if (set.queries < set.judged) {
    line += " of " + std::to_string(set.judged) + " (drawn with seed " + std::to_string(report.seed) + ")";
  }
  if (set.unjudged > 0) line += ", " + std::to_string(set.unjudged) + " more without a judgement left out";
  for (const EvalConfiguration& each : set.configurations) {
    line += set.configurations.size() == 1 ? "; " : "; " + each.name + ": ";
    line += settings_text(each) + ", " + std::to_string(each.run.passages) + " passages";
    if (!each.run.embedder.empty()) line += ", " + each.run.embedder;
    if (!each.run.reranker.empty()) line += ", " + each.run.reranker;
  }
  return line;
}

// Of all sets, by row: each set counts the same.
struct MeanRow {
  std::string name;
  std::map<Metric, double> means;
};
std::vector<MeanRow> means_of_sets(const EvalReport& report) {
  std::vector<MeanRow> rows;
  if (report.sets.size() < 2) return rows;
  const auto count = static_cast<double>(report.sets.size());
  for (const EvalSetReport& set : report.sets) {
    std::size_t place = 0;
    for (const EvalConfiguration& configuration : set.configurations) {
      for (const EvalRow& row : configuration.run.rows) {
        if (rows.size() == place) rows.push_back({row_name(set, configuration, row), {}});
        for (const Metric metric : kMetrics) rows[place].means[metric] += mean(row.scores.at(metric)) / count;
        ++place;
      }
    }
  }
  return rows;
}

// ---- tables: rows of cells, the first row their names ---------------------------------------------------------------

using Table = std::vector<std::vector<std::string>>;

Table scores_table(const EvalReport& report, const EvalSetReport& set) {
  Table table{{"", "nDCG@10", "95% interval", "recall@5", "recall@20", "recall@50", "MRR@10"}};
  for (const EvalConfiguration& configuration : set.configurations) {
    for (const EvalRow& row : configuration.run.rows) {
      auto& cells = table.emplace_back(std::vector<std::string>{row_name(set, configuration, row)});
      for (const Metric metric : kMetrics) {
        cells.push_back(fixed(mean(row.scores.at(metric)), 4));
        if (metric == Metric::kNdcg10) cells.push_back(interval_text(bootstrap(row.scores.at(metric), report.seed)));
      }
    }
  }
  return table;
}

Table comparisons_table(const EvalReport& report, const EvalSetReport& set) {
  Table table{{"paired", "nDCG@10", "95% interval", "better", "worse"}};
  for (const EvalComparison& comparison : comparisons(set, report.seed)) {
    const PairedDifference& difference = comparison.differences.at(Metric::kNdcg10);
    table.push_back({comparison.ours + " - " + comparison.theirs, signed_fixed(difference.mean),
                     signed_interval_text(difference.interval), std::to_string(difference.better),
                     std::to_string(difference.worse)});
  }
  return table;
}

Table times_table(const EvalSetReport& set) {
  Table table{{"milliseconds", "samples", "p50", "p95", "p99"}};
  for (const EvalConfiguration& configuration : set.configurations) {
    for (const auto& [stage, sample] : configuration.run.times) {
      table.push_back({set.configurations.size() == 1 ? stage : configuration.name + " " + stage,
                       std::to_string(sample.size()), fixed(percentile(sample, 0.50), 3),
                       fixed(percentile(sample, 0.95), 3), fixed(percentile(sample, 0.99), 3)});
    }
  }
  return table;
}

Table means_table(const EvalReport& report) {
  Table table{{"mean of the sets", "nDCG@10", "recall@5", "recall@20", "recall@50", "MRR@10"}};
  for (const MeanRow& row : means_of_sets(report)) {
    auto& cells = table.emplace_back(std::vector<std::string>{row.name});
    for (const Metric metric : kMetrics) cells.push_back(fixed(row.means.at(metric), 4));
  }
  return table;
}

std::string plain(const Table& table) {
  if (table.size() < 2) return {};
  std::vector<std::size_t> widths(table.front().size());
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - row[i].size(), ' ');
      line += i == 0 ? "  " + row[i] + fill : "  " + fill + row[i];
    }
    text += line + "\n";
  }
  return text;
}

std::string markdown(const Table& table) {
  if (table.size() < 2) return {};
  std::string text;
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (const std::string& cell : table[i]) text += "| " + cell + " ";
    text += "|\n";
    if (i > 0) continue;
    for (std::size_t column = 0; column < table[i].size(); ++column) text += column == 0 ? "| --- " : "| ---: ";
    text += "|\n";
  }
  return text + "\n";
}

// `caption` begins a set, `table` shows one.
template <class Caption, class Show>
std::string whole(const EvalReport& report, Caption caption, Show show) {
  std::string text;
  for (const EvalSetReport& set : report.sets) {
    text += caption(headline(report, set));
    for (const Table& table : {scores_table(report, set), comparisons_table(report, set), times_table(set)}) {
      text += show(table);
    }
  }
  return text + show(means_table(report));
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

json::object configuration_to_json(const EvalConfiguration& configuration, std::uint64_t seed) {
  json::object settings;
  for (const auto& [name, value] : configuration.settings) settings[name] = value;
  json::array stages;
  for (const EvalRow& row : configuration.run.rows) {
    json::object stage{{"stage", to_string(row.stage)}};
    for (const Metric metric : kMetrics) {
      const std::vector<double>& sample = row.scores.at(metric);
      const Interval interval = bootstrap(sample, seed);
      stage[to_string(metric)] = json::object{
          {"mean", rounded(mean(sample))}, {"low", rounded(interval.low)}, {"high", rounded(interval.high)}};
    }
    stages.push_back(std::move(stage));
  }
  json::object times;
  for (const auto& [stage, sample] : configuration.run.times) {
    times[stage] = json::object{{"samples", sample.size()},
                                {"p50_ms", rounded(percentile(sample, 0.50))},
                                {"p95_ms", rounded(percentile(sample, 0.95))},
                                {"p99_ms", rounded(percentile(sample, 0.99))}};
  }
  return {{"name", configuration.name},
          {"settings", std::move(settings)},
          {"passages", configuration.run.passages},
          {"embedder", configuration.run.embedder},
          {"reranker", configuration.run.reranker},
          {"depth", configuration.run.depth},
          {"stages", std::move(stages)},
          {"times", std::move(times)}};
}

json::object comparison_to_json(const EvalComparison& comparison) {
  json::object object{{"ours", comparison.ours}, {"theirs", comparison.theirs}};
  for (const auto& [metric, difference] : comparison.differences) {
    object[to_string(metric)] = json::object{{"difference", rounded(difference.mean)},
                                             {"low", rounded(difference.interval.low)},
                                             {"high", rounded(difference.interval.high)},
                                             {"better", difference.better},
                                             {"worse", difference.worse}};
  }
  return object;
}

}  // namespace

std::vector<EvalComparison> comparisons(const EvalSetReport& set, std::uint64_t seed) {
  std::vector<EvalComparison> all;
  const auto add = [&](const EvalConfiguration& ours_in, const EvalRow* ours, const EvalConfiguration& theirs_in,
                       const EvalRow* theirs) {
    if (ours == nullptr || theirs == nullptr) return;
    all.push_back(compare_rows(row_name(set, ours_in, *ours), *ours, row_name(set, theirs_in, *theirs), *theirs, seed));
  };
  const EvalConfiguration& first = set.configurations.front();
  if (set.configurations.size() > 1) {
    const EvalConfiguration& second = set.configurations[1];
    for (const EvalRow& row : first.run.rows) add(first, &row, second, find_row(second.run, row.stage));
    return all;
  }
  for (const auto& [ours, theirs] :
       {std::pair(EvalStage::kHybrid, EvalStage::kKeyword), std::pair(EvalStage::kHybrid, EvalStage::kVector),
        std::pair(EvalStage::kRerank, EvalStage::kHybrid)}) {
    add(first, find_row(first.run, ours), first, find_row(first.run, theirs));
  }
  return all;
}

std::string to_text(const EvalReport& report) {
  return whole(
      report, [](const std::string& line) { return line + "\n"; }, [](const Table& table) { return plain(table); });
}

std::string to_markdown(const EvalReport& report) {
  return whole(
      report, [](const std::string& line) { return line + "\n\n"; },
      [](const Table& table) { return markdown(table); });
}

std::string to_json_text(const EvalReport& report) {
  json::array sets;
  for (const EvalSetReport& set : report.sets) {
    json::array configurations, compared;
    for (const EvalConfiguration& each : set.configurations) {
      configurations.push_back(configuration_to_json(each, report.seed));
    }
    for (const EvalComparison& each : comparisons(set, report.seed)) compared.push_back(comparison_to_json(each));
    sets.push_back(json::object{{"set", set.set},
                                {"texts", set.texts},
                                {"queries", set.queries},
                                {"judged", set.judged},
                                {"unjudged", set.unjudged},
                                {"configurations", std::move(configurations)},
                                {"comparisons", std::move(compared)}});
  }
  json::array means;
  for (const MeanRow& row : means_of_sets(report)) {
    json::object object{{"row", row.name}};
    for (const auto& [metric, value] : row.means) object[to_string(metric)] = rounded(value);
    means.push_back(std::move(object));
  }
  return dump(json::object{
      {"passages", report.passages}, {"seed", report.seed}, {"sets", std::move(sets)}, {"means", std::move(means)}});
}

EvalFloor parse_floor(const std::string& text) {
  const auto refuse = [&]() -> EvalFloor {
    std::string names;
    for (const Metric metric : kMetrics) names += (names.empty() ? "" : ", ") + std::string(to_string(metric));
    throw Error(ErrorCode::kInvalidArgument, "--fail-below " + text +
                                                 " is not METRIC=VALUE or STAGE:METRIC=VALUE with a metric among " +
                                                 names + " and a value from 0 to 1.")
        .with_field("--fail-below");
  };
  EvalFloor floor;
  std::string_view rest = text;
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    floor.stage = eval_stage_from(rest.substr(0, colon));
    if (!floor.stage) return refuse();
    rest.remove_prefix(colon + 1);
  }
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return refuse();
  const auto metric = metric_from(rest.substr(0, equals));
  const std::string_view digits = rest.substr(equals + 1);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), floor.value);
  if (!metric || failure != std::errc{} || end != digits.data() + digits.size() || !(floor.value >= 0) ||
      floor.value > 1) {
    return refuse();
  }
  floor.metric = *metric;
  return floor;
}

std::vector<std::string> below(const EvalReport& report, const std::vector<EvalFloor>& floors) {
  std::vector<std::string> sentences;
  for (const EvalSetReport& set : report.sets) {
    const EvalRun& run = set.configurations.front().run;
    for (const EvalFloor& floor : floors) {
      for (const EvalRow& row : run.rows) {
        if (floor.stage && row.stage != *floor.stage) continue;
        const double value = mean(row.scores.at(floor.metric));
        if (value >= floor.value) continue;
        sentences.push_back(set.set + ": " + std::string(to_string(floor.metric)) + " of " +
                            std::string(to_string(row.stage)) + " is " + fixed(value, 4) + ", below " +
                            fixed(floor.value, 4) + ".");
      }
    }
  }
  return sentences;
}

}  // namespace jackdaw::server
