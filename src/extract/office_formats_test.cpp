// DOCX, PPTX, XLSX, OpenDocument, EPUB and the archive that they are in.
#include <gtest/gtest.h>

#include <string>

#include "extract/confined/cell_format.h"
#include "extract/confined/read_document.h"
#include "extract/confined/zip_archive.h"
#include "extract/testing/sample_archive.h"

namespace jackdaw::extract {
namespace {

using protocol::FailureReason;
using testing::docx_paragraph;
using testing::make_docx;
using testing::make_epub;
using testing::make_opendocument;
using testing::make_pptx;
using testing::make_xlsx;
using testing::make_zip;

ParsedText read(const std::string& bytes, const ReadLimits& limits = {}) {
  return read_document(bytes, limits);
}

std::string text_of(const std::string& bytes) {
  const ParsedText document = read(bytes);
  EXPECT_EQ(document.pages.size(), 1U);
  return document.pages.empty() ? "" : document.pages[0].text;
}

Refusal refusal_of(const std::string& bytes, const ReadLimits& limits = {}) {
  try {
    read(bytes, limits);
  } catch (const Refusal& refusal) {
    return refusal;
  }
  ADD_FAILURE() << "was read";
  return Refusal(FailureReason::kInput);
}

std::string nested(std::string_view open, std::string_view close, std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += open;
  for (std::size_t i = 0; i < depth; ++i) out += close;
  return out;
}

TEST(Docx, KeepsHeadingPathsOfLocalizedAndDerivedStyles) {
  const ParsedText document = read(make_docx(docx_paragraph("Garantie", "berschrift1") + docx_paragraph("Zwei Jahre.") +
                                             docx_paragraph("Ausnahmen", "Eigen") + docx_paragraph("Wasser.")));
  EXPECT_EQ(document.media_type, "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
  EXPECT_EQ(document.title, "The title");
  EXPECT_FALSE(document.paged);
  ASSERT_EQ(document.pages.size(), 1U);
  const Page& page = document.pages[0];
  EXPECT_EQ(page.number, 1);
  EXPECT_EQ(page.text, "Garantie\n\nZwei Jahre.\n\nAusnahmen\n\nWasser.");
  ASSERT_EQ(page.sections.size(), 2U);
  EXPECT_EQ(page.sections[0], (Section{0, "Garantie"}));
  EXPECT_EQ(page.sections[1], (Section{23, "Garantie \u203a Ausnahmen"}));
}

TEST(Docx, RowsOfTablesCarryTheNamesOfTheirColumns) {
  const auto cell = [](const std::string& text, const std::string& properties = "") {
    return "<w:tc><w:tcPr>" + properties + "</w:tcPr>" + docx_paragraph(text) + "</w:tc>";
  };
  EXPECT_EQ(text_of(make_docx("<w:tbl><w:tr>" + cell("Name") + cell("Price") + cell("Town") + "</w:tr><w:tr>" +
                              cell("Magpie-7") + cell("4,200 EUR") + cell("Kiel", "<w:vMerge w:val=\"restart\"/>") +
                              "</w:tr><w:tr>" + cell("Raven") + cell("") + cell("", "<w:vMerge/>") + "</w:tr></w:tbl>" +
                              docx_paragraph("After."))),
            "Name: Magpie-7; Price: 4,200 EUR; Town: Kiel\nName: Raven; Town: Kiel\n\nAfter.");
}

TEST(Docx, CountsListsAsWordDoes) {
  const auto item = [](const std::string& text, int level) {
    return "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"" + std::to_string(level) +
           "\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>" + text + "</w:t></w:r></w:p>";
  };
  const std::string numbering =
      "<w:numbering><w:abstractNum w:abstractNumId=\"7\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"3\"/><w:numFmt "
      "w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl><w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt "
      "w:val=\"lowerLetter\"/><w:lvlText w:val=\"%1.%2)\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\">"
      "<w:abstractNumId w:val=\"7\"/></w:num></w:numbering>";
  EXPECT_EQ(text_of(make_docx(item("a", 0) + item("b", 1) + item("c", 1) + item("d", 0) + item("e", 1),
                              {{"word/numbering.xml", numbering}},
                              "<Relationship Id=\"n\" Type=\"x/numbering\" Target=\"numbering.xml\"/>")),
            "3. a\n  3.a) b\n  3.b) c\n4. d\n  4.a) e");
}

TEST(Docx, ShowsFootnotesAndTextBoxesAndHidesWhatWasDeleted) {
  const std::string notes =
      "<w:footnotes><w:footnote w:type=\"separator\" w:id=\"0\"><w:p><w:r><w:t>line</w:t></w:r></w:p></w:footnote>"
      "<w:footnote w:id=\"2\"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>";
  EXPECT_EQ(text_of(make_docx("<w:p><w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
                              "<w:ins><w:r><w:t xml:space=\"preserve\"> added</w:t></w:r></w:ins>"
                              "<w:r><w:footnoteReference w:id=\"2\"/></w:r>"
                              "<w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Box</w:t></w:r></w:p>"
                              "</w:txbxContent></mc:Choice><mc:Fallback><w:t>twice</w:t></mc:Fallback>"
                              "</mc:AlternateContent></w:r></w:p>",
                              {{"word/footnotes.xml", notes}},
                              "<Relationship Id=\"n\" Type=\"x/footnotes\" Target=\"footnotes.xml\"/>")),
            "Box\n\nKept added[1]\n\n[1] A note.");
}

TEST(Docx, DeepNestingAndBrokenXmlAreRefused) {
  EXPECT_EQ(refusal_of(make_docx(nested("<w:sdt>", "</w:sdt>", 10'000))).reason(), FailureReason::kFormat);
  EXPECT_EQ(refusal_of(make_docx("<w:p>")).reason(), FailureReason::kFormat);
  EXPECT_EQ(refusal_of(make_docx("<w:p>")).detail(), "a Microsoft Office document");
}

TEST(Pptx, SlidesArePagesWithTheirTitleAndNotes) {
  const auto shape = [](const std::string& type, const std::string& text) {
    return "<p:sp><p:nvSpPr><p:nvPr><p:ph type=\"" + type + "\"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>" + text +
           "</a:t></a:r></a:p></p:txBody></p:sp>";
  };
  const ParsedText document =
      read(make_pptx({shape("body", "Up 5%") + shape("title", "Results") + shape("sldNum", "1"),
                      "<p:graphicFrame><a:tbl><a:tblPr firstRow=\"1\"/><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Name</a:t>"
                      "</a:r></a:p></a:txBody></a:tc></a:tr><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Ann</a:t></a:r></a:p>"
                      "</a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>"},
                     {"Speak slowly."}));
  EXPECT_TRUE(document.paged);
  ASSERT_EQ(document.pages.size(), 2U);
  EXPECT_EQ(document.pages[0].text, "Results\n\n- Up 5%\n\nSpeak slowly.");
  EXPECT_EQ(document.pages[0].sections.at(0).heading, "Results");
  EXPECT_EQ(document.pages[1].text, "Name: Ann");
  EXPECT_TRUE(document.pages[1].sections.empty());
}

TEST(Pptx, MoreSlidesThanAllowedAreRefused) {
  EXPECT_EQ(refusal_of(make_pptx({"", "", ""}), {.max_pages = 2}).reason(), FailureReason::kTooManyPages);
}

TEST(Xlsx, SheetsArePagesAndRowsCarryTheNamesOfTheirColumns) {
  const ParsedText document = read(make_xlsx(
      {{"Prices",
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>2</v></c></row>"
        "<row r=\"3\"><c r=\"B3\" t=\"s\"><v>0</v></c><c r=\"C3\" t=\"s\"><v>1</v></c><c r=\"D3\" "
        "t=\"inlineStr\"><is><t>Since</t></is></c></row>"
        "<row r=\"4\"><c r=\"B4\" t=\"str\"><f>A&amp;B</f><v>Magpie</v></c><c r=\"C4\"><v>0.30000000000000004"
        "</v></c><c r=\"D4\" s=\"1\"><v>45413</v></c></row>"},
       {"Empty", ""}},
      "<si><t>Name</t></si><si><r><t>Pri</t></r><r><t>ce</t></r><rPh><t>no</t></rPh></si><si><t>List</t></si>",
      "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs>"));
  ASSERT_EQ(document.pages.size(), 2U);
  EXPECT_TRUE(document.paged);
  EXPECT_EQ(document.pages[0].label, "Prices");
  EXPECT_EQ(document.pages[0].text, "List\n\nName: Magpie; Price: 0.3; Since: 2024-05-01");
  EXPECT_EQ(document.pages[1].label, "Empty");
  EXPECT_EQ(document.pages[1].text, "");
}

TEST(Xlsx, NumbersReadAsTheyAreMeant) {
  EXPECT_EQ(cell_format("dd\\.mm\\.yyyy"), CellFormat::kDate);
  EXPECT_EQ(cell_format("[$-409]h:mm AM/PM"), CellFormat::kTime);
  EXPECT_EQ(cell_format("[h]:mm:ss"), CellFormat::kTime);
  EXPECT_EQ(cell_format("mm:ss"), CellFormat::kTime);
  EXPECT_EQ(cell_format("yyyy-mm-dd hh:mm"), CellFormat::kDateTime);
  EXPECT_EQ(cell_format("[Red]#,##0.00 \"days\""), CellFormat::kNumber);
  EXPECT_EQ(cell_format("0.0%"), CellFormat::kPercent);
  EXPECT_EQ(cell_format("General"), CellFormat::kNumber);
  EXPECT_EQ(show_number("1", CellFormat::kDate, false), "1900-01-01");
  EXPECT_EQ(show_number("61", CellFormat::kDate, false), "1900-03-01");
  EXPECT_EQ(show_number("0", CellFormat::kDate, true), "1904-01-01");
  EXPECT_EQ(show_number("45413.5", CellFormat::kDateTime, false), "2024-05-01 12:00");
  EXPECT_EQ(show_number("0.75", CellFormat::kTime, false), "18:00");
  EXPECT_EQ(show_number("0.125", CellFormat::kPercent, false), "12.5%");
  EXPECT_EQ(show_number("12345678901234567890", CellFormat::kNumber, false), "12345678901234567890");
  EXPECT_EQ(show_number("1e999", CellFormat::kDate, false), "1e999");
  EXPECT_EQ(show_number("-5", CellFormat::kDate, false), "-5");
}

TEST(OpenDocument, TextsKeepHeadingsListsTablesAndNotes) {
  const ParsedText document = read(make_opendocument(
      "text",
      "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
      "<text:h text:outline-level=\"1\">One</text:h><text:p>Two  <text:span>spaces</text:span> <text:s text:c=\"2\"/>x"
      "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Note</text:p></text:note-body>"
      "</text:note></text:p><text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
      "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Name</text:p>"
      "</table:table-cell></table:table-row></table:table-header-rows><table:table-row><table:table-cell>"
      "<text:p>Ann</text:p></table:table-cell></table:table-row></table:table>"));
  EXPECT_EQ(document.media_type, "application/vnd.oasis.opendocument.text");
  EXPECT_EQ(document.title, "The title");
  EXPECT_FALSE(document.paged);
  EXPECT_EQ(document.pages.at(0).text, "One\n\nTwo spaces   x[1]\n\n[1] Note\n\n- item\n\nName: Ann");
  EXPECT_EQ(document.pages[0].sections.at(0).heading, "One");
}

TEST(OpenDocument, SheetsAndSlidesArePages) {
  const ParsedText sheets = read(make_opendocument(
      "spreadsheet",
      "<table:table table:name=\"Blatt\"><table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell>"
      "<table:table-cell><text:p>When</text:p></table:table-cell><table:table-cell><text:p>Z</text:p>"
      "</table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>Ann</text:p></table:table-cell>"
      "<table:table-cell office:date-value=\"2024-05-01T00:00:00\"><text:p>1. Mai</text:p></table:table-cell>"
      "<table:table-cell table:number-columns-repeated=\"1000000\"/></table:table-row>"
      "<table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell/></table:table-row></table:table>"));
  ASSERT_EQ(sheets.pages.size(), 1U);
  EXPECT_TRUE(sheets.paged);
  EXPECT_EQ(sheets.pages[0].label, "Blatt");
  EXPECT_EQ(sheets.pages[0].text, "Name: Ann; When: 2024-05-01");
  const ParsedText slides = read(make_opendocument(
      "presentation",
      "<draw:page><draw:frame presentation:class=\"title\"><draw:text-box><text:p>Hello</text:p>"
      "</draw:text-box></draw:frame><draw:frame presentation:class=\"footer\"><draw:text-box><text:p>foot"
      "</text:p></draw:text-box></draw:frame></draw:page><draw:page/>"));
  ASSERT_EQ(slides.pages.size(), 2U);
  EXPECT_EQ(slides.pages[0].text, "Hello");
}

TEST(Epub, ChaptersComeInTheOrderOfTheSpine) {
  const ParsedText book = read(make_epub({"<html><body><h1>One</h1><p>first</p></body></html>",
                                          "<html><body><h1>Two</h1><p>caf&eacute;</p></body></html>"}));
  EXPECT_EQ(book.media_type, "application/epub+zip");
  EXPECT_EQ(book.title, "The title");
  EXPECT_EQ(book.pages.at(0).text, "One\n\nfirst\n\nTwo\n\ncaf\u00e9");
  EXPECT_EQ(book.pages[0].sections.at(1).heading, "Two");
}

TEST(Archives, SaysWhatItDoesNotRead) {
  EXPECT_EQ(refusal_of(make_zip({{"a.txt", "hello"}})).detail(), "a ZIP archive without a document in it");
  EXPECT_EQ(refusal_of(make_zip({{"a.txt", "hello"}})).reason(), FailureReason::kUnsupported);
  std::string legacy = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + std::string(600, '\0');
  EXPECT_EQ(refusal_of(legacy).detail(), "a Microsoft Office document in the format of before 2007");
  for (const char c : std::string_view("EncryptedPackage")) legacy += {c, '\0'};
  EXPECT_EQ(refusal_of(legacy).reason(), FailureReason::kPassword);
}

TEST(Archives, EncryptedPartsAskForAPassword) {
  EXPECT_EQ(refusal_of(make_zip({{"[Content_Types].xml", "<Types/>", true}})).reason(), FailureReason::kPassword);
  EXPECT_EQ(refusal_of(make_zip({{"mimetype", "application/vnd.oasis.opendocument.text"},
                                 {"META-INF/manifest.xml", "<m:manifest><m:encryption-data/></m:manifest>"},
                                 {"content.xml", "scrambled"}}))
                .reason(),
            FailureReason::kPassword);
  EXPECT_EQ(refusal_of(make_zip({{"mimetype", "application/epub+zip"},
                                 {"META-INF/encryption.xml",
                                  "<encryption><EncryptedData><EncryptionMethod Algorithm=\"aes\"/></EncryptedData>"
                                  "</encryption>"}}))
                .reason(),
            FailureReason::kProtection);
}

TEST(Archives, TheContentTypesDecideWhereverTheyStand) {
  std::vector<testing::ZipEntry> entries{{"word/media/picture.bin", std::string(5'000, 'x')}};
  const std::string docx = make_docx(docx_paragraph("Hello"), entries);
  EXPECT_EQ(text_of(docx), "Hello");
}

TEST(Archives, BombsAndMasksAreRefused) {
  const std::string bomb(std::size_t{8} << 20, ' ');
  const Refusal ratio = refusal_of(make_docx(docx_paragraph("x") + bomb));
  EXPECT_EQ(ratio.reason(), FailureReason::kArchive);
  EXPECT_EQ(ratio.detail(), "a part of it unpacks to more than 200 times its size");
  const Refusal size = refusal_of(make_docx(docx_paragraph("x")), {.max_decoded_bytes = 300});
  EXPECT_EQ(size.reason(), FailureReason::kArchive);
  std::vector<testing::ZipEntry> many;
  for (int i = 0; i < 101; ++i) many.push_back({std::to_string(i), ""});
  const Refusal entries = refusal_of(make_zip(many), {.max_entries = 100});
  EXPECT_EQ(entries.detail(), "it holds 101 files; at most 100 are allowed");
}

TEST(Archives, EveryCutEndsInTextOrARefusal) {
  const std::string whole = make_docx(docx_paragraph("Hello"));
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    try {
      read(whole.substr(0, size));
    } catch (const Refusal&) {
      continue;
    }
  }
}

TEST(Archives, LinksAreResolvedAsNamesOfEntries) {
  EXPECT_EQ(resolve_link("ppt/slides/s1.xml", "../notes/n1.xml"), "ppt/notes/n1.xml");
  EXPECT_EQ(resolve_link("ppt/slides/s1.xml", "/xl/a.xml"), "xl/a.xml");
  EXPECT_EQ(resolve_link("a.opf", "Text/ch%201.xhtml#top"), "Text/ch 1.xhtml");
  EXPECT_EQ(resolve_link("a.opf", "../../../etc/passwd"), "etc/passwd");
}

TEST(TooMuchText, IsRefused) {
  EXPECT_EQ(refusal_of(make_docx(docx_paragraph(std::string(2'000, 'x'))), {.max_characters = 1'000}).reason(),
            FailureReason::kTooManyCharacters);
}

}  // namespace
}  // namespace jackdaw::extract
