#include "extract/confined/docx_numbering.h"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "extract/confined/office_package.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

constexpr long kLargestRoman = 3'999;
constexpr std::size_t kMaxMarkBytes = 40;

std::string roman(long number) {
  constexpr std::array<std::pair<long, const char*>, 13> kDigits = {{{1000, "m"},
                                                                     {900, "cm"},
                                                                     {500, "d"},
                                                                     {400, "cd"},
                                                                     {100, "c"},
                                                                     {90, "xc"},
                                                                     {50, "l"},
                                                                     {40, "xl"},
                                                                     {10, "x"},
                                                                     {9, "ix"},
                                                                     {5, "v"},
                                                                     {4, "iv"},
                                                                     {1, "i"}}};
  std::string out;
  for (const auto& [value, digits] : kDigits) {
    for (; number >= value; number -= value) out += digits;
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string count_as(long number, std::string_view format) {
  const bool letters = format.ends_with("Letter");
  if (letters && number >= 1) {
    // Word goes on with aa, bb, cc.
    const auto letter = static_cast<char>('a' + (number - 1) % 26);
    const std::string out(static_cast<std::size_t>(std::min((number - 1) / 26 + 1, 20L)), letter);
    return format.starts_with("upper") ? upper(out) : out;
  }
  if (format.ends_with("Roman") && number >= 1 && number <= kLargestRoman) {
    return format.starts_with("upper") ? upper(roman(number)) : roman(number);
  }
  return std::to_string(number);
}

}  // namespace

DocxNumbering::DocxNumbering(const XmlTree& numbering) {
  for (const pugi::xml_node node : numbering.root()) {
    if (is_named(node, "abstractNum")) {
      Shape& shape = shapes_[std::string(attribute_of(node, "abstractNumId"))];
      for (const pugi::xml_node level : node) {
        const long depth = office_number(attribute_of(level, "ilvl"));
        if (!is_named(level, "lvl") || depth < 0 || depth >= static_cast<long>(kLevels)) continue;
        Level& to = shape.levels[static_cast<std::size_t>(depth)];
        to.format = attribute_of(child_named(level, "numFmt"), "val");
        to.text = attribute_of(child_named(level, "lvlText"), "val");
        if (const pugi::xml_node start = child_named(level, "start"))
          to.start = office_number(attribute_of(start, "val"));
      }
    } else if (is_named(node, "num")) {
      lists_.insert_or_assign(std::string(attribute_of(node, "numId")),
                              std::string(attribute_of(child_named(node, "abstractNumId"), "val")));
    }
  }
}

std::string DocxNumbering::next(std::string_view list, int level) {
  const auto number = lists_.find(list);
  if (number == lists_.end()) return {};
  const auto found = shapes_.find(number->second);
  if (found == shapes_.end()) return {};
  Shape& shape = found->second;
  const auto depth = static_cast<std::size_t>(std::clamp(level, 0, static_cast<int>(kLevels) - 1));
  long& count = shape.counts[depth];
  count = std::exchange(shape.begun[depth], true) ? std::min(count + 1, 1'000'000L) : shape.levels[depth].start;
  for (std::size_t deeper = depth + 1; deeper < kLevels; ++deeper) shape.begun[deeper] = false;

  const Level& own = shape.levels[depth];
  if (own.format == "bullet") return "- ";
  if (own.format == "none" || own.text.empty()) return {};
  std::string mark;
  for (std::size_t i = 0; i < own.text.size() && mark.size() < kMaxMarkBytes; ++i) {
    const bool place =
        own.text[i] == '%' && i + 1 < own.text.size() && own.text[i + 1] >= '1' && own.text[i + 1] <= '9';
    if (!place) {
      mark.push_back(own.text[i]);
      continue;
    }
    const auto of = static_cast<std::size_t>(own.text[++i] - '1');
    mark += count_as(shape.begun[of] ? shape.counts[of] : shape.levels[of].start, shape.levels[of].format);
  }
  return mark + ' ';
}

}  // namespace jackdaw::extract
