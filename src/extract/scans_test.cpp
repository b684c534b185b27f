#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/text.h"
#include "extract/child_process.h"
#include "extract/page_recognizer.h"
#include "extract/parser_output.h"
#include "extract/testing/recognition.h"
#include "extract/testing/sample_files.h"
#include "extract/testing/sample_picture.h"

// Pages of the evaluation data as Tesseract reads them.
namespace jackdaw::extract {
namespace {

using testing::find_word;
using testing::recognizer_options;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const text::Range& range : text::words(text)) {
    words.push_back(text::fold_case(text.substr(range.begin, range.end - range.begin)));
  }
  std::ranges::sort(words);
  return words;
}

// The share of words that both have, whatever their order.
double word_f1(std::string_view got, std::string_view wanted) {
  const std::vector<std::string> a = words_of(got);
  const std::vector<std::string> b = words_of(wanted);
  std::vector<std::string> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return 2.0 * static_cast<double>(both.size()) / static_cast<double>(a.size() + b.size());
}

Page first_page(const std::filesystem::path& pdf) {
  for (ParserMessage& message : testing::parsed(testing::all_output(
           ChildProcess(testing::program("jackdaw-parse"), {"read", "5000", "20000000"}, testing::open_file(pdf))))) {
    if (auto* parsed = std::get_if<ParsedPage>(&message)) return std::move(parsed->page);
  }
  return {};
}

Page recognized_first_page(const std::filesystem::path& pdf) {
  return PageRecognizer(recognizer_options(), pdf, "").recognize(first_page(pdf), {});
}

TEST(Scans, AreReadAsTheyStand) {
  SKIP_WITHOUT_TESSERACT();
  const std::filesystem::path folder = testing::unpacked("ocrmypdf");
  if (folder.empty()) GTEST_SKIP() << "ocrmypdf.tar.xz is absent: set JACKDAW_TEST_DATA";
  const auto resources = folder / "ocrmypdf/tests/resources";
  EXPECT_EQ(recognized_first_page(resources / "hugemono.pdf").text,
            "This is a very big image with a tiny amount of text.");
  // A picture of French, read as English: the accents suffer.
  EXPECT_GE(word_f1(recognized_first_page(resources / "francais.pdf").text,
                    "Portez ce vieux whisky au juge blond qui fume sur son île intérieure, à côté de l'alcôve "
                    "ovoïde, où les bûches se consument dans l'âtre, ce qui lui permet de penser à la caenogénèse de "
                    "l'être dont il est question dans la cause ambiguë entendue à Moÿ, dans un capharnaüm qui, "
                    "pense-t-il, diminue çà et là la qualité de son œuvre."),
            0.65);
}

TEST(Scans, ARenderedPageReadsLikeItsOwnText) {
  SKIP_WITHOUT_TESSERACT();
  const std::filesystem::path folder = testing::unpacked("docling");
  if (folder.empty()) GTEST_SKIP() << "docling.tar.xz is absent: set JACKDAW_TEST_DATA";
  const auto pdf = folder / "docling/tests/data/pdf/sources/amt_handbook_sample.pdf";
  const Page own = first_page(pdf);
  const Page read = recognized_first_page(pdf);
  EXPECT_GE(word_f1(read.text, own.text), 0.97);
  // Most words that both have stand where the document says.
  std::size_t compared = 0;
  std::size_t near = 0;
  for (const Word& word : read.words) {
    const std::string_view text = std::string_view(read.text).substr(word.begin, word.end - word.begin);
    const Word* same = text.size() >= 8 ? find_word(own, text) : nullptr;
    if (same == nullptr || find_word(read, text) != &word || same->boxes.size() != 1 || word.boxes.size() != 1)
      continue;
    ++compared;
    near += std::abs(same->boxes[0].x0 - word.boxes[0].x0) < 3 && std::abs(same->boxes[0].x1 - word.boxes[0].x1) < 3;
  }
  EXPECT_GE(compared, 50U);
  EXPECT_GE(near * 10, compared * 9) << near << " of " << compared;
}

}  // namespace
}  // namespace jackdaw::extract
