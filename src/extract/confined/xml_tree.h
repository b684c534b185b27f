#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "extract/confined/parsed_text.h"

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

namespace jackdaw::extract {

// An XML file as a tree. Names are compared without their prefix, since every program chooses its own.
class XmlTree {
 public:
  // Takes the text, in which the tree lives. Throws Refusal with kFormat when it is not well-formed.
  explicit XmlTree(std::string xml, bool fragment = false);
  XmlTree(const XmlTree&) = delete;
  XmlTree& operator=(const XmlTree&) = delete;
  ~XmlTree();

  pugi::xml_node root() const;

 private:
  std::string xml_;
  std::unique_ptr<pugi::xml_document> document_;
};

// "p" of "w:p".
std::string_view local_name(const pugi::xml_node& node);
bool is_named(const pugi::xml_node& node, std::string_view local);
// Null nodes and empty values where there is none.
pugi::xml_node child_named(const pugi::xml_node& node, std::string_view local);
std::string_view attribute_of(const pugi::xml_node& node, std::string_view local);
// All text below a node, one after the other.
std::string text_below(const pugi::xml_node& node);

// Meets the nodes below `root` in document order, without recursion: `enter(node)` says whether to go on to its
// children, `leave(node)` comes after them for each node that was entered so. Throws Refusal below kMaxDepth.
template <class Node, class Enter, class Leave>
void walk(const Node& root, Enter enter, Leave leave) {
  Node node = root.first_child();
  std::size_t depth = 0;
  while (node) {
    if (enter(node)) {
      if (const Node child = node.first_child()) {
        if (++depth > kMaxDepth) throw Refusal(protocol::FailureReason::kFormat);
        node = child;
        continue;
      }
      leave(node);
    }
    Node next = node.next_sibling();
    while (!next) {
      node = node.parent();
      if (node == root) return;
      leave(node);
      --depth;
      next = node.next_sibling();
    }
    node = next;
  }
}

}  // namespace jackdaw::extract
