#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::extract {

class XmlTree;

// How the numbers of a workbook are meant: dates are stored as days, percentages as shares.
enum class CellFormat { kNumber, kPercent, kDate, kTime, kDateTime };

// Of a format code such as "dd/mm/yyyy" (ECMA-376, part 1, 18.8.31), or of a built-in number.
CellFormat cell_format(std::string_view code);
CellFormat builtin_cell_format(long id) noexcept;

// The formats of all cell styles, by index, from a workbook's styles part.
std::vector<CellFormat> cell_formats(const XmlTree& styles);

// A stored number as people read it: "2024-05-01", "13:45:00", "12.5%", and without the noise of binary fractions. What
// is no number stays. `from_1904`: the workbook counts days from 1904.
std::string show_number(std::string_view stored, CellFormat format, bool from_1904);

}  // namespace jackdaw::extract
