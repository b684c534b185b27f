#include "extract/confined/table_rows.h"

#include <algorithm>
#include <utility>

#include "extract/confined/clean_text.h"

namespace jackdaw::extract {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// Enough to see whether the rows below differ from the first.
constexpr std::size_t kLookAheadRows = 10;
// A label stands in every row: a longer one is a sentence that happens to stand on top.
constexpr std::size_t kMaxLabelBytes = 120;

bool is_year(std::string_view cell) {
  return cell.size() == 4 && (cell.starts_with("19") || cell.starts_with("20")) &&
         std::ranges::all_of(cell, [](char c) { return c >= '0' && c <= '9'; });
}

std::size_t filled(const std::vector<std::string>& cells) {
  return static_cast<std::size_t>(std::ranges::count_if(cells, [](const std::string& cell) { return !cell.empty(); }));
}

bool has_duplicates(const std::vector<std::string>& cells) {
  std::vector<std::string_view> sorted(cells.begin(), cells.end());
  std::erase(sorted, std::string_view());
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) != sorted.end();
}

// Some column holds numbers below a first cell that is none.
bool numbers_below(const Rows& rows) {
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    if (looks_numeric(rows.front()[column]) && !is_year(rows.front()[column])) continue;
    std::size_t numeric = 0;
    std::size_t all = 0;
    for (std::size_t row = 1; row < rows.size(); ++row) {
      if (column >= rows[row].size() || rows[row][column].empty()) continue;
      ++all;
      numeric += looks_numeric(rows[row][column]) ? 1 : 0;
    }
    if (all > 0 && numeric * 2 > all) return true;
  }
  return false;
}

bool are_pairs(const Rows& rows) {
  return std::ranges::all_of(rows, [](const std::vector<std::string>& cells) {
    return cells.size() == 2 && !cells[0].empty() && cells[0].size() <= kMaxLabelBytes && !looks_numeric(cells[0]);
  });
}

}  // namespace

bool first_row_is_header(const Rows& rows) {
  if (rows.size() < 2) return false;
  const std::vector<std::string>& first = rows.front();
  if (first.size() < 2 || filled(first) + 1 < first.size() || filled(first) < 2 || has_duplicates(first)) return false;
  for (const std::string& cell : first) {
    if (cell.size() > kMaxLabelBytes || (looks_numeric(cell) && !is_year(cell))) return false;
  }
  if (is_year(first[0])) return false;
  return first.size() > 2 || numbers_below(rows);
}

void TableRows::add(std::vector<std::string> cells, bool header, std::vector<std::string>& lines) {
  if (cells.size() > kMaxColumns) cells.resize(kMaxColumns);
  while (!cells.empty() && cells.back().empty()) cells.pop_back();
  if (cells.empty()) return;
  if (header && waiting_.empty() && shape_ == Shape::kUnknown) {
    marked_ = true;
    return add_to_header(cells);
  }
  if (marked_) shape_ = Shape::kRecords;
  if (shape_ != Shape::kUnknown) {
    header_used_ = true;
    lines.push_back(compose(cells));
    return;
  }
  waiting_.push_back(std::move(cells));
  if (waiting_.size() == kLookAheadRows) decide(lines);
}

void TableRows::finish(std::vector<std::string>& lines) {
  decide(lines);
  if (header_used_ || header_.empty()) return;
  const std::vector<std::string> cells = std::exchange(header_, {});
  lines.push_back(compose(cells));
}

void TableRows::decide(std::vector<std::string>& lines) {
  if (shape_ != Shape::kUnknown) return;
  const bool header = first_row_is_header(waiting_);
  shape_ = !header && are_pairs(waiting_) ? Shape::kPairs : Shape::kRecords;
  std::size_t row = 0;
  if (header) add_to_header(waiting_[row++]);
  for (; row < waiting_.size(); ++row) {
    header_used_ = true;
    lines.push_back(compose(waiting_[row]));
  }
  waiting_.clear();
}

// Headers of several rows read as one: "2023 Revenue".
void TableRows::add_to_header(const std::vector<std::string>& cells) {
  if (header_.size() < cells.size()) header_.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty() || header_[i] == cells[i]) continue;
    if (!header_[i].empty()) header_[i].push_back(' ');
    header_[i].append(cells[i]);
    header_[i].resize(cut_utf8(header_[i], kMaxLabelBytes).size());
  }
}

std::string TableRows::compose(const std::vector<std::string>& cells) const {
  if (shape_ == Shape::kPairs && cells.size() == 2) return cells[0] + ": " + cells[1];
  // A title between the rows.
  const bool lone = filled(cells) == 1 && header_.size() > 2;
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    if (!line.empty()) line.append("; ");
    if (!lone && i < header_.size() && !header_[i].empty()) line.append(header_[i]).append(": ");
    line.append(cells[i]);
  }
  return line;
}

}  // namespace jackdaw::extract
