#include "extract/confined/outline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/text.h"
#include "extract/confined_extractor.h"
#include "extract/testing/sample_files.h"

namespace jackdaw::extract {
namespace {

const std::string kArrow = kHeadingSeparator;

// Three lines of one word each, 20 points apart, the first 90 to 100 points below the top.
Page page_with_lines(int number) {
  return {.number = number,
          .text = "one\ntwo\nthree",
          .words = {{0, 3, {{50, 90, 80, 100}}}, {4, 7, {{50, 110, 80, 120}}}, {8, 13, {{50, 130, 80, 140}}}}};
}

// Bytes and headings of a page of `top` 800 whose crop box begins at 0.
std::vector<Section> sections_of(Outline& outline, Page page) {
  outline.mark(page, 0, 800);
  return page.sections;
}

TEST(Outline, OpensAHeadingAtTheLineBelowItsPlace) {
  Outline outline(
      {{.page = 1, .x = 40, .y = 800 - 105, .heading = "Two"}, {.page = 1, .y = 800 - 125, .heading = "Three"}});
  EXPECT_EQ(sections_of(outline, page_with_lines(1)), (std::vector<Section>{{4, "Two"}, {8, "Three"}}));
}

TEST(Outline, AHeadingStaysOpenOnThePagesBehindIt) {
  Outline outline({{.page = 2, .heading = "Chapter"}, {.page = 4, .y = 800 - 125, .heading = "Next"}});
  EXPECT_TRUE(sections_of(outline, page_with_lines(1)).empty());
  EXPECT_EQ(sections_of(outline, page_with_lines(2)), (std::vector<Section>{{0, "Chapter"}}));
  EXPECT_EQ(sections_of(outline, page_with_lines(3)), (std::vector<Section>{{0, "Chapter"}}));
  EXPECT_EQ(sections_of(outline, page_with_lines(4)), (std::vector<Section>{{0, "Chapter"}, {8, "Next"}}));
  EXPECT_EQ(sections_of(outline, page_with_lines(5)), (std::vector<Section>{{0, "Next"}}));
}

TEST(Outline, OfSeveralHeadingsAtOnePlaceTheInnermostCounts) {
  Outline outline({{.page = 1, .heading = "Part"}, {.page = 1, .heading = "Part" + kArrow + "Chapter"}});
  EXPECT_EQ(sections_of(outline, page_with_lines(1)), (std::vector<Section>{{0, "Part" + kArrow + "Chapter"}}));
}

TEST(Outline, APlaceBelowAllTextOpensItsHeadingOnTheNextPage) {
  Outline outline({{.page = 1, .y = 10, .heading = "Late"}});
  EXPECT_TRUE(sections_of(outline, page_with_lines(1)).empty());
  EXPECT_EQ(sections_of(outline, page_with_lines(2)), (std::vector<Section>{{0, "Late"}}));
}

TEST(Outline, TakesTheColumnThatBeginsAtThePlace) {
  const Page columns{.number = 1,
                     .text = "left\nbelow\nright\nunder",
                     .words = {{0, 4, {{50, 90, 80, 100}}},
                               {5, 10, {{50, 110, 80, 120}}},
                               {11, 16, {{300, 88, 330, 98}}},
                               {17, 22, {{300, 108, 330, 118}}}}};
  Outline left({{.page = 1, .x = 50, .y = 800 - 85, .heading = "L"}});
  EXPECT_EQ(sections_of(left, columns), (std::vector<Section>{{0, "L"}}));
  Outline right({{.page = 1, .x = 300, .y = 800 - 105, .heading = "R"}});
  EXPECT_EQ(sections_of(right, columns), (std::vector<Section>{{17, "R"}}));
}

TEST(Outline, LeavesOuterTitlesOutOfAPathThatIsTooLong) {
  const std::string half(kMaxHeadingBytes / 2, 'x');
  EXPECT_EQ(heading_path({"a", "b"}), "a" + kArrow + "b");
  EXPECT_EQ(heading_path({"lost", half, "inner"}), "lost" + kArrow + half + kArrow + "inner");
  EXPECT_EQ(heading_path({half, half, "inner"}), half + kArrow + "inner");
}

// A document whose bookmarks are these objects, from number 6 on.
std::string pdf_with_outline(const std::vector<std::string>& bookmarks) {
  std::string pdf = "%PDF-1.7\n";
  const auto object = [&](int number, const std::string& body) {
    pdf += std::to_string(number) + " 0 obj\n" + body + "\nendobj\n";
  };
  const std::string content = "BT /F1 12 Tf 72 700 Td (Hello) Tj 0 -100 Td (jackdaw) Tj ET";
  object(1, "<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>");
  object(2, "<< /Type /Pages /Kids [4 0 R] /Count 1 >>");
  object(3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  object(4,
         "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R "
         "/MediaBox [0 0 595 842] >>");
  object(5, "<< /Length " + std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream");
  int number = 6;
  for (const std::string& bookmark : bookmarks) object(number++, bookmark);
  return pdf + "trailer\n<< /Size " + std::to_string(number) + " /Root 1 0 R >>\n%%EOF\n";
}

std::vector<Section> first_sections(const std::filesystem::path& path, int page_number = 1) {
  ConfinedExtractorOptions options;
  options.parser = testing::program("jackdaw-parse");
  std::vector<Section> sections;
  ConfinedExtractor(options).extract({.path = path, .filename = "outline.pdf"},
                                     {.on_page =
                                          [&](Page&& page) {
                                            if (page.number == page_number) sections = page.sections;
                                          }},
                                     {});
  return sections;
}

TEST(Outline, IsReadFromTheDocument) {
  const testing::TemporaryFile file(
      pdf_with_outline({"<< /Type /Outlines /First 7 0 R >>", "<< /Title (Greeting) /Dest [4 0 R /Fit] /First 8 0 R >>",
                        "<< /Title (The bird) /Dest [4 0 R /XYZ 72 620 0] >>"}));
  EXPECT_EQ(first_sections(file.path()),
            (std::vector<Section>{{0, "Greeting"}, {7, "Greeting" + kArrow + "The bird"}}));
}

TEST(Outline, ATangledOutlineEnds) {
  const testing::TemporaryFile file(pdf_with_outline({"<< /Type /Outlines /First 7 0 R >>",
                                                      "<< /Title (a) /Dest [4 0 R /Fit] /First 8 0 R /Next 8 0 R >>",
                                                      "<< /Title (b) /Dest [4 0 R /Fit] /First 7 0 R /Next 8 0 R >>"}));
  EXPECT_EQ(first_sections(file.path()), (std::vector<Section>{{0, "a" + kArrow + "b"}}));
}

TEST(Outline, OfABookLeadsToItsChapters) {
  const std::filesystem::path folder = testing::unpacked("py-pdf-sample-files");
  if (folder.empty()) GTEST_SKIP() << "pdf/py-pdf-sample-files.tar.xz is not in " << testing::data_folder();
  for (const std::filesystem::path& path : testing::pdfs_in(folder)) {
    if (path.filename() != "GeoTopo.pdf") continue;
    const std::vector<Section> sections = first_sections(path, 12);
    ASSERT_FALSE(sections.empty());
    EXPECT_NE(sections[0].heading.find("Topologische Grundbegriffe"), std::string::npos) << sections[0].heading;
  }
}

}  // namespace
}  // namespace jackdaw::extract
