#include "extract/confined/html.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "extract/confined/charset.h"
#include "extract/confined/clean_text.h"
#include "extract/confined/html_tree.h"
#include "extract/confined/text_builder.h"

namespace jackdaw::extract {
namespace {

const GumboVector* children_of(const GumboNode& node) {
  if (node.type == GUMBO_NODE_DOCUMENT) return &node.v.document.children;
  return node.type == GUMBO_NODE_ELEMENT || node.type == GUMBO_NODE_TEMPLATE ? &node.v.element.children : nullptr;
}

const GumboNode* child_at(const GumboVector* children, std::size_t index) {
  return children == nullptr || index >= children->length ? nullptr
                                                          : static_cast<const GumboNode*>(children->data[index]);
}

// As walk() of xml_tree.h.
template <class Enter, class Leave>
void walk_html(const GumboNode& root, Enter enter, Leave leave) {
  std::vector<std::pair<const GumboNode*, std::size_t>> open{{&root, 0}};
  while (!open.empty()) {
    const auto [parent, index] = open.back();
    const GumboNode* node = child_at(children_of(*parent), index);
    if (node == nullptr) {
      open.pop_back();
      if (!open.empty()) leave(*parent);
      continue;
    }
    ++open.back().second;
    if (enter(*node)) open.emplace_back(node, 0);
  }
}

GumboTag tag_of(const GumboNode& node) {
  return children_of(node) != nullptr && node.type != GUMBO_NODE_DOCUMENT ? node.v.element.tag : GUMBO_TAG_LAST;
}

std::string_view attribute(const GumboNode& node, const char* name) {
  const GumboAttribute* found = gumbo_get_attribute(&node.v.element.attributes, name);
  return found == nullptr ? std::string_view() : found->value;
}

bool is_one_of(GumboTag tag, std::initializer_list<GumboTag> tags) {
  return std::ranges::find(tags, tag) != tags.end();
}

int heading_level(GumboTag tag) {
  return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? tag - GUMBO_TAG_H1 + 1 : 0;
}

bool is_block(GumboTag tag) {
  return heading_level(tag) > 0 ||
         is_one_of(tag,
                   {GUMBO_TAG_ADDRESS,    GUMBO_TAG_ARTICLE, GUMBO_TAG_ASIDE, GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_BODY,
                    GUMBO_TAG_CAPTION,    GUMBO_TAG_CENTER,  GUMBO_TAG_DD,    GUMBO_TAG_DETAILS,    GUMBO_TAG_DIR,
                    GUMBO_TAG_DIV,        GUMBO_TAG_DL,      GUMBO_TAG_DT,    GUMBO_TAG_FIELDSET,   GUMBO_TAG_FIGURE,
                    GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FOOTER,  GUMBO_TAG_FORM,  GUMBO_TAG_HEADER,     GUMBO_TAG_HGROUP,
                    GUMBO_TAG_HR,         GUMBO_TAG_LEGEND,  GUMBO_TAG_LI,    GUMBO_TAG_LISTING,    GUMBO_TAG_MAIN,
                    GUMBO_TAG_MENU,       GUMBO_TAG_OL,      GUMBO_TAG_P,     GUMBO_TAG_PRE,        GUMBO_TAG_SECTION,
                    GUMBO_TAG_SUMMARY,    GUMBO_TAG_TABLE,   GUMBO_TAG_TBODY, GUMBO_TAG_TD,         GUMBO_TAG_TFOOT,
                    GUMBO_TAG_TH,         GUMBO_TAG_THEAD,   GUMBO_TAG_TR,    GUMBO_TAG_UL,         GUMBO_TAG_XMP});
}

bool is_hidden(const GumboNode& node) {
  const std::string_view style = attribute(node, "style");
  const std::string_view role = attribute(node, "role");
  if (role == "navigation" || role == "search" || equals_ignoring_case(attribute(node, "aria-hidden"), "true")) {
    return true;
  }
  if (gumbo_get_attribute(&node.v.element.attributes, "hidden") != nullptr) return true;
  std::string compact = lower_ascii(style.substr(0, 2'000));
  std::erase_if(compact, [](char c) { return c == ' '; });
  return compact.find("display:none") != std::string::npos;
}

// No part of what the page says.
bool is_silent(const GumboNode& node) {
  const GumboTag tag = tag_of(node);
  return is_one_of(tag, {GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE, GUMBO_TAG_NAV,
                         GUMBO_TAG_SVG, GUMBO_TAG_IFRAME, GUMBO_TAG_CANVAS, GUMBO_TAG_AUDIO, GUMBO_TAG_VIDEO,
                         GUMBO_TAG_BUTTON, GUMBO_TAG_SELECT, GUMBO_TAG_DATALIST, GUMBO_TAG_TEXTAREA, GUMBO_TAG_INPUT,
                         GUMBO_TAG_RT, GUMBO_TAG_RP, GUMBO_TAG_NOFRAMES, GUMBO_TAG_ANNOTATION_XML}) ||
         is_hidden(node);
}

// Tables that only arrange a page hold other tables, one row or one column. Looks no further than the first table
// inside, so all tables of a page together cost its length once.
bool is_data_table(const GumboNode& table) {
  const std::string_view role = attribute(table, "role");
  if (role == "presentation" || role == "none") return false;
  std::size_t rows = 0;
  std::size_t cells = 0;
  bool header = false;
  bool nested = false;
  walk_html(
      table,
      [&](const GumboNode& node) {
        const GumboTag tag = tag_of(node);
        nested = nested || tag == GUMBO_TAG_TABLE;
        rows += tag == GUMBO_TAG_TR ? 1 : 0;
        cells += is_one_of(tag, {GUMBO_TAG_TD, GUMBO_TAG_TH}) ? 1 : 0;
        header = header || is_one_of(tag, {GUMBO_TAG_TH, GUMBO_TAG_THEAD, GUMBO_TAG_CAPTION});
        return !nested;
      },
      [](const GumboNode&) {});
  return header || (!nested && rows > 1 && cells > rows);
}

// Of an attribute; 1 where there is none.
std::size_t number_of(const GumboNode& node, const char* name) {
  const std::string_view value = attribute(node, name);
  std::size_t number = 1;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

class HtmlReader {
 public:
  explicit HtmlReader(TextBuilder& text) : text_(text) {}

  std::string read(const GumboNode& document) {
    walk_html(
        document, [&](const GumboNode& node) { return enter(node); }, [&](const GumboNode& node) { leave(node); });
    flush();
    flush_term();
    return std::move(title_);
  }

 private:
  struct Table {
    bool data = false;
    std::size_t cells = 0;  // of the row
    std::size_t header_cells = 0;
  };

  bool enter(const GumboNode& node) {
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE || node.type == GUMBO_NODE_CDATA) {
      append(node.v.text.text);
      return false;
    }
    const GumboTag tag = tag_of(node);
    if (tag == GUMBO_TAG_LAST || is_silent(node)) return false;
    if (tag == GUMBO_TAG_TITLE) {
      if (const GumboNode* text = child_at(children_of(node), 0); text != nullptr && text->type == GUMBO_NODE_TEXT) {
        if (title_.empty()) title_ = one_line(text->v.text.text);
      }
      return false;
    }
    if (is_block(tag)) begin_block(node, tag);
    if (tag == GUMBO_TAG_BR) {
      line_.push_back('\n');
      gap_ = false;
    } else if (tag == GUMBO_TAG_IMG) {
      append(" ");
      append(attribute(node, "alt"));
      append(" ");
    }
    return true;
  }

  void begin_block(const GumboNode& node, GumboTag tag) {
    flush();
    if (const int level = heading_level(tag)) heading_ = level;
    if (is_one_of(tag, {GUMBO_TAG_UL, GUMBO_TAG_OL, GUMBO_TAG_MENU, GUMBO_TAG_DIR})) {
      lists_.push_back(tag == GUMBO_TAG_OL ? number_of(node, "start") : 0);
    } else if (tag == GUMBO_TAG_LI) {
      item_ = true;
    } else if (tag == GUMBO_TAG_DT) {
      flush_term();
    } else if (is_one_of(tag, {GUMBO_TAG_PRE, GUMBO_TAG_LISTING, GUMBO_TAG_XMP})) {
      ++pre_;
    } else if (tag == GUMBO_TAG_TABLE) {
      tables_.push_back({.data = is_data_table(node)});
      if (tables_.back().data) text_.begin_table();
    } else if (in_data_table()) {
      begin_table_part(node, tag);
    }
  }

  void begin_table_part(const GumboNode& node, GumboTag tag) {
    if (tag == GUMBO_TAG_TR) {
      tables_.back().cells = 0;
      tables_.back().header_cells = 0;
      text_.begin_row();
    } else if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) {
      ++tables_.back().cells;
      tables_.back().header_cells += tag == GUMBO_TAG_TH ? 1 : 0;
      text_.begin_cell(number_of(node, "colspan"), number_of(node, "rowspan"));
    }
  }

  void leave(const GumboNode& node) {
    const GumboTag tag = tag_of(node);
    if (!is_block(tag)) return;
    if (tag == GUMBO_TAG_DT) {
      term_ = one_line(std::exchange(line_, {}));
      gap_ = false;
      return;
    }
    flush();
    if (heading_level(tag) > 0) {
      heading_ = 0;
    } else if (is_one_of(tag, {GUMBO_TAG_UL, GUMBO_TAG_OL, GUMBO_TAG_MENU, GUMBO_TAG_DIR})) {
      lists_.pop_back();
    } else if (tag == GUMBO_TAG_LI) {
      item_ = false;
    } else if (tag == GUMBO_TAG_DL) {
      flush_term();
    } else if (is_one_of(tag, {GUMBO_TAG_PRE, GUMBO_TAG_LISTING, GUMBO_TAG_XMP})) {
      --pre_;
    } else if (tag == GUMBO_TAG_TABLE) {
      if (tables_.back().data) text_.end_table();
      tables_.pop_back();
    } else if (in_data_table()) {
      end_table_part(node, tag);
    }
  }

  void end_table_part(const GumboNode& node, GumboTag tag) {
    if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) {
      text_.end_cell();
    } else if (tag == GUMBO_TAG_TR) {
      const Table& table = tables_.back();
      const bool in_head = node.parent != nullptr && tag_of(*node.parent) == GUMBO_TAG_THEAD;
      text_.end_row(in_head || (table.cells > 0 && table.cells == table.header_cells));
    }
  }

  bool in_data_table() const { return !tables_.empty() && tables_.back().data; }

  void append(std::string_view text) {
    if (pre_ > 0) {
      line_.append(text);
      return;
    }
    for (const char c : text) {
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        gap_ = true;
        continue;
      }
      if (gap_ && !line_.empty() && line_.back() != '\n') line_.push_back(' ');
      gap_ = false;
      line_.push_back(c);
    }
  }

  void flush() {
    gap_ = false;
    const std::string text = std::exchange(line_, {});
    if (is_blank(text)) return;
    if (heading_ > 0) {
      text_.heading(heading_, text);
    } else if (std::exchange(item_, false)) {
      const int depth = lists_.empty() ? 0 : static_cast<int>(lists_.size()) - 1;
      const bool counted = !lists_.empty() && lists_.back() > 0;
      text_.item(depth, text, counted ? std::to_string(lists_.back()++) + ". " : "- ");
    } else if (!term_.empty()) {
      text_.item(0, std::exchange(term_, {}) + ": " + text, "");
    } else {
      text_.paragraph(text);
    }
  }

  // A term that nothing explains.
  void flush_term() {
    if (!term_.empty()) text_.paragraph(std::exchange(term_, {}));
  }

  TextBuilder& text_;
  std::string line_;
  bool gap_ = false;  // white space since the last word of line_
  int heading_ = 0;
  bool item_ = false;               // the next block begins an item
  std::vector<std::size_t> lists_;  // the open ones: the next number, 0 without
  std::string term_;
  int pre_ = 0;
  std::vector<Table> tables_;
  std::string title_;
};

// The value behind `name` and an equals sign.
std::string_view value_after(std::string_view bytes, std::size_t at) {
  at = bytes.find_first_not_of(" \t\r\n", at);
  if (at == std::string_view::npos || bytes[at] != '=') return {};
  at = bytes.find_first_not_of(" \t\r\n\"'", at + 1);
  if (at == std::string_view::npos) return {};
  return bytes.substr(at, bytes.find_first_of(" \t\r\n\"'/>;?", at) - at);
}

}  // namespace

std::string html_charset(std::string_view bytes) {
  constexpr std::size_t kPrescanBytes = 4096;
  const std::string head = lower_ascii(bytes.substr(0, kPrescanBytes));
  if (head.starts_with("<?xml")) {
    const std::size_t end = head.find("?>");
    const std::size_t at = head.find("encoding");
    if (at < end && end != std::string::npos) return std::string(value_after(head, at + std::strlen("encoding")));
  }
  for (std::size_t meta = head.find("<meta"); meta != std::string::npos; meta = head.find("<meta", meta + 1)) {
    const std::size_t at = head.find("charset", meta);
    if (at != std::string::npos && at < head.find('>', meta)) {
      return std::string(value_after(head, at + std::strlen("charset")));
    }
  }
  return {};
}

std::string append_html(std::string_view utf8, TextBuilder& text) {
  const HtmlTree tree(utf8);
  return HtmlReader(text).read(tree.document());
}

ParsedText read_html(std::string_view bytes, const ReadLimits& limits) {
  TextBuilder text(limits);
  std::string title = append_html(to_utf8(bytes, html_charset(bytes)), text);
  return {.media_type = "text/html", .title = std::move(title), .pages = text.finish()};
}

}  // namespace jackdaw::extract
