#include "extract/confined/pptx.h"

#include <pugixml.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "extract/confined/clean_text.h"
#include "extract/confined/office_package.h"
#include "extract/confined/text_builder.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

// What a shape is for, by its placeholder.
std::string_view role_of(const pugi::xml_node& shape) {
  const pugi::xml_node properties = child_named(child_named(shape, "nvSpPr"), "nvPr");
  const pugi::xml_node placeholder = child_named(properties, "ph");
  if (!placeholder) return "free";
  const std::string_view type = attribute_of(placeholder, "type");
  return type.empty() ? "body" : type;
}

bool is_title(std::string_view role) {
  return role == "title" || role == "ctrTitle";
}

// Repeated on every slide, or fields of the program.
bool is_running(std::string_view role) {
  return role == "dt" || role == "ftr" || role == "hdr" || role == "sldNum" || role == "sldImg";
}

std::string paragraph_text(const pugi::xml_node& paragraph) {
  std::string text;
  for (const pugi::xml_node run : paragraph) {
    const std::string_view name = local_name(run);
    if (name == "r" || name == "fld") {
      text += text_below(child_named(run, "t"));
    } else if (name == "br") {
      text.push_back('\n');
    } else if (name == "AlternateContent" || name == "m") {
      text += text_below(name == "m" ? run : child_named(run, "Choice"));
    }
  }
  return text;
}

// The whole text of a shape in one line.
std::string shape_text(const pugi::xml_node& shape) {
  std::string text;
  for (const pugi::xml_node paragraph : child_named(shape, "txBody")) {
    if (is_named(paragraph, "p")) text += paragraph_text(paragraph) + ' ';
  }
  return one_line(text);
}

class PptxReader {
 public:
  PptxReader(ZipArchive& archive, const ReadLimits& limits) : archive_(archive), text_(limits) {}

  ParsedText read(std::string_view main_part) {
    const std::vector<OfficeLink> links = office_links(archive_, main_part);
    const XmlTree presentation(archive_.require(main_part));
    for (const pugi::xml_node slide : child_named(presentation.root(), "sldIdLst")) {
      const OfficeLink* link = nullptr;
      // A slide's own number is called id, too.
      for (const pugi::xml_attribute attribute : slide.attributes()) {
        if (std::string_view(attribute.name()).ends_with(":id")) link = find_link_by_id(links, attribute.value());
      }
      if (link != nullptr) read_slide(link->target);
    }
    return {.title = std::move(title_), .paged = true, .pages = text_.finish()};
  }

 private:
  void read_slide(const std::string& part) {
    text_.begin_page("");
    std::optional<std::string> xml = archive_.read(part);
    if (!xml) return;
    const XmlTree slide(std::move(*xml));
    links_ = office_links(archive_, part);
    title_shape_ = find_title(slide.root());
    if (!title_shape_.empty()) text_.heading(1, title_shape_);
    if (title_.empty()) title_ = title_shape_;
    read_shapes(slide.root());
    read_notes();
  }

  static std::string find_title(const pugi::xml_node& slide) {
    std::string title;
    walk(
        slide,
        [&](const pugi::xml_node& node) {
          if (title.empty() && is_named(node, "sp") && is_title(role_of(node))) title = shape_text(node);
          return title.empty() && !is_named(node, "txBody");
        },
        [](const pugi::xml_node&) {});
    return title;
  }

  void read_shapes(const pugi::xml_node& slide) {
    walk(
        slide, [&](const pugi::xml_node& node) { return enter(node); },
        [&](const pugi::xml_node& node) { leave(node); });
  }

  bool enter(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    if (name == "Fallback" || name == "timing" || name == "transition") return false;
    if (name == "sp") {
      role_ = role_of(node);
      return !is_title(role_) && !is_running(role_);
    }
    if (name == "tbl") {
      text_.begin_table();
      header_ = is_on(attribute_of(child_named(node, "tblPr"), "firstRow"));
    } else if (text_.in_table() && name == "tr") {
      text_.begin_row();
    } else if (text_.in_table() && name == "tc") {
      return begin_cell(node);
    } else if (name == "p") {
      read_paragraph(node);
      return false;
    } else if (name == "chart") {
      read_linked(attribute_of(node, "id"), [&](const pugi::xml_node& root) { read_chart(root); });
    } else if (name == "relIds") {
      read_linked(attribute_of(node, "dm"), [&](const pugi::xml_node& root) { read_shapes(root); });
    }
    return true;
  }

  void leave(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    if (name == "sp") role_ = {};
    if (!text_.in_table()) return;
    if (name == "tbl") {
      text_.end_table();
    } else if (name == "tr") {
      text_.end_row(std::exchange(header_, false));
    } else if (name == "tc") {
      text_.end_cell();
    }
  }

  bool begin_cell(const pugi::xml_node& cell) {
    // The rest of a cell that spans columns; begin_cell() has counted it.
    if (is_on(attribute_of(cell, "hMerge"))) return false;
    const auto columns = static_cast<std::size_t>(std::max(office_number(attribute_of(cell, "gridSpan")), 1L));
    if (is_on(attribute_of(cell, "vMerge"))) {
      text_.repeat_cell(columns);
      return false;
    }
    text_.begin_cell(columns);
    return true;
  }

  void read_paragraph(const pugi::xml_node& node) {
    const std::string text = paragraph_text(node);
    const pugi::xml_node properties = child_named(node, "pPr");
    const bool plain = child_named(properties, "buNone") || role_ == "subTitle";
    const bool marked = child_named(properties, "buChar") || child_named(properties, "buAutoNum");
    // Text of a slide's body has marks unless it says otherwise.
    if (marked || (!plain && (role_ == "body" || role_ == "obj"))) {
      text_.item(static_cast<int>(office_number(attribute_of(properties, "lvl"))), text);
    } else {
      text_.paragraph(text);
    }
  }

  template <class Read>
  void read_linked(std::string_view id, Read read) {
    const OfficeLink* link = find_link_by_id(links_, id);
    std::optional<std::string> xml = link == nullptr ? std::nullopt : archive_.read(link->target);
    if (!xml) return;
    const XmlTree tree(std::move(*xml));
    read(tree.root());
  }

  // A chart as a table: a row for each category, a column for each series.
  void read_chart(const pugi::xml_node& chart) {
    std::string title;
    std::vector<std::vector<std::string>> columns;
    walk(
        chart,
        [&](const pugi::xml_node& node) {
          if (is_named(node, "title") && title.empty()) title = one_line(text_below(child_named(node, "tx")));
          if (!is_named(node, "ser")) return true;
          if (columns.empty()) columns.push_back(cached_values(child_named(node, "cat"), ""));
          columns.push_back(cached_values(child_named(node, "val"), text_below_cache(child_named(node, "tx"))));
          return false;
        },
        [](const pugi::xml_node&) {});
    text_.paragraph(title);
    if (columns.empty()) return;
    text_.begin_table();
    for (std::size_t row = 0; row < columns[0].size(); ++row) {
      std::vector<std::string> cells;
      for (const std::vector<std::string>& column : columns) {
        cells.push_back(row < column.size() ? column[row] : std::string());
      }
      text_.row(std::move(cells), row == 0);
    }
    text_.end_table();
  }

  // Below the name of the column.
  static std::vector<std::string> cached_values(const pugi::xml_node& reference, std::string name) {
    std::vector<std::string> values{std::move(name)};
    walk(
        reference,
        [&](const pugi::xml_node& node) {
          if (is_named(node, "pt")) values.push_back(one_line(text_below(child_named(node, "v"))));
          return !is_named(node, "pt");
        },
        [](const pugi::xml_node&) {});
    return values;
  }

  static std::string text_below_cache(const pugi::xml_node& reference) {
    const std::vector<std::string> values = cached_values(reference, "");
    return values.size() > 1 ? values[1] : std::string();
  }

  void read_notes() {
    const OfficeLink* link = find_link(links_, "notesSlide");
    std::optional<std::string> xml = link == nullptr ? std::nullopt : archive_.read(link->target);
    if (!xml) return;
    const XmlTree notes(std::move(*xml));
    walk(
        notes.root(),
        [&](const pugi::xml_node& node) {
          if (!is_named(node, "sp") || role_of(node) != "body") return !is_named(node, "txBody");
          for (const pugi::xml_node paragraph : child_named(node, "txBody")) {
            if (is_named(paragraph, "p")) text_.paragraph(paragraph_text(paragraph));
          }
          return false;
        },
        [](const pugi::xml_node&) {});
  }

  ZipArchive& archive_;
  TextBuilder text_;
  std::vector<OfficeLink> links_;  // of the slide under way
  std::string title_;
  std::string title_shape_;
  std::string_view role_;  // of the shape under way
  bool header_ = false;    // of the table under way: its first row names the columns
};

}  // namespace

ParsedText read_pptx(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits) {
  ParsedText document = PptxReader(archive, limits).read(main_part);
  document.media_type = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
  if (std::string title = office_title(archive); !title.empty()) document.title = std::move(title);
  return document;
}

}  // namespace jackdaw::extract
