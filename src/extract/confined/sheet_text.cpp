#include "extract/confined/sheet_text.h"

#include <algorithm>
#include <utility>

#include "extract/confined/clean_text.h"

namespace jackdaw::extract {

void SheetText::row(long number, std::vector<std::string> cells) {
  const auto filled = [](const std::string& cell) { return !is_blank(cell); };
  const auto first = std::ranges::find_if(cells, filled);
  if (first == cells.end()) return;
  if (number > last_ + 1) finish();
  last_ = number;
  if (!open_ && std::ranges::count_if(cells, filled) == 1) return text_.paragraph(one_line(*first));
  if (!open_) {
    first_column_ = static_cast<std::size_t>(first - cells.begin());
    text_.begin_table();
    open_ = true;
  }
  const std::size_t before = std::min(first_column_, static_cast<std::size_t>(first - cells.begin()));
  // A row that begins further left belongs to another table.
  if (before < first_column_) {
    finish();
    return row(number, std::move(cells));
  }
  cells.erase(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(before));
  text_.row(std::move(cells));
}

void SheetText::finish() {
  if (std::exchange(open_, false)) text_.end_table();
}

}  // namespace jackdaw::extract
