#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace jackdaw::extract {

class XmlTree;

// Counts the items of a DOCX's numbered lists, so that "3.2" can be found although the file does not hold it.
class DocxNumbering {
 public:
  DocxNumbering() = default;
  explicit DocxNumbering(const XmlTree& numbering);

  // The mark of the next item of list `list` (numId) at `level`: "3.2 ", or "- " where the list only has bullets; empty
  // when there is no such list.
  std::string next(std::string_view list, int level);

 private:
  static constexpr std::size_t kLevels = 9;
  struct Level {
    std::string format = "decimal";
    std::string text;  // "%1.%2."
    long start = 1;
  };
  struct Shape {
    std::array<Level, kLevels> levels;
    std::array<long, kLevels> counts{};
    std::array<bool, kLevels> begun{};
  };

  std::map<std::string, Shape, std::less<>> shapes_;       // by abstractNumId
  std::map<std::string, std::string, std::less<>> lists_;  // numId to abstractNumId
};

}  // namespace jackdaw::extract
