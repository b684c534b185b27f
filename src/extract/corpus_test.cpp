#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "extract/confined_extractor.h"
#include "extract/testing/sample_files.h"

namespace jackdaw::extract {
namespace {

namespace fs = std::filesystem;

// Either pages or an error.
struct Outcome {
  std::vector<Page> pages;
  std::string title;
  std::string error;  // its code; empty when all pages came
  std::string message;

  std::string text() const {
    std::string all;
    for (const Page& page : pages) all += page.text + "\n\n";
    return all;
  }
};

Outcome read(const fs::path& path, std::string_view parser = "jackdaw-parse") {
  ConfinedExtractorOptions options;
  options.parser = testing::program(parser);
  Outcome outcome;
  try {
    outcome.title = ConfinedExtractor(options)
                        .extract({.path = path, .filename = path.filename().string()},
                                 {.on_page = [&](Page&& page) { outcome.pages.push_back(std::move(page)); }}, {})
                        .title;
  } catch (const Error& error) {
    outcome.error = to_string(error.code());
    outcome.message = error.what();
  }
  return outcome;
}

void expect_well_formed(const Outcome& outcome, const fs::path& path) {
  for (const Page& page : outcome.pages) {
    EXPECT_TRUE(text::is_valid_utf8(page.text)) << path;
    for (const Word& word : page.words) {
      EXPECT_EQ(page.text.substr(word.begin, word.end - word.begin).find_first_of(" \n"), std::string::npos) << path;
    }
  }
  const std::set<std::string> reasons = {"", "unsupported_media_type", "encrypted_document", "damaged_document",
                                         "too_large"};
  EXPECT_TRUE(reasons.contains(outcome.error)) << path << ": " << outcome.error << ": " << outcome.message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Everyday : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::unpacked("py-pdf-sample-files");
    if (folder_.empty()) GTEST_SKIP() << "pdf/py-pdf-sample-files.tar.xz is not in " << testing::data_folder();
  }
  Outcome read_sample(const std::string& part_of_path) const {
    for (const fs::path& path : testing::pdfs_in(folder_)) {
      if (has(path.string(), part_of_path)) return read(path);
    }
    ADD_FAILURE() << "no sample " << part_of_path;
    return {};
  }
  fs::path folder_;
};

TEST_F(Everyday, EveryFileGivesItsPagesOrTheRightError) {
  const std::vector<fs::path> paths = testing::pdfs_in(folder_);
  ASSERT_GE(paths.size(), 31U);
  for (const fs::path& path : paths) {
    const Outcome outcome = read(path);
    expect_well_formed(outcome, path);
    std::string expected;
    if (has(path.string(), "libreoffice-writer-password")) expected = "encrypted_document";
    // Its cross-reference table leads nowhere; other readers find four pages without a letter.
    if (has(path.string(), "unreadablemetadata")) expected = "damaged_document";
    EXPECT_EQ(outcome.error, expected) << path << ": " << outcome.message;
    EXPECT_EQ(outcome.pages.empty(), !expected.empty()) << path;
  }
}

TEST_F(Everyday, TheErrorOfAnEncryptedFileSaysWhatToDo) {
  EXPECT_EQ(read_sample("libreoffice-writer-password").message,
            "\"libreoffice-writer-password.pdf\" is protected by a password. Remove the password and upload it again.");
}

TEST_F(Everyday, TwoColumnsAreReadOneAfterTheOther) {
  const std::string text = read_sample("026-latex-multicolumn").text();
  EXPECT_TRUE(has(text,
                  "Abstract\n\nThis is a sample document with two columns filled\nwith Lorem Ipsum text.\n\n"
                  "Lorem ipsum dolor sit amet"));
  // The left column is done before the right one begins.
  EXPECT_LT(text.find("Nulla malesuada porttitor diam."), text.find("Quisque ullamcorper placerat ipsum."));
  EXPECT_TRUE(has(text, "cursus luctus mauris.\n\nNulla malesuada"));
}

TEST_F(Everyday, BrokenWordsAreWhole) {
  const Outcome columns = read_sample("026-latex-multicolumn");
  EXPECT_TRUE(has(columns.text(), "sollicitudin"));
  EXPECT_FALSE(has(columns.text(), "\x02"));
  EXPECT_FALSE(has(columns.text(), "-\n"));
  const Outcome book = read_sample("009-pdflatex-geotopo");
  EXPECT_EQ(book.pages.size(), 117U);
  EXPECT_EQ(book.title, "Geometrie und Topologie");
  EXPECT_TRUE(has(book.text(), "Fundamentalgruppen"));
  std::ptrdiff_t joined = 0;
  for (const Page& page : book.pages) {
    joined += std::ranges::count_if(page.words, [](const Word& word) { return word.boxes.size() == 2; });
  }
  EXPECT_GE(joined, 40);
}

TEST_F(Everyday, PageLabelsAreThoseOfTheFile) {
  const Outcome book = read_sample("009-pdflatex-geotopo");
  ASSERT_EQ(book.pages.size(), 117U);
  EXPECT_EQ(book.pages[11].label, "9");
  EXPECT_TRUE(has(book.pages[11].text, "Beispiel 12 (Topologische R\u00E4ume und Hausdorff-R\u00E4ume)"));
}

TEST_F(Everyday, BoxesLieOnTheirPage) {
  for (const fs::path& path : testing::pdfs_in(folder_)) {
    // Pages smaller than the line of text that hangs over their edge.
    if (has(path.string(), "imagemagick-images")) continue;
    for (const Page& page : read(path).pages) {
      for (const Word& word : page.words) {
        for (const Box& box : word.boxes) {
          EXPECT_GE(box.x0, -20) << path << " page " << page.number;
          EXPECT_GE(box.y0, -20) << path << " page " << page.number;
          EXPECT_LE(box.x1, page.width + 20) << path << " page " << page.number;
          EXPECT_LE(box.y1, page.height + 20) << path << " page " << page.number;
        }
      }
    }
  }
}

TEST_F(Everyday, ArabicComesInReadingOrder) {
  EXPECT_TRUE(has(read_sample("015-arabic/habibi.pdf").text(), "\u062D\u064E\u0628\u064A\u0628\u064A"));
}

TEST_F(Everyday, RotatedPagesHaveTheBoxesOfTheUnrotatedPage) {
  const Outcome rotated = read_sample("015-arabic/habibi-rotated.pdf");
  ASSERT_EQ(rotated.pages.size(), 4U);
  for (const Page& page : rotated.pages) {
    EXPECT_NEAR(page.width, 595.3, 0.1);
    EXPECT_NEAR(page.height, 841.9, 0.1);
    ASSERT_FALSE(page.words.empty());
    for (const Word& word : page.words) EXPECT_NEAR(word.boxes.at(0).y0, 66, 6) << page.number;
  }
}

// PDFium needs no library of ours in it, and the twin has the same sources: what differs would be a bug of ours that a
// sanitizer stopped, or something that the sandbox withheld.
TEST_F(Everyday, TheConfinedParserAndItsSanitizedTwinSayTheSame) {
  for (const fs::path& path : testing::pdfs_in(folder_)) {
    const Outcome confined = read(path);
    const Outcome twin = read(path, "jackdaw-parse-sanitized");
    EXPECT_EQ(confined.error, twin.error) << path << ": " << twin.message;
    ASSERT_EQ(confined.pages.size(), twin.pages.size()) << path;
    for (std::size_t i = 0; i < twin.pages.size(); ++i) {
      EXPECT_EQ(confined.pages[i].text, twin.pages[i].text) << path;
      EXPECT_EQ(confined.pages[i].words, twin.pages[i].words) << path;
    }
  }
}

// Files that other readers crash on, hang on or disagree about.
bool is_known_bad(const std::string& path) {
  for (const char* name :
       {"shared-unnamed-field", "bad35", "fuzz-16214", "issue-99", "issue-625-identity-cmap", "jo.pdf", "encrypt",
        "fuzz", "bad1.pdf", "bad14.pdf", "loop", "issue-117", "issue-118", "issue-119"}) {
    if (has(path, name)) return true;
  }
  return false;
}

class Corpus : public ::testing::TestWithParam<const char*> {};

TEST_P(Corpus, EveryFileOfTheSampleEndsInTextOrAReason) {
  const fs::path folder = testing::unpacked(GetParam());
  if (folder.empty()) GTEST_SKIP() << "pdf/" << GetParam() << ".tar.xz is not in " << testing::data_folder();
  std::mt19937 random(20);
  std::map<std::string, int> outcomes;
  int twins = 0;
  for (const fs::path& path : testing::pdfs_in(folder)) {
    const bool drawn = random() % 20 == 0;
    if (!drawn && !is_known_bad(path.string())) continue;
    const Outcome outcome = read(path);
    expect_well_formed(outcome, path);
    EXPECT_FALSE(has(outcome.message, "SIG")) << path << ": " << outcome.message;
    ++outcomes[outcome.error];
    if (!drawn || ++twins % 4 != 0) continue;
    const Outcome twin = read(path, "jackdaw-parse-sanitized");
    EXPECT_EQ(twin.error, outcome.error) << path << ": " << twin.message;
    EXPECT_EQ(twin.text(), outcome.text()) << path;
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_GT(outcomes[""], 0);
  for (const auto& [error, count] : outcomes) {
    RecordProperty(error.empty() ? "read" : error, count);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Corpus, ::testing::Values("docling", "ocrmypdf", "pdfminer", "qpdf", "verapdf"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(CorpusMutations, DamagedCopiesEndInTextOrAReason) {
  const fs::path folder = testing::unpacked("py-pdf-sample-files");
  if (folder.empty()) GTEST_SKIP() << "pdf/py-pdf-sample-files.tar.xz is not in " << testing::data_folder();
  std::vector<std::string> originals;
  for (const fs::path& path : testing::pdfs_in(folder)) {
    if (fs::file_size(path) < 200'000) originals.push_back(testing::content_of(path));
  }
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string copy = originals[random() % originals.size()];
    for (unsigned flips = random() % 20; flips > 0; --flips) copy[random() % copy.size()] = static_cast<char>(random());
    if (random() % 4 == 0) copy.resize(copy.size() / 2 + random() % (copy.size() / 2));
    if (random() % 4 == 0) copy.insert(random() % copy.size(), copy.substr(random() % copy.size(), 500));
    const testing::TemporaryFile file(copy);
    expect_well_formed(read(file.path()), "mutation " + std::to_string(round));
  }
}

}  // namespace
}  // namespace jackdaw::extract
