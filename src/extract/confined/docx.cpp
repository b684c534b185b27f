#include "extract/confined/docx.h"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "extract/confined/clean_text.h"
#include "extract/confined/docx_numbering.h"
#include "extract/confined/docx_styles.h"
#include "extract/confined/office_package.h"
#include "extract/confined/text_builder.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

using Notes = std::map<std::string, std::string, std::less<>>;

// Elements whose text is no part of what a reader sees: properties, code of fields, what was deleted or moved away,
// the readings of characters, and the second of two ways to say the same.
bool is_silent(std::string_view name) {
  constexpr std::array<std::string_view, 14> kSilent = {"pPr",     "rPr",       "tblPr",    "tblGrid", "trPr",
                                                        "tcPr",    "sdtPr",     "sectPr",   "del",     "moveFrom",
                                                        "delText", "instrText", "Fallback", "rt"};
  return std::ranges::find(kSilent, name) != kSilent.end();
}

// What an element stands for in the text of its paragraph.
void append_run(const pugi::xml_node& node, std::string_view name, std::string& text) {
  if (name == "t") {
    text += text_below(node);
  } else if (name == "tab" || name == "ptab") {
    text.push_back('\t');
  } else if (name == "br" || name == "cr") {
    text.push_back('\n');
  } else if (name == "noBreakHyphen") {
    text.push_back('-');
  }
}

std::string note_text(const pugi::xml_node& note) {
  std::string text;
  walk(
      note,
      [&](const pugi::xml_node& node) {
        const std::string_view name = local_name(node);
        if (is_silent(name)) return false;
        append_run(node, name, text);
        return name != "t";
      },
      [&](const pugi::xml_node& node) {
        if (is_named(node, "p")) text.push_back(' ');
      });
  return one_line(text);
}

class DocxReader {
 public:
  DocxReader(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits)
      : archive_(archive), links_(office_links(archive, main_part)), text_(limits) {
    if (const auto styles = part("styles")) styles_ = DocxStyles(XmlTree(std::move(*styles)));
    if (const auto numbering = part("numbering")) numbering_ = DocxNumbering(XmlTree(std::move(*numbering)));
    read_notes("footnotes", "footnote", "f");
    read_notes("endnotes", "endnote", "e");
  }

  ParsedText read(std::string xml) {
    const XmlTree document(std::move(xml));
    walk(
        document.root(), [&](const pugi::xml_node& node) { return enter(node); },
        [&](const pugi::xml_node& node) { leave(node); });
    return {.title = std::move(title_), .pages = text_.finish()};
  }

 private:
  struct Paragraph {
    std::string text;
    int level = -1;
    bool title = false;
    std::string list;
    int list_level = 0;
    std::vector<std::string> notes{};
  };

  std::optional<std::string> part(std::string_view type) {
    const OfficeLink* link = find_link(links_, type);
    return link == nullptr || link->target.empty() ? std::nullopt : archive_.read(link->target);
  }

  void read_notes(std::string_view type, std::string_view element, const std::string& kind) {
    std::optional<std::string> bytes = part(type);
    if (!bytes) return;
    const XmlTree tree(std::move(*bytes));
    for (const pugi::xml_node note : tree.root()) {
      // Those with a type are the lines that set notes apart.
      if (!is_named(note, element) || !attribute_of(note, "type").empty()) continue;
      notes_.insert_or_assign(kind + std::string(attribute_of(note, "id")), note_text(note));
    }
  }

  bool enter(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    if (is_silent(name)) return false;
    if (name == "p") {
      begin_paragraph(node);
    } else if (name == "tbl") {
      text_.begin_table();
    } else if (text_.in_table() && name == "tr") {
      if (child_named(child_named(node, "trPr"), "del")) return false;
      text_.begin_row();
    } else if (text_.in_table() && name == "tc") {
      return begin_cell(node);
    } else if (name == "footnoteReference" || name == "endnoteReference") {
      if (!open_.empty()) refer(name.substr(0, 1), attribute_of(node, "id"));
    } else if (!open_.empty()) {
      append_run(node, name, open_.back().text);
    }
    return name != "t";
  }

  void leave(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    if (name == "p" && !open_.empty()) {
      end_paragraph();
    } else if (!text_.in_table()) {
      return;
    } else if (name == "tbl") {
      text_.end_table();
    } else if (name == "tr") {
      text_.end_row(is_set(child_named(child_named(node, "trPr"), "tblHeader")));
    } else if (name == "tc") {
      text_.end_cell();
    }
  }

  static bool is_set(const pugi::xml_node& flag) {
    const std::string_view value = attribute_of(flag, "val");
    return flag && (value.empty() || is_on(value));
  }

  bool begin_cell(const pugi::xml_node& cell) {
    const pugi::xml_node properties = child_named(cell, "tcPr");
    const long columns = std::max(office_number(attribute_of(child_named(properties, "gridSpan"), "val")), 1L);
    const pugi::xml_node merged = child_named(properties, "vMerge");
    if (merged && attribute_of(merged, "val") != "restart") {
      text_.repeat_cell(static_cast<std::size_t>(columns));
      return false;
    }
    text_.begin_cell(static_cast<std::size_t>(columns));
    return true;
  }

  void begin_paragraph(const pugi::xml_node& node) {
    const pugi::xml_node properties = child_named(node, "pPr");
    const std::string_view style_id = attribute_of(child_named(properties, "pStyle"), "val");
    DocxStyles::Style style = styles_.find(style_id);
    Paragraph paragraph{
        .level = style.level, .title = style.title, .list = std::move(style.list), .list_level = style.list_level};
    if (const pugi::xml_node outline = child_named(properties, "outlineLvl")) {
      const long level = office_number(attribute_of(outline, "val"));
      paragraph.level = level >= 0 && level < 9 ? static_cast<int>(level) : -1;
    }
    if (const pugi::xml_node list = child_named(properties, "numPr")) {
      paragraph.list = attribute_of(child_named(list, "numId"), "val");
      if (const pugi::xml_node level = child_named(list, "ilvl")) {
        paragraph.list_level = static_cast<int>(office_number(attribute_of(level, "val")));
      }
    }
    open_.push_back(std::move(paragraph));
  }

  void refer(std::string_view kind, std::string_view id) {
    const auto note = notes_.find(std::string(kind) + std::string(id));
    if (note == notes_.end() || note->second.empty()) return;
    const std::string mark = "[" + std::to_string(++note_count_) + "]";
    open_.back().text += mark;
    open_.back().notes.push_back(mark + " " + note->second);
  }

  void end_paragraph() {
    const Paragraph paragraph = std::move(open_.back());
    open_.pop_back();
    if (is_blank(paragraph.text)) return;
    if (paragraph.title && title_.empty()) title_ = one_line(paragraph.text);
    const bool listed = !paragraph.list.empty() && paragraph.list != "0";
    const std::string mark = listed ? numbering_.next(paragraph.list, paragraph.list_level) : std::string();
    if (paragraph.level >= 0) {
      text_.heading(paragraph.level + 1, mark == "- " ? paragraph.text : mark + paragraph.text);
    } else if (listed) {
      text_.item(paragraph.list_level, paragraph.text, mark.empty() ? "- " : mark);
    } else {
      text_.paragraph(paragraph.text);
    }
    for (const std::string& note : paragraph.notes) text_.paragraph(note);
  }

  ZipArchive& archive_;
  std::vector<OfficeLink> links_;
  TextBuilder text_;
  DocxStyles styles_;
  DocxNumbering numbering_;
  Notes notes_;
  int note_count_ = 0;
  std::string title_;
  std::vector<Paragraph> open_;  // a text box stands inside of a paragraph
};

}  // namespace

ParsedText read_docx(ZipArchive& archive, std::string_view main_part, const ReadLimits& limits) {
  ParsedText document = DocxReader(archive, main_part, limits).read(archive.require(main_part));
  document.media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
  if (std::string title = office_title(archive); !title.empty()) document.title = std::move(title);
  return document;
}

}  // namespace jackdaw::extract
