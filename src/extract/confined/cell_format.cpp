#include "extract/confined/cell_format.h"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>

#include "extract/confined/clean_text.h"
#include "extract/confined/office_package.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

// 31 December 9999, the last that spreadsheets know.
constexpr double kLastDay = 2'958'465;
constexpr long kSecondsOfDay = 86'400;
constexpr int kSignificantDigits = 15;

std::string shortest(double value) {
  std::array<char, 40> digits;
  const int length = std::snprintf(digits.data(), digits.size(), "%.*g", kSignificantDigits, value);
  return {digits.data(), static_cast<std::size_t>(length)};
}

std::string show_date(double days, bool from_1904) {
  using namespace std::chrono;
  // Day 60 of the 1900 system is 29 February 1900, which never was: the days before it count one less.
  const sys_days zero = from_1904 ? sys_days(year(1904) / 1 / 1) : sys_days(year(1899) / 12 / (days < 60 ? 31 : 30));
  const year_month_day date(zero + std::chrono::days(static_cast<long>(days)));
  std::array<char, 24> out;
  const int length = std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {out.data(), static_cast<std::size_t>(length)};
}

std::string show_time(long seconds) {
  std::array<char, 40> out;
  const long rest = seconds % 60;
  const int length =
      rest == 0 ? std::snprintf(out.data(), out.size(), "%02ld:%02ld", seconds / 3600, seconds / 60 % 60)
                : std::snprintf(out.data(), out.size(), "%02ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, rest);
  return {out.data(), static_cast<std::size_t>(length)};
}

std::string show_moment(double value, CellFormat format, bool from_1904) {
  if (value < 0 || value > kLastDay) return shortest(value);
  double days = std::floor(value);
  long seconds = std::lround((value - days) * kSecondsOfDay);
  if (seconds == kSecondsOfDay) {
    seconds = 0;
    days += 1;
  }
  if (format == CellFormat::kTime) return show_time(static_cast<long>(days) * kSecondsOfDay + seconds);
  const std::string date = show_date(days, from_1904);
  return format == CellFormat::kDate || seconds == 0 ? date : date + ' ' + show_time(seconds);
}

}  // namespace

CellFormat cell_format(std::string_view code) {
  bool days = false;
  bool months = false;  // or minutes
  bool time = false;
  bool percent = false;
  const std::string lower = lower_ascii(code.substr(0, code.find(';')));
  for (std::size_t i = 0; i < lower.size(); ++i) {
    switch (lower[i]) {
      case '"': i = std::min(lower.find('"', i + 1), lower.size()); break;
      case '\\':
      case '_':
      case '*': ++i; break;
      case '[': {
        // A colour, a condition, a language, or hours that go on beyond the day.
        const std::size_t end = std::min(lower.find(']', i), lower.size());
        const std::string_view inside = std::string_view(lower).substr(i + 1, end - i - 1);
        time = time || (!inside.empty() && inside.find_first_not_of(inside[0]) == std::string_view::npos &&
                        (inside[0] == 'h' || inside[0] == 'm' || inside[0] == 's'));
        i = end;
        break;
      }
      case 'y':
      case 'd': days = true; break;
      case 'h':
      case 's': time = true; break;
      case 'm': months = true; break;
      case '%': percent = true; break;
      default: break;
    }
  }
  if (days || (months && !time)) return time ? CellFormat::kDateTime : CellFormat::kDate;
  if (time) return CellFormat::kTime;
  return percent ? CellFormat::kPercent : CellFormat::kNumber;
}

CellFormat builtin_cell_format(long id) noexcept {
  if (id == 9 || id == 10) return CellFormat::kPercent;
  if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58)) return CellFormat::kDate;
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47)) return CellFormat::kTime;
  return id == 22 ? CellFormat::kDateTime : CellFormat::kNumber;
}

std::vector<CellFormat> cell_formats(const XmlTree& styles) {
  std::map<long, CellFormat> own;
  for (const pugi::xml_node format : child_named(styles.root(), "numFmts")) {
    own[office_number(attribute_of(format, "numFmtId"))] = cell_format(attribute_of(format, "formatCode"));
  }
  std::vector<CellFormat> formats;
  for (const pugi::xml_node style : child_named(styles.root(), "cellXfs")) {
    if (!is_named(style, "xf")) continue;
    const long id = office_number(attribute_of(style, "numFmtId"));
    const auto found = own.find(id);
    formats.push_back(found == own.end() ? builtin_cell_format(id) : found->second);
  }
  return formats;
}

std::string show_number(std::string_view stored, CellFormat format, bool from_1904) {
  double value = 0;
  const auto [end, error] = std::from_chars(stored.data(), stored.data() + stored.size(), value);
  if (error != std::errc() || end != stored.data() + stored.size() || !std::isfinite(value)) return std::string(stored);
  switch (format) {
    case CellFormat::kNumber: break;
    case CellFormat::kPercent: return shortest(value * 100) + '%';
    case CellFormat::kDate:
    case CellFormat::kTime:
    case CellFormat::kDateTime: return show_moment(value, format, from_1904);
  }
  // Whole numbers of more digits, such as the number of an account, are stored as they were typed.
  return stored.find_first_of(".eE") == std::string_view::npos ? std::string(stored) : shortest(value);
}

}  // namespace jackdaw::extract
