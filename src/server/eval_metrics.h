#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// How good a ranking is against judgements, and how sure that is. Pure functions; safe from any thread.
namespace jackdaw::server {

// What was judged: the place of a text (or of a document) and its gain. Gains of 0 and less count as not relevant.
using Gains = std::map<std::size_t, int>;

// What trec_eval calls ndcg_cut_10, recall_5, recall_20, recall_50, and recip_rank over the first ten.
enum class Metric { kNdcg10, kRecall5, kRecall20, kRecall50, kMrr10 };
inline constexpr std::array kMetrics{Metric::kNdcg10, Metric::kRecall5, Metric::kRecall20, Metric::kRecall50,
                                     Metric::kMrr10};

// "ndcg@10" and so on.
std::string_view to_string(Metric metric) noexcept;
std::optional<Metric> metric_from(std::string_view name) noexcept;

// The sum of gain / log2(rank + 1) over the first `depth`, rank from 1, over that of the ideal order (Jarvelin,
// Kekalainen 2002, as trec_eval has it). 0 where nothing is relevant.
double ndcg(std::span<const std::size_t> ranking, const Gains& gains, std::size_t depth);
// The share of what is relevant that is among the first `depth`.
double recall(std::span<const std::size_t> ranking, const Gains& gains, std::size_t depth);
// 1 / rank of the first relevant one among the first `depth`, else 0.
double reciprocal_rank(std::span<const std::size_t> ranking, const Gains& gains, std::size_t depth);

double score(Metric metric, std::span<const std::size_t> ranking, const Gains& gains);

double mean(std::span<const double> sample);

struct Interval {
  double low = 0;
  double high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

inline constexpr std::size_t kResamples = 10'000;

// The middle 95% of the means of kResamples samples drawn with replacement (percentile bootstrap, Efron 1979). The same
// for the same sample and seed on every machine. {0, 0} for an empty sample.
Interval bootstrap(std::span<const double> sample, std::uint64_t seed);

// `ours` against `theirs`, query by query: the interval is that of the mean of the differences, so what makes a query
// hard for both does not widen it.
struct PairedDifference {
  double mean = 0;  // ours - theirs
  Interval interval;
  std::size_t better = 0;  // queries on which ours is higher
  std::size_t worse = 0;
};
PairedDifference compare(std::span<const double> ours, std::span<const double> theirs, std::uint64_t seed);

// The value below or at which `share` (0..1) of the sample lies: nearest rank. 0 for an empty sample.
double percentile(std::vector<double> sample, double share);

// `count` of the numbers 0..population-1, ascending, each subset as likely as another; all where there are fewer. The
// same for the same seed on every machine.
std::vector<std::size_t> draw(std::size_t population, std::size_t count, std::uint64_t seed);

}  // namespace jackdaw::server
