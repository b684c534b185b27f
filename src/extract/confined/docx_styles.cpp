#include "extract/confined/docx_styles.h"

#include <pugixml.hpp>

#include "extract/confined/clean_text.h"
#include "extract/confined/office_package.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

// Word itself refuses longer chains.
constexpr int kMaxChain = 12;
constexpr int kBodyLevel = 9;

int level_by_name(std::string_view name) {
  constexpr std::string_view kHeading = "heading ";
  const std::string lower = lower_ascii(name);
  if (!lower.starts_with(kHeading)) return -1;
  const long level = office_number(std::string_view(lower).substr(kHeading.size()));
  return level >= 1 && level <= 9 ? static_cast<int>(level) - 1 : -1;
}

DocxStyles::Style read_style(const pugi::xml_node& node) {
  DocxStyles::Style style;
  style.based_on = attribute_of(child_named(node, "basedOn"), "val");
  const std::string_view name = attribute_of(child_named(node, "name"), "val");
  style.title = equals_ignoring_case(name, "title");
  style.level = level_by_name(name);
  const pugi::xml_node properties = child_named(node, "pPr");
  if (const pugi::xml_node outline = child_named(properties, "outlineLvl")) {
    const long level = office_number(attribute_of(outline, "val"));
    style.level = level >= 0 && level < kBodyLevel ? static_cast<int>(level) : kBodyLevel;
  }
  const pugi::xml_node list = child_named(properties, "numPr");
  style.list = attribute_of(child_named(list, "numId"), "val");
  style.list_level = static_cast<int>(office_number(attribute_of(child_named(list, "ilvl"), "val")));
  return style;
}

}  // namespace

DocxStyles::DocxStyles(const XmlTree& styles) {
  for (const pugi::xml_node node : styles.root()) {
    if (is_named(node, "style")) styles_.insert_or_assign(std::string(attribute_of(node, "styleId")), read_style(node));
  }
}

DocxStyles::Style DocxStyles::find(std::string_view id) const {
  Style found;
  auto at = styles_.find(id);
  for (int step = 0; step < kMaxChain && at != styles_.end(); ++step) {
    const Style& style = at->second;
    if (found.level < 0) found.level = style.level;
    if (found.list.empty()) {
      found.list = style.list;
      found.list_level = style.list_level;
    }
    found.title = found.title || (step == 0 && style.title);
    at = styles_.find(style.based_on);
  }
  if (found.level >= kBodyLevel) found.level = -1;
  return found;
}

}  // namespace jackdaw::extract
