#include "server/progress_bar.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "server/terminal.h"

namespace jackdaw::server {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastBar = 10;
constexpr std::size_t kMostBar = 30;
constexpr std::size_t kLeastCurrent = 12;

template <class... Values>
std::string format(const char* form, Values... values) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), form, values...);
  return {text.data(), static_cast<std::size_t>(std::clamp(size, 0, static_cast<int>(text.size()) - 1))};
}

std::string bar(double fraction, std::size_t columns) {
  const std::size_t inside = columns - 2;
  const auto full = static_cast<std::size_t>(fraction * static_cast<double>(inside));
  return "[" + std::string(full, '#') + std::string(inside - full, '-') + "]";
}

// Pieces side by side, for as long as there is room.
class Line {
 public:
  explicit Line(std::size_t columns) : room_(columns) {}

  // Columns for another piece.
  std::size_t room() const { return text_.empty() ? room_ : room_ - std::min(room_, kGap); }

  bool add(const std::string& piece) {
    const std::size_t wide = columns_of(piece);
    if (piece.empty() || wide > room()) return false;
    room_ = room() - wide;
    if (!text_.empty()) text_.append(kGap, ' ');
    text_ += piece;
    return true;
  }

  std::string text() && { return std::move(text_); }

 private:
  std::size_t room_;
  std::string text_;
};

// The name gives way before the step does.
std::string current_piece(const ProgressView& view, std::size_t columns) {
  if (view.current.empty() || columns < kLeastCurrent) return "";
  const std::string step = view.step.empty() ? "" : ", " + view.step;
  const std::size_t wide = columns_of(step);
  const bool has_step = columns >= wide + kLeastCurrent;
  return shorten(harmless_name(view.current), columns - (has_step ? wide : 0)) + (has_step ? step : "");
}

}  // namespace

std::string clock_text(double seconds) {
  const auto all = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 359'999.0)));
  if (all < 3600) return format("%lld:%02lld", all / 60, all % 60);
  return format("%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
}

std::string progress_line(const ProgressView& view, std::size_t columns) {
  const double fraction = std::clamp(view.fraction, 0.0, 1.0);
  Line line(columns);
  line.add(format("%3d%%", static_cast<int>(fraction * 100)));
  line.add(std::to_string(view.files_done) + "/" + std::to_string(view.files) + " files");
  if (view.eta_s) line.add(clock_text(*view.eta_s) + " left");
  if (columns >= 70 && view.pages_per_s > 0) line.add(format("%.1f pages/s", view.pages_per_s));
  if (columns >= 50) line.add(bar(fraction, std::clamp(columns / 6, kLeastBar, kMostBar)));
  line.add(current_piece(view, line.room()));
  return std::move(line).text();
}

void SpeedMeter::add(TimePoint now, double total) {
  samples_.emplace_back(now, total);
  while (samples_.size() > 2 && now - samples_[1].first >= window_) samples_.pop_front();
}

double SpeedMeter::per_second() const {
  if (samples_.size() < 2) return 0;
  const double seconds = std::chrono::duration<double>(samples_.back().first - samples_.front().first).count();
  return seconds < 1 ? 0 : (samples_.back().second - samples_.front().second) / seconds;
}

}  // namespace jackdaw::server
