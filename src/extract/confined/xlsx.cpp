#include "extract/confined/xlsx.h"

#include <pugixml.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "extract/confined/cell_format.h"
#include "extract/confined/clean_text.h"
#include "extract/confined/office_package.h"
#include "extract/confined/sheet_text.h"
#include "extract/confined/text_builder.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

// Gives the elements `name` of a large file one by one, whatever prefix it uses. They do not nest.
class ElementCutter {
 public:
  ElementCutter(std::string_view xml, std::string_view name) : rest_(xml), name_(name) {}

  // The next whole element; empty at the end.
  std::string_view next() {
    for (std::size_t at = 0; (at = rest_.find('<', at)) != std::string_view::npos; ++at) {
      const std::string_view name = rest_.substr(at + 1, kLongestName);
      const std::size_t stop = at + 1 + std::min(name.find_first_of(" \t\r\n/>"), name.size());
      const std::string_view own = rest_.substr(at + 1, stop - at - 1);
      if (own.substr(own.find(':') + 1) != name_) continue;
      const std::size_t end = end_of(at, stop, own);
      if (end == std::string_view::npos) break;
      const std::string_view element = rest_.substr(at, end - at);
      rest_.remove_prefix(end);
      return element;
    }
    rest_ = {};
    return {};
  }

 private:
  static constexpr std::size_t kLongestName = 64;

  std::size_t end_of(std::size_t at, std::size_t stop, std::string_view name) const {
    const std::size_t tag = rest_.find('>', stop);
    if (tag == std::string_view::npos || rest_[tag - 1] == '/') return tag == std::string_view::npos ? tag : tag + 1;
    const std::string close = "</" + std::string(name);
    const std::size_t end = rest_.find(close, at);
    const std::size_t last = end == std::string_view::npos ? end : rest_.find('>', end);
    return last == std::string_view::npos ? last : last + 1;
  }

  std::string_view rest_;
  std::string_view name_;
};

// The text of a shared string or an inline one, without the readings of its characters.
std::string rich_text(const pugi::xml_node& item) {
  std::string text;
  for (const pugi::xml_node part : item) {
    if (is_named(part, "t")) text += text_below(part);
    if (is_named(part, "r")) text += text_below(child_named(part, "t"));
  }
  return text;
}

// "BC12" is column 54. Nothing where there is no letter.
std::optional<std::size_t> column_of(std::string_view reference) {
  std::size_t column = 0;
  std::size_t letters = 0;
  for (; letters < reference.size() && letters < 4; ++letters) {
    const char c = reference[letters];
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<std::size_t>(c - 'A') + 1;
  }
  if (letters == 0 || column > kMaxColumns) return std::nullopt;
  return column - 1;
}

class XlsxReader {
 public:
  XlsxReader(ZipArchive& archive, const ReadLimits& limits) : archive_(archive), limits_(limits), text_(limits) {}

  ParsedText read(std::string_view main_part) {
    const std::vector<OfficeLink> links = office_links(archive_, main_part);
    if (const OfficeLink* strings = find_link(links, "sharedStrings")) read_strings(strings->target);
    if (const OfficeLink* link = find_link(links, "styles")) {
      if (std::optional<std::string> xml = archive_.read(link->target)) {
        formats_ = cell_formats(XmlTree(std::move(*xml)));
      }
    }
    const XmlTree workbook(archive_.require(main_part));
    from_1904_ = is_on(attribute_of(child_named(workbook.root(), "workbookPr"), "date1904"));
    for (const pugi::xml_node sheet : child_named(workbook.root(), "sheets")) {
      if (!is_named(sheet, "sheet")) continue;
      text_.begin_page(attribute_of(sheet, "name"));
      const OfficeLink* link = find_link_by_id(links, attribute_of(sheet, "id"));
      // A sheet that is a chart alone has no rows.
      if (link != nullptr && link->type == "worksheet") read_sheet(link->target);
    }
    return {.paged = true, .pages = text_.finish()};
  }

 private:
  void read_strings(const std::string& part) {
    const std::optional<std::string> xml = archive_.read(part);
    if (!xml) return;
    ElementCutter items(*xml, "si");
    std::size_t bytes = 0;
    for (std::string_view item = items.next(); !item.empty(); item = items.next()) {
      const XmlTree tree(std::string(item), true);
      strings_.push_back(rich_text(tree.root()));
      bytes += strings_.back().size();
      if (bytes > 4 * limits_.max_characters) throw Refusal(protocol::FailureReason::kTooManyCharacters);
    }
  }

  void read_sheet(const std::string& part) {
    const std::optional<std::string> xml = archive_.read(part);
    if (!xml) return;
    SheetText sheet(text_);
    ElementCutter rows(*xml, "row");
    long number = 0;
    for (std::string_view row = rows.next(); !row.empty(); row = rows.next()) {
      const XmlTree tree(std::string(row), true);
      const long own = office_number(attribute_of(tree.root(), "r"));
      number = own > 0 ? own : number + 1;
      sheet.row(number, read_row(tree.root()));
    }
    sheet.finish();
  }

  std::vector<std::string> read_row(const pugi::xml_node& row) const {
    std::vector<std::string> cells;
    for (const pugi::xml_node cell : row) {
      if (!is_named(cell, "c")) continue;
      const std::size_t column = column_of(attribute_of(cell, "r")).value_or(cells.size());
      if (column >= kMaxColumns) break;
      std::string value = read_cell(cell);
      if (value.empty()) continue;
      if (cells.size() <= column) cells.resize(column + 1);
      cells[column] = std::move(value);
    }
    return cells;
  }

  std::string read_cell(const pugi::xml_node& cell) const {
    const std::string_view type = attribute_of(cell, "t");
    if (type == "inlineStr") return one_line(rich_text(child_named(cell, "is")));
    const std::string value = text_below(child_named(cell, "v"));
    if (value.empty()) return {};
    if (type == "s") {
      const long index = office_number(value);
      return index >= 0 && static_cast<std::size_t>(index) < strings_.size()
                 ? one_line(strings_[static_cast<std::size_t>(index)])
                 : std::string();
    }
    if (type == "b") return value == "1" ? "TRUE" : "FALSE";
    if (type == "str" || type == "e") return one_line(value);
    // Type "d": an ISO date already.
    if (type == "d") return one_line(value);
    const auto style = static_cast<std::size_t>(std::max(office_number(attribute_of(cell, "s")), 0L));
    return show_number(trim_ascii(value), style < formats_.size() ? formats_[style] : CellFormat::kNumber, from_1904_);
  }

  ZipArchive& archive_;
  ReadLimits limits_;
  TextBuilder text_;
  std::vector<std::string> strings_;
  std::vector<CellFormat> formats_;
  bool from_1904_ = false;
};

}  // namespace

ParsedText read_xlsx(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits) {
  ParsedText document = XlsxReader(archive, limits).read(main_part);
  document.media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  document.title = office_title(archive);
  return document;
}

}  // namespace jackdaw::extract
