#pragma once

#include <string>
#include <string_view>
#include <vector>

// Small archives and office documents made by the tests.
namespace jackdaw::extract::testing {

struct ZipEntry {
  std::string name;
  std::string bytes;
  bool encrypted = false;
};
std::string make_zip(const std::vector<ZipEntry>& entries);

// The XML inside of w:body.
std::string make_docx(std::string_view body, const std::vector<ZipEntry>& more = {}, std::string_view links = "");
// The XML inside of p:spTree, one for each slide; notes may be shorter.
std::string make_pptx(const std::vector<std::string>& slides, const std::vector<std::string>& notes = {});
struct Sheet {
  std::string name;
  std::string rows;  // the XML inside of sheetData
};
std::string make_xlsx(const std::vector<Sheet>& sheets, std::string_view strings = "", std::string_view styles = "");
// `kind`: "text", "presentation" or "spreadsheet"; the XML inside of office:<kind>.
std::string make_opendocument(std::string_view kind, std::string_view body);
// Chapters as HTML, in the order of the spine; "chapter1.xhtml" and so on.
std::string make_epub(const std::vector<std::string>& chapters);

// "<w:p>" with a style and a text.
std::string docx_paragraph(std::string_view text, std::string_view style = "");

}  // namespace jackdaw::extract::testing
