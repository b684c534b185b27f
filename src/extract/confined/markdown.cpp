#include "extract/confined/markdown.h"

#include <md4c.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include "extract/confined/clean_text.h"
#include "extract/confined/html.h"
#include "extract/confined/plain_text.h"
#include "extract/confined/text_builder.h"

namespace jackdaw::extract {
namespace {

// A text beyond it is a log or a dump, whose marks mean nothing; and the parser counts in 32 bits.
constexpr std::size_t kLongestMarkdownBytes = std::size_t{16} << 20;
constexpr std::size_t kLookBytes = std::size_t{64} << 10;

struct Marks {
  std::size_t headings = 0;
  std::size_t fences = 0;
  std::size_t links = 0;
  std::size_t table_rules = 0;
  std::size_t items = 0;
  std::size_t emphasis = 0;
  std::size_t quotes = 0;
};

bool is_heading(std::string_view line) {
  const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
  return level >= 1 && level <= 6 && level + 1 < line.size() && line[level] == ' ' && line[level + 1] != ' ';
}

bool is_rule_of(std::string_view line, std::string_view allowed, std::string_view needed) {
  return line.size() >= 3 && line.find_first_not_of(allowed) == std::string_view::npos &&
         line.find(needed) != std::string_view::npos;
}

bool is_item(std::string_view line) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(indent);
  return line.size() > 2 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && line[1] == ' ' && line[2] != ' ';
}

void count_inline(std::string_view line, Marks& marks) {
  const std::size_t middle = line.find("](");
  if (middle != std::string_view::npos && line.substr(0, middle).find('[') != std::string_view::npos &&
      line.find(')', middle) != std::string_view::npos) {
    ++marks.links;
  }
  for (const std::string_view mark : {"**", "`", "__"}) {
    const std::size_t open = line.find(mark);
    if (open == std::string_view::npos || open + mark.size() >= line.size() || line[open + mark.size()] == ' ')
      continue;
    const std::size_t close = line.find(mark, open + mark.size() + 1);
    if (close != std::string_view::npos && line[close - 1] != ' ') ++marks.emphasis;
  }
}

Marks count_marks(std::string_view text) {
  Marks marks;
  bool blank_above = true;
  std::string_view above;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    begin = end + 1;
    // A comment of a script also begins with a number sign, but seldom stands apart.
    if (is_heading(line) && blank_above) ++marks.headings;
    if ((is_rule_of(line, "=", "=") || is_rule_of(line, "-", "-")) && !above.empty() &&
        line.size() + 3 >= above.size() && line.size() <= above.size() + 3) {
      ++marks.headings;
    }
    if (line.starts_with("```") || line.starts_with("~~~")) ++marks.fences;
    if (is_rule_of(line, "|-: ", "|") && line.find('-') != std::string_view::npos) ++marks.table_rules;
    if (line.starts_with("> ")) ++marks.quotes;
    if (is_item(line)) ++marks.items;
    count_inline(line, marks);
    blank_above = line.empty();
    above = line;
  }
  return marks;
}

// Keeps the blocks of md4c apart and hands them to a TextBuilder.
class MarkdownReader {
 public:
  explicit MarkdownReader(TextBuilder& text) : text_(text) {}

  void read(std::string_view utf8) {
    MD_PARSER parser{};
    parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEATXHEADERS;
    parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
      return guarded(self, [&](MarkdownReader& reader) { reader.enter(type, detail); });
    };
    parser.leave_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
      return guarded(self, [&](MarkdownReader& reader) { reader.leave(type, detail); });
    };
    parser.enter_span = [](MD_SPANTYPE, void*, void*) { return 0; };
    parser.leave_span = [](MD_SPANTYPE, void*, void*) { return 0; };
    parser.text = [](MD_TEXTTYPE type, const MD_CHAR* data, MD_SIZE size, void* self) {
      return guarded(self, [&](MarkdownReader& reader) { reader.append(type, {data, size}); });
    };
    const int result = md_parse(utf8.data(), static_cast<MD_SIZE>(utf8.size()), &parser, this);
    if (failure_) std::rethrow_exception(failure_);
    if (result != 0) throw std::bad_alloc();
  }

  std::string title() { return std::move(title_); }

 private:
  struct List {
    bool ordered;
    unsigned next;
  };

  // No exception may pass through the parser's own frames: it would keep its buffers.
  template <class Work>
  static int guarded(void* self, Work work) noexcept {
    auto& reader = *static_cast<MarkdownReader*>(self);
    try {
      work(reader);
      return 0;
    } catch (...) {
      reader.failure_ = std::current_exception();
      return 1;
    }
  }

  void enter(MD_BLOCKTYPE type, void* detail) {
    // The text of a tight item has no paragraph of its own.
    if (type != MD_BLOCK_P) flush();
    switch (type) {
      case MD_BLOCK_UL: lists_.push_back({false, 0}); break;
      case MD_BLOCK_OL: lists_.push_back({true, static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start}); break;
      case MD_BLOCK_LI: item_ = true; break;
      case MD_BLOCK_HTML: in_html_ = true; break;
      case MD_BLOCK_TABLE: text_.begin_table(); break;
      case MD_BLOCK_TR: cells_.clear(); break;
      case MD_BLOCK_TH: header_ = true; break;
      default: break;
    }
  }

  void leave(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_H: end_heading(static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level)); break;
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        flush();
        if (!lists_.empty()) lists_.pop_back();
        break;
      case MD_BLOCK_HTML: end_html(); break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD: cells_.push_back(std::exchange(line_, {})); break;
      case MD_BLOCK_TR: text_.row(std::move(cells_), std::exchange(header_, false)); break;
      case MD_BLOCK_TABLE: text_.end_table(); break;
      case MD_BLOCK_LI:
        flush();
        item_ = false;
        break;
      default: flush(); break;
    }
  }

  void end_heading(int level) {
    const std::string line = std::exchange(line_, {});
    if (title_.empty() && level == 1) title_ = one_line(line);
    text_.heading(level, line);
  }

  void end_html() {
    in_html_ = false;
    const std::string html = std::exchange(line_, {});
    try {
      append_html(html, text_);
    } catch (const Refusal& refusal) {
      if (refusal.reason() != protocol::FailureReason::kFormat) throw;
      // No HTML, but words of the text still.
      text_.paragraph(html);
    }
  }

  void append(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_BR: line_.push_back('\n'); break;
      case MD_TEXT_SOFTBR: line_.push_back('\n'); break;
      case MD_TEXT_NULLCHAR: break;
      case MD_TEXT_ENTITY: append_entity(text); break;
      case MD_TEXT_HTML:
        if (in_html_) {
          line_.append(text);
        } else if (lower_ascii(text.substr(0, 3)) == "<br") {
          line_.push_back('\n');
        }
        break;
      default: line_.append(text); break;
    }
  }

  void append_entity(std::string_view entity) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kKnown = {{{"&amp;", "&"},
                                                                                       {"&lt;", "<"},
                                                                                       {"&gt;", ">"},
                                                                                       {"&quot;", "\""},
                                                                                       {"&apos;", "'"},
                                                                                       {"&#39;", "'"},
                                                                                       {"&nbsp;", " "},
                                                                                       {"&copy;", "\xC2\xA9"},
                                                                                       {"&mdash;", "\xE2\x80\x94"},
                                                                                       {"&ndash;", "\xE2\x80\x93"}}};
    const auto known = std::ranges::find(kKnown, entity, &std::pair<std::string_view, std::string_view>::first);
    line_.append(known == kKnown.end() ? entity : known->second);
  }

  void flush() {
    const std::string text = std::exchange(line_, {});
    if (is_blank(text)) return;
    if (!std::exchange(item_, false)) return text_.paragraph(text);
    const int depth = lists_.empty() ? 0 : static_cast<int>(lists_.size()) - 1;
    const bool counted = !lists_.empty() && lists_.back().ordered;
    text_.item(depth, text, counted ? std::to_string(lists_.back().next++) + ". " : "- ");
  }

  TextBuilder& text_;
  std::exception_ptr failure_;
  std::string line_;
  std::string title_;
  std::vector<List> lists_;
  std::vector<std::string> cells_;
  bool item_ = false;
  bool header_ = false;
  bool in_html_ = false;
};

// The lines between "---" and "---" on top of a text; the text goes on behind them.
std::string_view take_metadata(std::string_view& utf8) {
  constexpr std::size_t kLongestBytes = 16 << 10;
  if (!utf8.starts_with("---\n")) return {};
  const std::size_t end = utf8.substr(0, kLongestBytes).find("\n---\n", 3);
  if (end == std::string_view::npos) return {};
  const std::string_view metadata = utf8.substr(4, end - 3);
  // A rule above the first paragraph is none.
  if (metadata.find(':') == std::string_view::npos || metadata.starts_with('\n')) return {};
  utf8.remove_prefix(end + 5);
  return metadata;
}

std::string title_in(std::string_view metadata) {
  for (std::size_t begin = 0; begin < metadata.size();) {
    const std::size_t end = std::min(metadata.find('\n', begin), metadata.size());
    std::string_view line = metadata.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with("title:")) continue;
    line = trim_ascii(line.substr(6));
    if (line.size() >= 2 && (line[0] == '"' || line[0] == '\'') && line.back() == line[0]) {
      line = line.substr(1, line.size() - 2);
    }
    return one_line(line);
  }
  return {};
}

}  // namespace

bool looks_like_markdown(std::string_view utf8) {
  if (utf8.size() > kLongestMarkdownBytes) return false;
  const Marks marks = count_marks(utf8.substr(0, kLookBytes));
  const auto has = [](std::size_t count, std::size_t enough) { return count >= enough ? 1 : 0; };
  const int strong = has(marks.headings, 1) + has(marks.fences, 2) + has(marks.links, 1) + has(marks.table_rules, 1);
  const int weak = has(marks.items, 2) + has(marks.emphasis, 2) + has(marks.quotes, 2) + has(marks.headings, 3);
  return marks.table_rules > 0 || strong >= 2 || (strong == 1 && weak >= 1);
}

ParsedText read_markdown(std::string_view utf8, const ReadLimits& limits) {
  if (utf8.size() > kLongestMarkdownBytes) return read_plain_text(utf8, limits);
  const std::string clean = clean_text(utf8);
  std::string_view body = clean;
  TextBuilder text(limits);
  const std::string_view metadata = take_metadata(body);
  text.paragraph(metadata);
  MarkdownReader reader(text);
  reader.read(body);
  std::string title = title_in(metadata);
  if (title.empty()) title = reader.title();
  return {.media_type = "text/markdown", .title = std::move(title), .pages = text.finish()};
}

}  // namespace jackdaw::extract
