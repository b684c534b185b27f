#include "extract/testing/sample_archive.h"

#include <zip.h>

#include <cstdlib>

namespace jackdaw::extract::testing {
namespace {

constexpr std::string_view kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kOfficeTypes = "application/vnd.openxmlformats-officedocument.";
constexpr std::string_view kLinkTypes = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

constexpr std::size_t kSmallBytes = 4096;

void require(bool good) {
  if (!good) std::abort();
}

std::string text(std::string_view view) {
  return std::string(view);
}

std::string link(std::string_view id, std::string_view type, std::string_view target) {
  return "<Relationship Id=\"" + text(id) + "\" Type=\"" + text(kLinkTypes) + text(type) + "\" Target=\"" +
         text(target) + "\"/>";
}

std::string links(const std::string& rows) {
  return text(kHead) + "<Relationships xmlns=\"r\">" + rows + "</Relationships>";
}

std::vector<ZipEntry> office_entries(std::string_view part, std::string_view type) {
  return {
      {"_rels/.rels", links(link("r1", "officeDocument", part) + link("r2", "core-properties", "docProps/core.xml"))},
      {"docProps/core.xml", text(kHead) + "<cp:coreProperties xmlns:cp=\"c\" xmlns:dc=\"d\"><dc:title>The title"
                                          "</dc:title></cp:coreProperties>"},
      {"[Content_Types].xml", text(kHead) +
                                  "<Types xmlns=\"t\"><Default Extension=\"xml\" ContentType=\"application/xml\"/>"
                                  "<Override PartName=\"/" +
                                  text(part) + "\" ContentType=\"" + text(kOfficeTypes) + text(type) +
                                  ".main+xml\"/></Types>"}};
}

}  // namespace

std::string make_zip(const std::vector<ZipEntry>& entries) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* archive_source = zip_source_buffer_create(nullptr, 0, 0, &error);
  require(archive_source != nullptr);
  zip_source_keep(archive_source);
  zip_t* archive = zip_open_from_source(archive_source, ZIP_TRUNCATE, &error);
  require(archive != nullptr);
  for (const ZipEntry& entry : entries) {
    zip_source_t* source = zip_source_buffer(archive, entry.bytes.data(), entry.bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    require(index >= 0);
    const auto place = static_cast<zip_uint64_t>(index);
    // The name of a format must be, and what is small costs less time so.
    if (entry.bytes.size() < kSmallBytes) zip_set_file_compression(archive, place, ZIP_CM_STORE, 0);
    if (entry.encrypted) zip_file_set_encryption(archive, place, ZIP_EM_AES_256, "secret");
  }
  require(zip_close(archive) == 0);
  require(zip_source_open(archive_source) == 0);
  zip_stat_t about;
  require(zip_source_stat(archive_source, &about) == 0);
  std::string bytes(about.size, '\0');
  require(zip_source_read(archive_source, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(bytes.size()));
  zip_source_close(archive_source);
  zip_source_free(archive_source);
  return bytes;
}

std::string make_docx(std::string_view body, const std::vector<ZipEntry>& more, std::string_view more_links) {
  std::vector<ZipEntry> entries = office_entries("word/document.xml", "wordprocessingml.document");
  entries.push_back({"word/document.xml",
                     text(kHead) + "<w:document xmlns:w=\"w\"><w:body>" + text(body) + "</w:body></w:document>"});
  entries.push_back({"word/_rels/document.xml.rels", links(link("r1", "styles", "styles.xml") + text(more_links))});
  entries.push_back(
      {"word/styles.xml",
       text(kHead) + "<w:styles xmlns:w=\"w\">"
                     "<w:style w:styleId=\"berschrift1\"><w:name w:val=\"heading 1\"/></w:style>"
                     "<w:style w:styleId=\"berschrift2\"><w:name w:val=\"heading 2\"/></w:style>"
                     "<w:style w:styleId=\"Eigen\"><w:name w:val=\"Mine\"/><w:basedOn w:val=\"berschrift2\"/></w:style>"
                     "</w:styles>"});
  entries.insert(entries.end(), more.begin(), more.end());
  return make_zip(entries);
}

std::string make_pptx(const std::vector<std::string>& slides, const std::vector<std::string>& notes) {
  std::vector<ZipEntry> entries = office_entries("ppt/presentation.xml", "presentationml.presentation");
  std::string list;
  std::string slide_links;
  for (std::size_t i = 0; i < slides.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    list += "<p:sldId id=\"" + std::to_string(256 + i) + "\" r:id=\"s" + number + "\"/>";
    slide_links += link("s" + number, "slide", "slides/slide" + number + ".xml");
    entries.push_back({"ppt/slides/slide" + number + ".xml", text(kHead) + "<p:sld xmlns:p=\"p\"><p:cSld><p:spTree>" +
                                                                 slides[i] + "</p:spTree></p:cSld></p:sld>"});
    if (i >= notes.size()) continue;
    entries.push_back({"ppt/slides/_rels/slide" + number + ".xml.rels",
                       links(link("n", "notesSlide", "../notesSlides/notes" + number + ".xml"))});
    entries.push_back({"ppt/notesSlides/notes" + number + ".xml",
                       text(kHead) +
                           "<p:notes><p:sp><p:nvSpPr><p:nvPr><p:ph type=\"body\"/></p:nvPr></p:nvSpPr>"
                           "<p:txBody><a:p><a:r><a:t>" +
                           notes[i] + "</a:t></a:r></a:p></p:txBody></p:sp></p:notes>"});
  }
  entries.push_back({"ppt/presentation.xml", text(kHead) + "<p:presentation xmlns:p=\"p\"><p:sldIdLst>" + list +
                                                 "</p:sldIdLst></p:presentation>"});
  entries.push_back({"ppt/_rels/presentation.xml.rels", links(slide_links)});
  return make_zip(entries);
}

std::string make_xlsx(const std::vector<Sheet>& sheets, std::string_view strings, std::string_view styles) {
  std::vector<ZipEntry> entries = office_entries("xl/workbook.xml", "spreadsheetml.sheet");
  std::string list;
  std::string sheet_links = link("s", "sharedStrings", "sharedStrings.xml") + link("f", "styles", "/xl/styles.xml");
  for (std::size_t i = 0; i < sheets.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    list += "<sheet name=\"" + sheets[i].name + "\" sheetId=\"" + number + "\" r:id=\"w" + number + "\"/>";
    sheet_links += link("w" + number, "worksheet", "worksheets/sheet" + number + ".xml");
    entries.push_back({"xl/worksheets/sheet" + number + ".xml", text(kHead) + "<worksheet xmlns=\"m\"><sheetData>" +
                                                                    sheets[i].rows + "</sheetData></worksheet>"});
  }
  entries.push_back({"xl/workbook.xml", text(kHead) + "<workbook><sheets>" + list + "</sheets></workbook>"});
  entries.push_back({"xl/_rels/workbook.xml.rels", links(sheet_links)});
  entries.push_back({"xl/sharedStrings.xml", text(kHead) + "<sst>" + text(strings) + "</sst>"});
  entries.push_back({"xl/styles.xml", text(kHead) + "<styleSheet>" + text(styles) + "</styleSheet>"});
  return make_zip(entries);
}

std::string make_opendocument(std::string_view kind, std::string_view body) {
  return make_zip(
      {{"mimetype", "application/vnd.oasis.opendocument." + text(kind)},
       {"content.xml", text(kHead) + "<office:document-content xmlns:office=\"o\"><office:body><office:" + text(kind) +
                           ">" + text(body) + "</office:" + text(kind) + "></office:body></office:document-content>"},
       {"meta.xml", text(kHead) + "<office:document-meta><office:meta><dc:title>The title</dc:title>"
                                  "</office:meta></office:document-meta>"}});
}

std::string make_epub(const std::vector<std::string>& chapters) {
  std::vector<ZipEntry> entries{
      {"mimetype", "application/epub+zip"},
      {"META-INF/container.xml", text(kHead) + "<container><rootfiles><rootfile full-path=\"OEBPS/book.opf\"/>"
                                               "</rootfiles></container>"}};
  std::string manifest;
  std::string spine;
  // The manifest lists them backwards: the spine decides.
  for (std::size_t i = chapters.size(); i > 0; --i) {
    const std::string number = std::to_string(i);
    manifest +=
        "<item id=\"c" + number + "\" href=\"chapter" + number + ".xhtml\" media-type=\"application/xhtml+xml\"/>";
    entries.push_back({"OEBPS/chapter" + number + ".xhtml", chapters[i - 1]});
  }
  for (std::size_t i = 1; i <= chapters.size(); ++i) spine += "<itemref idref=\"c" + std::to_string(i) + "\"/>";
  entries.push_back({"OEBPS/book.opf", text(kHead) +
                                           "<package><metadata><dc:title>The title</dc:title></metadata>"
                                           "<manifest>" +
                                           manifest + "</manifest><spine>" + spine + "</spine></package>"});
  return make_zip(entries);
}

std::string docx_paragraph(std::string_view content, std::string_view style) {
  const std::string properties =
      style.empty() ? std::string() : "<w:pPr><w:pStyle w:val=\"" + text(style) + "\"/></w:pPr>";
  return "<w:p>" + properties + "<w:r><w:t xml:space=\"preserve\">" + text(content) + "</w:t></w:r></w:p>";
}

}  // namespace jackdaw::extract::testing
