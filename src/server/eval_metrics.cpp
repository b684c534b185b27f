#include "server/eval_metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

namespace jackdaw::server {
namespace {

struct NamedMetric {
  std::string_view name;
  Metric metric;
};
constexpr std::array kNames{NamedMetric{"ndcg@10", Metric::kNdcg10}, NamedMetric{"recall@5", Metric::kRecall5},
                            NamedMetric{"recall@20", Metric::kRecall20}, NamedMetric{"recall@50", Metric::kRecall50},
                            NamedMetric{"mrr@10", Metric::kMrr10}};

int gain_of(const Gains& gains, std::size_t place) {
  const auto found = gains.find(place);
  return found == gains.end() ? 0 : std::max(0, found->second);
}

double discount(std::size_t place) {
  return std::log2(static_cast<double>(place) + 2);
}

// A number below `limit`, from 32 random bits: multiplication instead of division (Lemire 2019, without the rejection,
// whose bias is below limit / 2^32).
std::size_t below(std::mt19937_64& random, std::size_t limit) {
  return static_cast<std::size_t>(((random() >> 32) * static_cast<std::uint64_t>(limit)) >> 32);
}

}  // namespace

std::string_view to_string(Metric metric) noexcept {
  for (const NamedMetric& each : kNames) {
    if (each.metric == metric) return each.name;
  }
  return "";
}

std::optional<Metric> metric_from(std::string_view name) noexcept {
  for (const NamedMetric& each : kNames) {
    if (each.name == name) return each.metric;
  }
  return std::nullopt;
}

double ndcg(std::span<const std::size_t> ranking, const Gains& gains, std::size_t depth) {
  double found = 0;
  for (std::size_t i = 0; i < std::min(depth, ranking.size()); ++i) found += gain_of(gains, ranking[i]) / discount(i);
  std::vector<int> best;
  for (const auto& [place, gain] : gains) best.push_back(std::max(0, gain));
  std::sort(best.begin(), best.end(), std::greater<>());
  double ideal = 0;
  for (std::size_t i = 0; i < std::min(depth, best.size()); ++i) ideal += best[i] / discount(i);
  return ideal == 0 ? 0 : found / ideal;
}

double recall(std::span<const std::size_t> ranking, const Gains& gains, std::size_t depth) {
  const auto relevant = std::count_if(gains.begin(), gains.end(), [](const auto& judged) { return judged.second > 0; });
  if (relevant == 0) return 0;
  const auto first = ranking.first(std::min(depth, ranking.size()));
  const auto found =
      std::count_if(first.begin(), first.end(), [&](std::size_t place) { return gain_of(gains, place) > 0; });
  return static_cast<double>(found) / static_cast<double>(relevant);
}

double reciprocal_rank(std::span<const std::size_t> ranking, const Gains& gains, std::size_t depth) {
  for (std::size_t i = 0; i < std::min(depth, ranking.size()); ++i) {
    if (gain_of(gains, ranking[i]) > 0) return 1.0 / static_cast<double>(i + 1);
  }
  return 0;
}

double score(Metric metric, std::span<const std::size_t> ranking, const Gains& gains) {
  switch (metric) {
    case Metric::kNdcg10: return ndcg(ranking, gains, 10);
    case Metric::kRecall5: return recall(ranking, gains, 5);
    case Metric::kRecall20: return recall(ranking, gains, 20);
    case Metric::kRecall50: return recall(ranking, gains, 50);
    case Metric::kMrr10: return reciprocal_rank(ranking, gains, 10);
  }
  return 0;
}

double mean(std::span<const double> sample) {
  return sample.empty() ? 0 : std::accumulate(sample.begin(), sample.end(), 0.0) / static_cast<double>(sample.size());
}

Interval bootstrap(std::span<const double> sample, std::uint64_t seed) {
  if (sample.empty()) return {};
  std::mt19937_64 random(seed);
  std::vector<double> means(kResamples);
  for (double& resampled : means) {
    double sum = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) sum += sample[below(random, sample.size())];
    resampled = sum / static_cast<double>(sample.size());
  }
  std::sort(means.begin(), means.end());
  return {means[kResamples / 40], means[kResamples - 1 - kResamples / 40]};
}

PairedDifference compare(std::span<const double> ours, std::span<const double> theirs, std::uint64_t seed) {
  PairedDifference difference;
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    differences.push_back(ours[i] - theirs[i]);
    if (differences.back() > 0) ++difference.better;
    if (differences.back() < 0) ++difference.worse;
  }
  difference.mean = mean(differences);
  difference.interval = bootstrap(differences, seed);
  return difference;
}

double percentile(std::vector<double> sample, double share) {
  if (sample.empty()) return 0;
  std::sort(sample.begin(), sample.end());
  const double rank = std::ceil(share * static_cast<double>(sample.size()));
  return sample[std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, sample.size()) - 1];
}

std::vector<std::size_t> draw(std::size_t population, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> places(population);
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (count >= population) return places;
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < count; ++i) std::swap(places[i], places[i + below(random, population - i)]);
  places.resize(count);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace jackdaw::server
