#pragma once

#include <map>
#include <string>
#include <string_view>

namespace jackdaw::extract {

class XmlTree;

// What the styles of a DOCX say about the structure of its text. Headings are found by their outline level or by the
// style's name, which Word keeps in English whatever its language ("heading 1").
class DocxStyles {
 public:
  struct Style {
    std::string based_on;
    int level = -1;      // of a heading, 0 the outermost; -1: none
    bool title = false;  // of the document
    std::string list;    // numId; "0" takes it out of the list of the style below
    int list_level = 0;
  };

  DocxStyles() = default;
  explicit DocxStyles(const XmlTree& styles);

  // With what it has from the styles that it is based on.
  Style find(std::string_view id) const;

 private:
  std::map<std::string, Style, std::less<>> styles_;
};

}  // namespace jackdaw::extract
