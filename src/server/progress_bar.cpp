#include "server/progress_bar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "server/terminal.h"

namespace jackdaw::server {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastBar = 10;
constexpr std::size_t kMostBar = 30;
constexpr std::size_t kLeastCurrent = 12;

std::string padded(std::size_t number, std::size_t width, char fill) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), fill);
  return digits;
}

std::string with_one_decimal(double number) {
  std::array<char, 32> text{};
  const auto [end, failure] =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, 1);
  return failure == std::errc{} ? std::string(text.data(), end) : std::string();
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
  const auto all = static_cast<std::size_t>(std::llround(std::clamp(seconds, 0.0, 359'999.0)));
  const std::string rest = padded(all % 60, 2, '0');
  if (all < 3600) return std::to_string(all / 60) + ":" + rest;
  return std::to_string(all / 3600) + ":" + padded(all / 60 % 60, 2, '0') + ":" + rest;
}

std::string progress_line(const ProgressView& view, std::size_t columns) {
  const double fraction = std::clamp(view.fraction, 0.0, 1.0);
  Line line(columns);
  line.add(padded(static_cast<std::size_t>(fraction * 100), 3, ' ') + "%");
  line.add(std::to_string(view.files_done) + "/" + std::to_string(view.files) + " files");
  if (view.eta_s) line.add(clock_text(*view.eta_s) + " left");
  if (columns >= 70 && view.pages_per_s > 0) line.add(with_one_decimal(view.pages_per_s) + " pages/s");
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
