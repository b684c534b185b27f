#include "extract/confined/csv.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "extract/confined/clean_text.h"
#include "extract/confined/table_rows.h"
#include "extract/confined/text_builder.h"

namespace jackdaw::extract {
namespace {

constexpr std::size_t kLookBytes = std::size_t{64} << 10;
constexpr std::size_t kLookRows = 100;

// Takes rows off the front of a text.
class CsvRows {
 public:
  CsvRows(std::string_view text, char delimiter) : rest_(text), delimiter_(delimiter) {}

  // False at the end. Rows without any text are passed over.
  bool next(std::vector<std::string>& cells) {
    do {
      cells.clear();
      if (rest_.empty()) return false;
      while (take_field(cells)) {
      }
    } while (cells.size() == 1 && is_blank(cells[0]));
    return true;
  }

 private:
  // True when another field of the row follows.
  bool take_field(std::vector<std::string>& cells) {
    std::string field;
    const std::size_t first = std::min(rest_.find_first_not_of(' '), rest_.size());
    if (first < rest_.size() && rest_[first] == '"') {
      rest_.remove_prefix(first + 1);
      take_quoted(field);
    }
    const std::array<char, 2> stops = {delimiter_, '\n'};
    const std::size_t end = std::min(rest_.find_first_of({stops.data(), stops.size()}), rest_.size());
    field.append(rest_.substr(0, end));
    const bool more = end < rest_.size() && rest_[end] == delimiter_;
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (cells.size() < kMaxColumns) cells.push_back(std::move(field));
    // A delimiter at the very end begins one more, empty field, which nobody misses.
    return more && !rest_.empty();
  }

  void take_quoted(std::string& field) {
    while (!rest_.empty()) {
      const std::size_t quote = std::min(rest_.find('"'), rest_.size());
      field.append(rest_.substr(0, quote));
      rest_.remove_prefix(std::min(quote + 1, rest_.size()));
      if (!rest_.starts_with('"')) return;
      field.push_back('"');
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  char delimiter_;
};

// How many columns nearly all rows have; 0 when they differ.
std::size_t common_columns(std::string_view text, char delimiter) {
  std::map<std::size_t, std::size_t> counts;
  std::size_t rows = 0;
  CsvRows reader(text, delimiter);
  std::vector<std::string> cells;
  for (; rows < kLookRows && reader.next(cells); ++rows) {
    while (!cells.empty() && is_blank(cells.back())) cells.pop_back();
    ++counts[cells.size()];
  }
  if (rows < 2) return 0;
  const auto most = std::ranges::max_element(counts, {}, &std::pair<const std::size_t, std::size_t>::second);
  // Rows that leave cells at their end away count, too; those with more columns than the first do not.
  std::size_t fitting = 0;
  for (const auto& [columns, count] : counts) {
    if (columns <= most->first && columns * 2 > most->first) fitting += count;
  }
  return most->second * 10 >= rows * 7 && fitting * 10 >= rows * 9 ? most->first : 0;
}

// Commas between words have a space behind them; those between values hardly ever.
bool reads_like_prose(std::string_view text, char delimiter) {
  std::size_t all = 0;
  std::size_t spaced = 0;
  for (std::size_t at = text.find(delimiter); at != std::string_view::npos; at = text.find(delimiter, at + 1)) {
    ++all;
    spaced += at + 1 < text.size() && text[at + 1] == ' ' ? 1 : 0;
  }
  return spaced * 2 > all;
}

}  // namespace

std::optional<char> csv_delimiter(std::string_view utf8) {
  std::string_view look = utf8.substr(0, kLookBytes);
  if (look.size() < utf8.size()) look = look.substr(0, look.rfind('\n') + 1);
  std::optional<char> found;
  std::size_t best = 1;
  for (const char delimiter : {'\t', ';', ',', '|'}) {
    const std::size_t columns = common_columns(look, delimiter);
    if (columns <= best) continue;
    if ((delimiter == ',' || delimiter == ';') && columns < 4 && reads_like_prose(look, delimiter)) continue;
    // Two lines with one comma each are no table.
    if (columns == 2 && std::ranges::count(look, '\n') < 2) continue;
    found = delimiter;
    best = columns;
  }
  return found;
}

void append_csv(std::string_view utf8, char delimiter, TextBuilder& text) {
  text.begin_table();
  CsvRows rows(utf8, delimiter);
  std::vector<std::string> cells;
  while (rows.next(cells)) text.row(std::move(cells));
  text.end_table();
}

ParsedText read_csv(std::string_view utf8, char delimiter, const ReadLimits& limits) {
  TextBuilder text(limits);
  append_csv(clean_text(utf8), delimiter, text);
  return {.media_type = delimiter == '\t' ? "text/tab-separated-values" : "text/csv", .pages = text.finish()};
}

}  // namespace jackdaw::extract
