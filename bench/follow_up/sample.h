#pragma once

#include <vector>

namespace jackdaw::follow_up_bench {

struct Interval {
  double low = 0;
  double high = 0;
};

double mean(const std::vector<double>& sample);

// The middle 95% of the means of 10,000 samples drawn with replacement (percentile bootstrap); the same every time.
Interval bootstrap(const std::vector<double>& sample);

}  // namespace jackdaw::follow_up_bench
