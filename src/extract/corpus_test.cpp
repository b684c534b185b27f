#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
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
  // What a damaged copy has become may be no PDF.
  options.text_parser = testing::program("jackdaw-parse-text");
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
            "\"libreoffice-writer-password.pdf\" is protected by a password. Give it: form field `password` with "
            "the upload, `--password-file`, or `/retry` of a document that is there already.");
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

// The whole collection takes minutes: it runs in the soak, a seeded part of it always.
bool soaks() {
  const char* soak = std::getenv("JACKDAW_SOAK");
  return soak != nullptr && std::string_view(soak) == "1";
}

// Those that poppler could not read, or not to the end, or only with a password, by manifest.tsv: path, bytes, sha256,
// pdfinfo_rc, pages, encrypted, pdftotext_rc, ...
std::set<std::string> known_bad() {
  std::set<std::string> paths;
  std::ifstream manifest(testing::data_folder() / "pdf/manifest.tsv");
  std::string line;
  std::getline(manifest, line);
  while (std::getline(manifest, line)) {
    std::istringstream columns(line);
    std::array<std::string, 7> column;
    for (std::string& value : column) std::getline(columns, value, '\t');
    if (column[3] != "0" || column[5] != "no" || column[6] != "0") paths.insert(column[0]);
  }
  return paths;
}

// Files that other readers crash on, hang on or disagree about.
bool is_troublesome(const std::string& path) {
  for (const char* name :
       {"shared-unnamed-field", "bad35", "fuzz-16214", "issue-99", "issue-625-identity-cmap", "jo.pdf", "encrypt",
        "fuzz", "bad1.pdf", "bad14.pdf", "loop", "issue-117", "issue-118", "issue-119"}) {
    if (has(path, name)) return true;
  }
  return false;
}

class Corpus : public ::testing::TestWithParam<const char*> {
 protected:
  static bool is_drawn(std::mt19937& random) { return random() % 10 == 0 || soaks(); }
};

TEST_P(Corpus, EveryFileEndsInTextOrAReason) {
  const fs::path folder = testing::unpacked(GetParam());
  if (folder.empty()) GTEST_SKIP() << "pdf/" << GetParam() << ".tar.xz is not in " << testing::data_folder();
  const std::set<std::string> bad = known_bad();
  std::mt19937 random(20);
  std::map<std::string, int> outcomes;
  int drawn_files = 0;
  for (const fs::path& path : testing::pdfs_in(folder)) {
    const bool drawn = is_drawn(random);
    if (!drawn && !bad.contains(path.lexically_relative(folder).string()) && !is_troublesome(path.string())) continue;
    const Outcome outcome = read(path);
    expect_well_formed(outcome, path);
    // None of these takes more memory or time than a document may.
    EXPECT_FALSE(has(outcome.message, "SIG")) << path << ": " << outcome.message;
    ++outcomes[outcome.error];
    if (!drawn || ++drawn_files % 8 != 0) continue;
    const Outcome twin = read(path, "jackdaw-parse-sanitized");
    EXPECT_EQ(twin.error, outcome.error) << path << ": " << twin.message;
    EXPECT_EQ(twin.text(), outcome.text()) << path;
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_GT(outcomes[""], 0);
  for (const auto& [error, count] : outcomes) std::printf("  %s: %d\n", error.empty() ? "read" : error.c_str(), count);
}

INSTANTIATE_TEST_SUITE_P(All, Corpus,
                         ::testing::Values("docling", "ocrmypdf", "pdfminer", "py-pdf-sample-files", "qpdf", "verapdf"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::erase(name, '-');
                           return name;
                         });

// Damages a copy of a file in one of the ways that files are damaged, or attacked.
class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string damage(std::string bytes, const std::string& other) {
    switch (random_() % 4) {
      case 0: flip_bits(bytes); break;
      case 1: bytes.resize(place_in(bytes)); break;
      case 2: splice(bytes, other); break;
      default: replace_numbers(bytes); break;
    }
    if (random_() % 4 == 0) flip_bits(bytes);
    return bytes;
  }
  std::size_t draw(std::size_t below) { return random_() % below; }

 private:
  std::size_t place_in(const std::string& bytes) { return random_() % (bytes.size() + 1); }

  void flip_bits(std::string& bytes) {
    for (unsigned flips = 1 + random_() % 30; flips > 0 && !bytes.empty(); --flips) {
      char& byte = bytes[random_() % bytes.size()];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (random_() % 8)));
    }
  }

  // A part of another file at some place of this one, over what is there or between it.
  void splice(std::string& bytes, const std::string& other) {
    const std::size_t from = place_in(other);
    const std::string part = other.substr(from, 1 + random_() % 4096);
    const std::size_t to = place_in(bytes);
    bytes.replace(to, random_() % 2 == 0 ? 0 : part.size(), part);
  }

  // Lengths, offsets, object numbers, dimensions.
  void replace_numbers(std::string& bytes) {
    static const std::vector<std::string> kNumbers = {
        "0", "-1", "1", "65535", "2147483647", "4294967295", "-2147483648", "9999999999999", "1e38", "0.00001"};
    for (unsigned replaced = 1 + random_() % 8; replaced > 0; --replaced) {
      const std::size_t begin = bytes.find_first_of("0123456789", place_in(bytes));
      if (begin == std::string::npos) continue;
      const std::size_t end = std::min(bytes.find_first_not_of("0123456789", begin), bytes.size());
      bytes.replace(begin, end - begin, kNumbers[random_() % kNumbers.size()]);
    }
  }

  std::mt19937 random_;
};

// Small files of every collection: about 40 of each.
std::vector<std::string> originals_to_damage() {
  std::vector<std::string> originals;
  for (const char* name : {"docling", "ocrmypdf", "pdfminer", "py-pdf-sample-files", "qpdf", "verapdf"}) {
    const fs::path folder = testing::unpacked(name);
    if (folder.empty()) return {};
    const std::vector<fs::path> paths = testing::pdfs_in(folder);
    const std::size_t step = std::max<std::size_t>(1, paths.size() / 40);
    for (std::size_t i = 0; i < paths.size(); i += step) {
      if (fs::file_size(paths[i]) < 200'000) originals.push_back(testing::content_of(paths[i]));
    }
  }
  return originals;
}

TEST(CorpusMutations, DamagedCopiesEndInTextAReasonOrAStoppedChild) {
  const std::vector<std::string> originals = originals_to_damage();
  if (originals.empty()) GTEST_SKIP() << "not all of pdf/*.tar.xz is in " << testing::data_folder();
  const unsigned seed = 7;
  Mutator mutator(seed);
  std::map<std::string, int> outcomes;
  const int rounds = soaks() ? 20'000 : 1'500;
  for (int round = 0; round < rounds; ++round) {
    const std::string& other = originals[mutator.draw(originals.size())];
    const testing::TemporaryFile file(mutator.damage(originals[mutator.draw(originals.size())], other));
    const Outcome outcome = read(file.path());
    expect_well_formed(outcome, "seed " + std::to_string(seed) + ", mutation " + std::to_string(round));
    ++outcomes[has(outcome.message, "SIG") ? "stopped" : outcome.error];
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  for (const auto& [error, count] : outcomes) std::printf("  %s: %d\n", error.empty() ? "read" : error.c_str(), count);
}

}  // namespace
}  // namespace jackdaw::extract
