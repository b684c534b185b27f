#include "http/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "http/header_value.h"

namespace jackdaw::http {
namespace {

using std::chrono::milliseconds;

constexpr double kYearMs = 365.0 * 24 * 3600 * 1000;

// Takes digits with an optional fraction off the front; nothing for anything else, such as a sign or "nan".
std::optional<double> take_number(std::string_view& text) {
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789."));
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || code != std::errc() || end != number.data() + number.size()) return std::nullopt;
  text.remove_prefix(number.size());
  return value;
}

std::optional<milliseconds> in_range(double ms) {
  if (!(ms >= 0 && ms <= kYearMs)) return std::nullopt;
  return milliseconds(std::llround(ms));
}

std::optional<milliseconds> whole_number(std::string_view text, double unit_ms) {
  text = trim_blanks(text);
  const std::optional<double> number = take_number(text);
  if (!number || !text.empty()) return std::nullopt;
  return in_range(*number * unit_ms);
}

std::optional<double> take_unit_ms(std::string_view& text) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  // The longer of two that begin alike first.
  static constexpr std::array kUnits{Unit{"ms", 1},    Unit{"us", 1e-3}, Unit{"\xc2\xb5s", 1e-3}, Unit{"ns", 1e-6},
                                     Unit{"d", 864e5}, Unit{"h", 36e5},  Unit{"m", 6e4},          Unit{"s", 1e3}};
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.ms;
  }
  return std::nullopt;
}

// The words of a date; all three forms have the same parts between different separators.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() <= 8) {
    const std::size_t begin = text.find_first_not_of(" ,-:");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    words.push_back(text.substr(0, text.find_first_of(" ,-:")));
    text.remove_prefix(words.back().size());
  }
  return words;
}

// -1 for what is not 1 to 4 digits.
int small_number(std::string_view text) {
  int value = -1;
  if (text.size() > 4 || text.find_first_not_of("0123456789") != std::string_view::npos) return -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

unsigned month_of(std::string_view name) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t at = name.size() == 3 ? kMonths.find(name) : std::string_view::npos;
  return at == std::string_view::npos || at % 3 != 0 ? 0 : static_cast<unsigned>(at / 3 + 1);
}

// RFC 9110: a date that seems more than 50 years ahead is of the century before.
int full_year(int two_digits, WallTime now) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int this_year = static_cast<int>(today.year());
  const int year = this_year / 100 * 100 + two_digits;
  return year > this_year + 50 ? year - 100 : year;
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  std::vector<std::string_view> words = words_of(text);
  // asctime: "Sun Nov  6 08:49:37 1994"
  if (words.size() == 7) words = {words[0], words[2], words[1], words[6], words[3], words[4], words[5], "GMT"};
  if (words.size() != 8 || words[7] != "GMT") return std::nullopt;
  const int day = small_number(words[1]);
  int year = small_number(words[3]);
  if (words[3].size() == 2 && year >= 0) year = full_year(year, now);
  const int hour = small_number(words[4]);
  const int minute = small_number(words[5]);
  const int second = small_number(words[6]);  // 60 in a leap second
  if (day < 1 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(month_of(words[2])),
                                         std::chrono::day(static_cast<unsigned>(day)));
  // The wall clock counts nanoseconds and ends in 2262.
  if (!date.ok() || year > 2200) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::optional<milliseconds> retry_after(const Headers& headers, WallTime now) {
  if (const auto wait = whole_number(headers.get("retry-after-ms"), 1)) return wait;
  const std::string_view text = trim_blanks(headers.get("retry-after"));
  if (const auto wait = whole_number(text, 1000)) return wait;
  const std::optional<WallTime> date = parse_http_date(text, now);
  if (!date) return std::nullopt;
  return in_range(std::chrono::duration<double, std::milli>(*date - now).count());
}

std::optional<bool> should_retry(const Headers& headers) {
  const std::string word = to_lower_ascii(trim_blanks(headers.get("x-should-retry")));
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  text = trim_blanks(text);
  if (text.empty()) return std::nullopt;
  double sum = 0;
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    const std::optional<double> unit = take_unit_ms(text);
    if (!number || !unit) return std::nullopt;
    sum += *number * *unit;
  }
  return in_range(sum);
}

milliseconds backoff(int attempt, double random_unit) {
  const double longest = std::min(500.0 * std::exp2(std::clamp(attempt, 0, 10)), 8000.0);
  return milliseconds(std::llround(longest * (0.75 + 0.25 * std::clamp(random_unit, 0.0, 1.0))));
}

}  // namespace jackdaw::http
