#include "extract/confined/xml_tree.h"

#include <pugixml.hpp>

#include <new>
#include <utility>

namespace jackdaw::extract {

// Spaces between elements are text in all formats that are read here; entities of a DTD are never expanded.
XmlTree::XmlTree(std::string xml, bool fragment)
    : xml_(std::move(xml)), document_(std::make_unique<pugi::xml_document>()) {
  const unsigned options = pugi::parse_default | pugi::parse_ws_pcdata | (fragment ? pugi::parse_fragment : 0U);
  const pugi::xml_parse_result result = document_->load_buffer_inplace(xml_.data(), xml_.size(), options);
  if (result.status == pugi::status_out_of_memory) throw std::bad_alloc();
  if (!result) throw Refusal(protocol::FailureReason::kFormat);
}

XmlTree::~XmlTree() = default;

pugi::xml_node XmlTree::root() const {
  return document_->document_element();
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);
}

bool is_named(const pugi::xml_node& node, std::string_view local) {
  return local_name(node) == local;
}

pugi::xml_node child_named(const pugi::xml_node& node, std::string_view local) {
  for (const pugi::xml_node child : node) {
    if (is_named(child, local)) return child;
  }
  return {};
}

std::string_view attribute_of(const pugi::xml_node& node, std::string_view local) {
  for (const pugi::xml_attribute attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    if (name.substr(name.find(':') + 1) == local) return attribute.value();
  }
  return {};
}

std::string text_below(const pugi::xml_node& node) {
  std::string text;
  walk(
      node,
      [&](const pugi::xml_node& below) {
        if (below.type() == pugi::node_pcdata || below.type() == pugi::node_cdata) text.append(below.value());
        return true;
      },
      [](const pugi::xml_node&) {});
  return text;
}

}  // namespace jackdaw::extract
