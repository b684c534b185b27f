#include "extract/confined/office_package.h"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "extract/confined/clean_text.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

OfficeKind kind_of(std::string_view content_type) {
  const std::string type = lower_ascii(content_type);
  // Of documents, templates and shows, with macros and without.
  if (!type.ends_with(".main+xml")) return OfficeKind::kOther;
  if (type.find("word") != std::string::npos) return OfficeKind::kWord;
  if (type.find("powerpoint") != std::string::npos || type.find("presentationml") != std::string::npos) {
    return OfficeKind::kPowerPoint;
  }
  if (type.find("excel") != std::string::npos || type.find("spreadsheetml") != std::string::npos) {
    return OfficeKind::kExcel;
  }
  return OfficeKind::kOther;
}

std::string content_type_of(const XmlTree& types, std::string_view part) {
  std::string by_extension;
  const std::string extension(part.substr(std::min(part.rfind('.'), part.size() - 1) + 1));
  for (const pugi::xml_node row : types.root()) {
    if (is_named(row, "Override") && resolve_link("", attribute_of(row, "PartName")) == part) {
      return std::string(attribute_of(row, "ContentType"));
    }
    if (is_named(row, "Default") && attribute_of(row, "Extension") == extension) {
      by_extension = attribute_of(row, "ContentType");
    }
  }
  return by_extension;
}

}  // namespace

std::optional<OfficeMain> find_office_main(ZipArchive& archive) {
  std::optional<std::string> bytes = archive.read("[Content_Types].xml");
  if (!bytes) return std::nullopt;
  const XmlTree types(std::move(*bytes));
  const std::vector<OfficeLink> links = office_links(archive, "");
  const OfficeLink* main = find_link(links, "officeDocument");
  if (main == nullptr || main->target.empty()) return OfficeMain{};
  OfficeMain found{.part = main->target, .content_type = content_type_of(types, main->target)};
  found.kind = kind_of(found.content_type);
  return found;
}

std::vector<OfficeLink> office_links(ZipArchive& archive, std::string_view part) {
  const std::size_t name = part.rfind('/') == std::string_view::npos ? 0 : part.rfind('/') + 1;
  std::optional<std::string> bytes =
      archive.read(std::string(part.substr(0, name)) + "_rels/" + std::string(part.substr(name)) + ".rels");
  std::vector<OfficeLink> links;
  if (!bytes) return links;
  const XmlTree tree(std::move(*bytes));
  for (const pugi::xml_node row : tree.root()) {
    if (!is_named(row, "Relationship")) continue;
    const std::string_view type = attribute_of(row, "Type");
    const bool outside = equals_ignoring_case(attribute_of(row, "TargetMode"), "external");
    links.push_back({.id = std::string(attribute_of(row, "Id")),
                     .type = std::string(type.substr(type.rfind('/') + 1)),
                     .target = outside ? std::string() : resolve_link(part, attribute_of(row, "Target"))});
  }
  return links;
}

const OfficeLink* find_link(const std::vector<OfficeLink>& links, std::string_view type) {
  const auto found = std::ranges::find(links, type, &OfficeLink::type);
  return found == links.end() ? nullptr : &*found;
}

const OfficeLink* find_link_by_id(const std::vector<OfficeLink>& links, std::string_view id) {
  const auto found = std::ranges::find(links, id, &OfficeLink::id);
  return found == links.end() ? nullptr : &*found;
}

std::string office_title(ZipArchive& archive) {
  const std::vector<OfficeLink> links = office_links(archive, "");
  const OfficeLink* core = find_link(links, "core-properties");
  std::optional<std::string> bytes = archive.read(core == nullptr ? "docProps/core.xml" : core->target);
  if (!bytes) return {};
  try {
    const XmlTree tree(std::move(*bytes));
    return one_line(text_below(child_named(tree.root(), "title")));
  } catch (const Refusal&) {
    // A document can be read without its title.
    return {};
  }
}

bool is_on(std::string_view value) noexcept {
  return value == "1" || value == "true" || value == "on";
}

long office_number(std::string_view text) noexcept {
  long number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace jackdaw::extract
