#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::extract {

// A cell of a table that reaches into rows below it.
struct TableSpan {
  std::size_t rows_left = 0;
  std::string text;
};

// More columns than any table that people read; spreadsheets end at 16,384.
inline constexpr std::size_t kMaxColumns = 16'384;

// Turns the rows of one table into lines that stand alone: "Name: Magpie-7; Price: 4,200 EUR". The labels come from
// rows that the format marks as header, else from the first row when it looks like one. Looks a few rows ahead, so its
// memory does not grow with the table. A value, one thread.
class TableRows {
 public:
  // Cells are lines of clean text; appends the lines that are ready by now. Rows without text give none.
  void add(std::vector<std::string> cells, bool header, std::vector<std::string>& lines);
  // The rest.
  void finish(std::vector<std::string>& lines);

 private:
  enum class Shape { kUnknown, kRecords, kPairs };

  void decide(std::vector<std::string>& lines);
  void add_to_header(const std::vector<std::string>& cells);
  std::string compose(const std::vector<std::string>& cells) const;

  Shape shape_ = Shape::kUnknown;
  bool marked_ = false;       // the header came from the format
  bool header_used_ = false;  // a row was written below it
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> waiting_;
};

// The first row of `rows` names the columns.
bool first_row_is_header(const std::vector<std::vector<std::string>>& rows);

}  // namespace jackdaw::extract
