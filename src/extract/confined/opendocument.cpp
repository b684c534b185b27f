#include "extract/confined/opendocument.h"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "extract/confined/clean_text.h"
#include "extract/confined/office_package.h"
#include "extract/confined/sheet_text.h"
#include "extract/confined/text_builder.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

constexpr long kMostSpaces = 100;
constexpr long kMostRepeated = 100;

bool is_silent(std::string_view name) {
  constexpr std::array<std::string_view, 13> kSilent = {
      "annotation",    "tracked-changes", "ruby-text",      "note-citation",    "sequence-decls", "desc",  "forms",
      "table-columns", "table-column",    "variable-decls", "user-field-decls", "title",          "script"};
  return std::ranges::find(kSilent, name) != kSilent.end();
}

// Fields of the program that stand on every slide.
bool is_running(std::string_view frame_class) {
  return frame_class == "footer" || frame_class == "header" || frame_class == "date-time" ||
         frame_class == "page-number";
}

std::size_t count_of(const pugi::xml_node& node, std::string_view attribute) {
  return static_cast<std::size_t>(std::max(office_number(attribute_of(node, attribute)), 1L));
}

// What an element or a text stands for in its paragraph; white space counts once (OpenDocument 1.3, part 3, 6.1.2).
void append_inline(const pugi::xml_node& node, std::string& text) {
  if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
    for (const char c : std::string_view(node.value())) {
      const bool white = c == ' ' || c == '\t' || c == '\n' || c == '\r';
      if (!white) {
        text.push_back(c);
      } else if (!text.empty() && text.back() != ' ') {
        text.push_back(' ');
      }
    }
    return;
  }
  const std::string_view name = local_name(node);
  if (name == "s") {
    text.append(static_cast<std::size_t>(std::clamp(office_number(attribute_of(node, "c")), 1L, kMostSpaces)), ' ');
  } else if (name == "tab") {
    text.push_back('\t');
  } else if (name == "line-break") {
    text.push_back('\n');
  }
}

std::string paragraphs_below(const pugi::xml_node& node) {
  std::string text;
  walk(
      node,
      [&](const pugi::xml_node& below) {
        if (is_silent(local_name(below))) return false;
        append_inline(below, text);
        return true;
      },
      [&](const pugi::xml_node& below) {
        if (is_named(below, "p")) text.push_back(' ');
      });
  return one_line(text);
}

// Texts and presentations.
class FlowReader {
 public:
  FlowReader(TextBuilder& text, bool slides) : text_(text), slides_(slides) {}

  void read(const pugi::xml_node& body) {
    walk(
        body, [&](const pugi::xml_node& node) { return enter(node); },
        [&](const pugi::xml_node& node) { leave(node); });
  }
  std::string title() { return std::move(title_); }

 private:
  struct Paragraph {
    std::string text;
    int level = 0;  // of a heading
    std::vector<std::string> notes{};
  };

  bool enter(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    if (is_silent(name)) return false;
    if (name == "p" || name == "h") {
      const long level = office_number(attribute_of(node, "outline-level"));
      open_.push_back({.level = name == "h" ? static_cast<int>(std::clamp(level, 1L, 9L)) : 0});
    } else if (name == "note") {
      ++notes_;
    } else if (name == "list") {
      ++lists_;
    } else if (name == "list-item") {
      item_ = true;
    } else if (name == "page" && slides_) {
      text_.begin_page("");
    } else if (name == "frame") {
      const std::string_view frame_class = attribute_of(node, "class");
      in_title_ = frame_class == "title";
      return !is_running(frame_class);
    } else if (name == "table") {
      text_.begin_table();
    } else if (text_.in_table()) {
      return enter_table_part(node, name);
    } else if (!open_.empty()) {
      append_inline(node, open_.back().text);
    }
    return true;
  }

  bool enter_table_part(const pugi::xml_node& node, std::string_view name) {
    if (name == "table-row") {
      text_.begin_row();
    } else if (name == "table-cell") {
      text_.begin_cell(count_of(node, "number-columns-spanned"), count_of(node, "number-rows-spanned"));
    } else if (name == "covered-table-cell") {
      return false;
    } else if (!open_.empty()) {
      append_inline(node, open_.back().text);
    }
    return true;
  }

  void leave(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    if ((name == "p" || name == "h") && !open_.empty()) {
      end_paragraph();
    } else if (name == "note") {
      --notes_;
    } else if (name == "list") {
      --lists_;
    } else if (name == "list-item") {
      item_ = false;
    } else if (name == "frame") {
      in_title_ = false;
    } else if (!text_.in_table()) {
      return;
    } else if (name == "table") {
      text_.end_table();
    } else if (name == "table-row") {
      text_.end_row(is_named(node.parent(), "table-header-rows"));
    } else if (name == "table-cell") {
      text_.end_cell();
    }
  }

  void end_paragraph() {
    const Paragraph paragraph = std::move(open_.back());
    open_.pop_back();
    if (is_blank(paragraph.text)) return;
    if (notes_ > 0 && !open_.empty()) {
      const std::string mark = "[" + std::to_string(++note_count_) + "]";
      open_.back().text += mark;
      open_.back().notes.push_back(mark + " " + one_line(paragraph.text));
      return;
    }
    if (in_title_ || paragraph.level > 0) {
      const int level = std::max(paragraph.level, 1);
      if (title_.empty() && level == 1) title_ = one_line(paragraph.text);
      text_.heading(level, paragraph.text);
    } else if (lists_ > 0 && std::exchange(item_, false)) {
      text_.item(lists_ - 1, paragraph.text);
    } else {
      text_.paragraph(paragraph.text);
    }
    for (const std::string& note : paragraph.notes) text_.paragraph(note);
  }

  TextBuilder& text_;
  bool slides_;
  std::vector<Paragraph> open_;  // a text box stands inside of a paragraph
  int lists_ = 0;
  int notes_ = 0;
  int note_count_ = 0;
  bool item_ = false;  // the next paragraph begins an item
  bool in_title_ = false;
  std::string title_;
};

std::string cell_text(const pugi::xml_node& cell) {
  // What is shown depends on the country of the writer.
  const std::string_view date = attribute_of(cell, "date-value");
  if (!date.empty()) {
    std::string iso(date.substr(0, 19));
    if (iso.size() == 19 && iso.ends_with("T00:00:00")) iso.resize(10);
    std::ranges::replace(iso, 'T', ' ');
    return one_line(iso);
  }
  return paragraphs_below(cell);
}

std::vector<std::string> sheet_row(const pugi::xml_node& row) {
  std::vector<std::string> cells;
  std::size_t column = 0;
  for (const pugi::xml_node cell : row) {
    const bool covered = is_named(cell, "covered-table-cell");
    if (!covered && !is_named(cell, "table-cell")) continue;
    const std::size_t repeated = count_of(cell, "number-columns-repeated");
    const std::string text = covered ? std::string() : cell_text(cell);
    if (!text.empty()) {
      const std::size_t end = std::min(column + std::min<std::size_t>(repeated, kMostRepeated), kMaxColumns);
      if (cells.size() < end) cells.resize(end);
      for (std::size_t i = column; i < end; ++i) cells[i] = text;
    }
    column += std::min(repeated, kMaxColumns);
    if (column >= kMaxColumns) break;
  }
  return cells;
}

void read_sheet(const pugi::xml_node& table, TextBuilder& text) {
  text.begin_page(attribute_of(table, "name"));
  SheetText sheet(text);
  long number = 0;
  walk(
      table,
      [&](const pugi::xml_node& node) {
        if (is_named(node, "table-row")) {
          // Rows that repeat others say nothing new; those that are empty make gaps.
          sheet.row(number, sheet_row(node));
          number += static_cast<long>(std::min<std::size_t>(count_of(node, "number-rows-repeated"), 1'000'000));
          return false;
        }
        return !is_silent(local_name(node)) && !is_named(node, "shapes");
      },
      [](const pugi::xml_node&) {});
  sheet.finish();
}

std::string meta_title(ZipArchive& archive) {
  std::optional<std::string> xml = archive.read("meta.xml");
  if (!xml) return {};
  try {
    const XmlTree tree(std::move(*xml));
    return one_line(text_below(child_named(child_named(tree.root(), "meta"), "title")));
  } catch (const Refusal&) {
    // A document can be read without its title.
    return {};
  }
}

}  // namespace

ParsedText read_opendocument(ZipArchive& archive, const ReadLimits& limits) {
  const std::optional<std::string> manifest = archive.read("META-INF/manifest.xml");
  if (manifest && manifest->find("encryption-data") != std::string::npos) {
    throw Refusal(protocol::FailureReason::kPassword);
  }
  constexpr std::string_view kFamily = "application/vnd.oasis.opendocument.";
  TextBuilder text(limits);
  const XmlTree content(archive.require("content.xml"));
  const pugi::xml_node body = child_named(content.root(), "body");
  std::string title = meta_title(archive);
  std::string kind;
  if (const pugi::xml_node sheets = child_named(body, "spreadsheet")) {
    kind = "spreadsheet";
    for (const pugi::xml_node table : sheets) {
      if (is_named(table, "table")) read_sheet(table, text);
    }
  } else {
    kind = child_named(body, "presentation") ? "presentation" : "text";
    const pugi::xml_node flow = child_named(body, kind);
    if (!flow) throw Refusal(protocol::FailureReason::kUnsupported, "an OpenDocument file without text");
    FlowReader reader(text, kind == "presentation");
    reader.read(flow);
    if (title.empty()) title = reader.title();
  }
  return {.media_type = std::string(kFamily) + kind,
          .title = std::move(title),
          .paged = kind != "text",
          .pages = text.finish()};
}

}  // namespace jackdaw::extract
