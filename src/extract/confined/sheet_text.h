#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "extract/confined/text_builder.h"

namespace jackdaw::extract {

// Turns the rows of a sheet into text: rows without a gap between them are one table, whose first row may name the
// columns; a row of a single cell above or between them is a line of its own. One sheet, one thread.
class SheetText {
 public:
  explicit SheetText(TextBuilder& text) : text_(text) {}

  // `number` is the row's place on the sheet. Cells by column, empty ones between.
  void row(long number, std::vector<std::string> cells);
  void finish();

 private:
  TextBuilder& text_;
  bool open_ = false;
  long last_ = -1;
  std::size_t first_column_ = 0;  // of the table
};

}  // namespace jackdaw::extract
