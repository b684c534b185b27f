#include "extract/confined/markup_guard.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "extract/confined/clean_text.h"
#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {
namespace {

constexpr std::size_t kMaxAttributes = 1'000;

// Elements that have no end tag or may leave it away, and links, which end where the next one begins.
constexpr std::array<std::string_view, 27> kUnclosed = {"a",     "area",  "base",   "basefont", "br",    "col",    "dd",
                                                        "dt",    "embed", "hr",     "img",      "input", "keygen", "li",
                                                        "link",  "meta",  "option", "p",        "param", "source", "td",
                                                        "tbody", "th",    "tr",     "track",    "wbr",   "thead"};
constexpr std::array<std::string_view, 6> kRaw = {"script", "style", "textarea", "title", "xmp", "noembed"};

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_white(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

struct Tag {
  std::size_t end = 0;  // behind its '>'
  std::size_t attributes = 0;
  bool closes_itself = false;
};

// From behind the tag's name.
Tag read_tag(std::string_view html, std::size_t i) noexcept {
  Tag tag;
  bool in_name = false;
  for (; i < html.size() && html[i] != '>'; ++i) {
    const char c = html[i];
    tag.closes_itself = c == '/';
    if (is_white(c) || c == '/') {
      in_name = false;
    } else if (c == '=') {
      std::size_t value = i + 1;
      while (value < html.size() && is_white(html[value])) ++value;
      if (value < html.size() && (html[value] == '"' || html[value] == '\'')) {
        value = std::min(html.find(html[value], value + 1), html.size());
        i = std::min(value, html.size() - 1);
      }
      in_name = false;
    } else if (!in_name) {
      in_name = true;
      ++tag.attributes;
    }
  }
  tag.end = std::min(i + 1, html.size());
  return tag;
}

// Behind the end tag of an element whose content is no markup.
std::size_t skip_raw(std::string_view html, std::size_t i, std::string_view name) noexcept {
  for (i = html.find("</", i); i != std::string_view::npos; i = html.find("</", i + 2)) {
    if (equals_ignoring_case(html.substr(i + 2, name.size()), name)) return i;
  }
  return html.size();
}

// The elements that are open, innermost last.
class OpenElements {
 public:
  // False when there are too many.
  bool open(std::string_view name) noexcept {
    if (count_ == names_.size()) return false;
    names_[count_++] = name;
    return true;
  }
  // Closes what is inside of it, too; an end tag that fits to nothing is ignored, as browsers do.
  void close(std::string_view name) noexcept {
    for (std::size_t i = count_; i > 0; --i) {
      if (same(names_[i - 1], name)) {
        count_ = i - 1;
        return;
      }
    }
  }

 private:
  static bool same(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
  }
  static char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

  std::array<std::string_view, kMaxDepth> names_;
  std::size_t count_ = 0;
};

}  // namespace

bool is_markup_bomb(std::string_view html) noexcept {
  OpenElements elements;
  for (std::size_t i = html.find('<'); i < html.size(); i = html.find('<', i)) {
    if (html.substr(i).starts_with("<!--")) {
      const std::size_t end = html.find("-->", i + 4);
      // A comment that never ends swallows the rest.
      if (end == std::string_view::npos) return false;
      i = end + 3;
      continue;
    }
    const bool closing = html.substr(i).starts_with("</");
    const std::size_t begin = i + (closing ? 2 : 1);
    if (begin >= html.size() || !is_letter(html[begin])) {
      ++i;
      continue;
    }
    const std::size_t stop = std::min(html.find_first_of(" \t\n\r\f/>", begin), html.size());
    const std::string_view name = html.substr(begin, stop - begin);
    const auto is = [&](std::string_view known) { return equals_ignoring_case(name, known); };
    const Tag tag = read_tag(html, stop);
    if (tag.attributes > kMaxAttributes) return true;
    i = tag.end;
    if (std::ranges::any_of(kUnclosed, is)) continue;
    if (closing) {
      elements.close(name);
    } else if (const auto raw = std::ranges::find_if(kRaw, is); raw != kRaw.end()) {
      i = skip_raw(html, i, *raw);
    } else if (!tag.closes_itself && !elements.open(name)) {
      return true;
    }
  }
  return false;
}

}  // namespace jackdaw::extract
