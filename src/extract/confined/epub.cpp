#include "extract/confined/epub.h"

#include <pugixml.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "extract/confined/charset.h"
#include "extract/confined/clean_text.h"
#include "extract/confined/html.h"
#include "extract/confined/text_builder.h"
#include "extract/confined/xml_tree.h"

namespace jackdaw::extract {
namespace {

struct Item {
  std::string entry;
  bool contents = false;  // the table of contents, for programs
};

// Fonts may be scrambled in any book; anything else that is encrypted cannot be read.
void refuse_protection(ZipArchive& archive) {
  std::optional<std::string> xml = archive.read("META-INF/encryption.xml");
  if (!xml) return;
  const XmlTree tree(std::move(*xml));
  bool locked = false;
  walk(
      tree.root(),
      [&](const pugi::xml_node& node) {
        if (!is_named(node, "EncryptionMethod")) return true;
        const std::string_view algorithm = attribute_of(node, "Algorithm");
        locked = locked || (algorithm != "http://www.idpf.org/2008/embedding" &&
                            algorithm != "http://ns.adobe.com/pdf/enc#RC" && !is_named(node.parent(), "EncryptedKey"));
        return true;
      },
      [](const pugi::xml_node&) {});
  if (locked) throw Refusal(protocol::FailureReason::kProtection);
}

std::string package_entry(ZipArchive& archive) {
  const XmlTree container(archive.require("META-INF/container.xml"));
  const pugi::xml_node root = child_named(child_named(container.root(), "rootfiles"), "rootfile");
  return resolve_link("", attribute_of(root, "full-path"));
}

std::map<std::string, Item, std::less<>> read_manifest(const pugi::xml_node& manifest, std::string_view package) {
  std::map<std::string, Item, std::less<>> items;
  for (const pugi::xml_node item : manifest) {
    const std::string_view type = attribute_of(item, "media-type");
    if (type.find("html") == std::string_view::npos) continue;
    const std::string properties = ' ' + std::string(attribute_of(item, "properties")) + ' ';
    items.insert_or_assign(std::string(attribute_of(item, "id")),
                           Item{.entry = resolve_link(package, attribute_of(item, "href")),
                                .contents = properties.find(" nav ") != std::string::npos});
  }
  return items;
}

}  // namespace

ParsedText read_epub(ZipArchive& archive, const ReadLimits& limits) {
  refuse_protection(archive);
  const std::string package = package_entry(archive);
  const XmlTree tree(archive.require(package));
  const auto items = read_manifest(child_named(tree.root(), "manifest"), package);
  TextBuilder text(limits);
  for (const pugi::xml_node place : child_named(tree.root(), "spine")) {
    const auto item = items.find(attribute_of(place, "idref"));
    if (item == items.end() || item->second.contents) continue;
    if (const std::optional<std::string> chapter = archive.read(item->second.entry)) {
      append_html(to_utf8(*chapter, html_charset(*chapter)), text);
    }
  }
  return {.media_type = "application/epub+zip",
          .title = one_line(text_below(child_named(child_named(tree.root(), "metadata"), "title"))),
          .pages = text.finish()};
}

}  // namespace jackdaw::extract
