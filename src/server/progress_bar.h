#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "core/clock.h"

namespace jackdaw::server {

// What a bar says of many files on their way.
struct ProgressView {
  std::size_t files_done = 0;
  std::size_t files = 0;
  double fraction = 0;            // of all bytes, 0..1
  double pages_per_s = 0;         // 0: not known
  std::optional<double> eta_s{};  // nothing: not known
  std::string current{};          // the file's name
  std::string step{};             // "page 3 of 17"
};

// One line of at most `columns` columns, without control characters: what matters least is left out first. Pure.
std::string progress_line(const ProgressView& view, std::size_t columns);

// "0:07", "12:30", "3:05:00". Pure.
std::string clock_text(double seconds);

// How fast something grows, over the last while, so that a file that was quick long ago counts no more. Not shared
// between threads.
class SpeedMeter {
 public:
  explicit SpeedMeter(std::chrono::seconds window = std::chrono::seconds(20)) : window_(window) {}

  void add(TimePoint now, double total);
  // 0 before a second has passed.
  double per_second() const;

 private:
  std::chrono::seconds window_;
  std::deque<std::pair<TimePoint, double>> samples_;
};

}  // namespace jackdaw::server
