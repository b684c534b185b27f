#include "follow_up/sample.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>

namespace jackdaw::follow_up_bench {
namespace {

constexpr std::size_t kResamples = 10'000;
constexpr std::uint32_t kSeed = 20240601;

}  // namespace

double mean(const std::vector<double>& sample) {
  return sample.empty() ? 0 : std::accumulate(sample.begin(), sample.end(), 0.0) / static_cast<double>(sample.size());
}

Interval bootstrap(const std::vector<double>& sample) {
  if (sample.empty()) return {};
  std::mt19937 random(kSeed);
  std::vector<double> means(kResamples);
  for (double& resampled : means) {
    double sum = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) sum += sample[random() % sample.size()];
    resampled = sum / static_cast<double>(sample.size());
  }
  std::sort(means.begin(), means.end());
  return {means[kResamples / 40], means[kResamples - 1 - kResamples / 40]};
}

}  // namespace jackdaw::follow_up_bench
