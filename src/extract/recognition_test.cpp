#include "extract/testing/recognition.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "extract/confined_extractor.h"
#include "extract/testing/sample_files.h"
#include "extract/testing/sample_pdf.h"
#include "extract/testing/sample_picture.h"

namespace jackdaw::extract {
namespace {

using testing::make_pdf;
using testing::TemporaryFile;

const std::string kWords = "BT /F1 24 Tf 72 700 Td (Lanterns burn on both moles until dawn.) Tj ET";

struct Read {
  ExtractionSummary summary;
  std::vector<Page> pages;
};

Read read(const TemporaryFile& file, const ConfinedExtractorOptions& options, const Cancellation& cancellation = {}) {
  Read result;
  result.summary = ConfinedExtractor(options).extract(
      {.path = file.path(), .filename = "scan.pdf"},
      {.on_page = [&](Page&& page) { result.pages.push_back(std::move(page)); }}, cancellation);
  return result;
}

ConfinedExtractorOptions options() {
  return {.parser = testing::program("jackdaw-parse"), .recognizer = testing::recognizer_options()};
}

// A page of words, one that is a picture of them, and an empty one.
std::string mixed_pdf() {
  const TemporaryFile drawn(make_pdf({kWords}));
  return make_pdf({kWords, testing::picture_content(testing::drawn(drawn.path(), "1")), ""});
}

TEST(Recognition, ReadsThePagesThatArePicturesAndOnlyThose) {
  SKIP_WITHOUT_TESSERACT();
  const Read result = read(TemporaryFile(mixed_pdf()), options());
  ASSERT_EQ(result.pages.size(), 3U);
  EXPECT_FALSE(result.pages[0].recognized);
  EXPECT_TRUE(result.pages[1].recognized);
  EXPECT_EQ(result.pages[1].text, result.pages[0].text);
  EXPECT_EQ(result.pages[1].words.size(), result.pages[0].words.size());
  EXPECT_FALSE(result.pages[2].recognized);
  EXPECT_EQ(result.summary.pages_without_text, std::vector<int>{3});
}

TEST(Recognition, WithoutAReaderThePictureIsAPageWithoutText) {
  ConfinedExtractorOptions without = options();
  without.recognizer.reset();
  const Read result = read(TemporaryFile(mixed_pdf()), without);
  EXPECT_EQ(result.pages.size(), 3U);
  EXPECT_EQ(result.summary.pages_without_text, (std::vector<int>{2, 3}));
}

TEST(Recognition, AReaderThatDoesNotStartLeavesThePageWithoutText) {
  ConfinedExtractorOptions broken = options();
  broken.recognizer->recognizer = "/nowhere/jackdaw-ocr";
  const Read result = read(TemporaryFile(mixed_pdf()), broken);
  EXPECT_EQ(result.pages.size(), 3U);
  EXPECT_EQ(result.summary.pages_without_text, (std::vector<int>{2, 3}));
}

TEST(Recognition, StopsWhenItsTimeIsUp) {
  ConfinedExtractorOptions hurried = options();
  hurried.recognition_time = std::chrono::milliseconds(0);
  EXPECT_EQ(read(TemporaryFile(mixed_pdf()), hurried).summary.pages_without_text, (std::vector<int>{2, 3}));
}

}  // namespace
}  // namespace jackdaw::extract
