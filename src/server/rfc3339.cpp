#include "server/rfc3339.h"

#include <chrono>
#include <cstddef>

namespace jackdaw::server {
namespace {

// Reads a text from its front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  // Exactly so many digits.
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  bool any_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  char last() const noexcept { return last_; }
  bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = 0;
};

std::optional<std::chrono::sys_days> read_day(Scanner& in) {
  const auto year = in.digits(4);
  if (!year || !in.any_of("-")) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.any_of("-")) return std::nullopt;
  const auto day = in.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<std::chrono::minutes> read_hour_and_minute(Scanner& in) {
  const auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.any_of(":")) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

// ".25"; nothing where a point has no digit after it.
std::optional<std::chrono::microseconds> read_fraction(Scanner& in) {
  std::chrono::microseconds fraction{0};
  if (!in.any_of(".")) return fraction;
  int scale = 100'000;
  bool any = false;
  while (in.any_of("0123456789")) {
    fraction += std::chrono::microseconds((in.last() - '0') * scale);
    scale /= 10;
    any = true;
  }
  if (!any) return std::nullopt;
  return fraction;
}

std::optional<std::chrono::minutes> read_offset(Scanner& in) {
  if (in.any_of("Zz")) return std::chrono::minutes(0);
  if (!in.any_of("+-")) return std::nullopt;
  const int sign = in.last() == '-' ? -1 : 1;
  const auto offset = read_hour_and_minute(in);
  if (!offset) return std::nullopt;
  return sign * *offset;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  const auto day = read_day(in);
  if (!day) return std::nullopt;
  if (in.at_end()) return WallTime(*day);
  if (!in.any_of("Tt ")) return std::nullopt;
  const auto minutes = read_hour_and_minute(in);
  if (!minutes || !in.any_of(":")) return std::nullopt;
  const auto seconds = in.digits(2);
  if (!seconds || *seconds > 60) return std::nullopt;
  const auto fraction = read_fraction(in);
  if (!fraction) return std::nullopt;
  const auto offset = read_offset(in);
  if (!offset || !in.at_end()) return std::nullopt;
  return WallTime(*day) + *minutes + std::chrono::seconds(*seconds) + *fraction - *offset;
}

}  // namespace jackdaw::server
