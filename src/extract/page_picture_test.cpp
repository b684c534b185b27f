#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "extract/child_process.h"
#include "extract/confined/picture_protocol.h"
#include "extract/parser_output.h"
#include "extract/testing/recognition.h"
#include "extract/testing/sample_files.h"
#include "extract/testing/sample_pdf.h"
#include "extract/testing/sample_picture.h"

// The two confined programs that make and read pictures, each alone.
namespace jackdaw::extract {
namespace {

using testing::recognizer_options;
using testing::TemporaryFile;

constexpr std::string_view kText = "BT /F1 14 Tf 72 700 Td (The harbour master) Tj ET";

TEST(DrawingPages, DrawsWithFewerDotsWhereAPictureWouldBecomeTooLarge) {
  const struct {
    std::string_view box;
    bool whole;  // at the 200 dots an inch that were asked for
  } kCases[] = {{"/MediaBox [0 0 595 842]", true},      {"/MediaBox [0 0 2384 3370]", false},
                {"/MediaBox [0 0 14400 14400]", false}, {"/MediaBox [0 0 14400 10]", false},
                {"/MediaBox [0 0 1 1]", true},          {"/MediaBox [0 0 900000 900000]", false}};
  for (const auto& [box, whole] : kCases) {
    const TemporaryFile pdf(testing::make_pdf({std::string(kText)}, box));
    const std::string picture = testing::drawn(pdf.path(), "1");
    const auto head = testing::head_of(picture);
    ASSERT_TRUE(head) << box;
    EXPECT_EQ(picture.size(), picture_protocol::kHeadBytes + head->pixels()) << box;
    EXPECT_EQ(head->dpi == 200, whole) << box << " was drawn with " << head->dpi;
  }
}

TEST(DrawingPages, DrawsNothingWhereThereIsNoPage) {
  const TemporaryFile pdf(testing::make_pdf({std::string(kText)}));
  for (const std::string page : {"0", "2", "4294967297", "-1", "x", ""}) {
    EXPECT_EQ(testing::drawn(pdf.path(), page), "") << page;
  }
  for (const std::string dpi : {"0", "601", "-1", "x"}) EXPECT_EQ(testing::drawn(pdf.path(), "1", dpi), "") << dpi;
}

// Hostile pictures ---------------------------------------------------------------------------------------------------

class HostilePicture : public ::testing::Test {
 protected:
  // What jackdaw-ocr answers to what it is given.
  static std::vector<ParserMessage> answer_to(std::string_view input) {
    const TemporaryFile file(input);
    return testing::parsed(testing::all_output(
        ChildProcess(recognizer_options().recognizer, {"read", "eng"}, testing::open_file(file.path()))));
  }
  static void expect_failure(std::string_view input, protocol::FailureReason reason) {
    const std::vector<ParserMessage> messages = answer_to(input);
    ASSERT_EQ(messages.size(), 2U);
    const auto* failure = std::get_if<ParserFailure>(&messages.back());
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->reason, reason);
    EXPECT_EQ(failure->page, 1U);
  }
};

TEST_F(HostilePicture, ThatIsCutOffIsRefused) {
  SKIP_WITHOUT_TESSERACT();
  const std::string whole = testing::make_picture({.width = 100, .height = 100, .dpi = 200}, 10'000);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{23}, std::size_t{24}, whole.size() - 1}) {
    expect_failure(whole.substr(0, bytes), protocol::FailureReason::kInput);
  }
}

TEST_F(HostilePicture, ThatLiesAboutItsSizeIsRefused) {
  SKIP_WITHOUT_TESSERACT();
  using picture_protocol::PictureHead;
  for (const PictureHead& head :
       {PictureHead{.width = 0, .height = 9, .dpi = 200}, PictureHead{.width = 9, .height = 0, .dpi = 200},
        PictureHead{.width = 0xFFFFFFFF, .height = 0xFFFFFFFF, .dpi = 200},
        PictureHead{.width = 65'536, .height = 65'536, .dpi = 200},
        PictureHead{.width = 30'001, .height = 1, .dpi = 200}, PictureHead{.width = 10, .height = 10, .dpi = 0},
        PictureHead{.width = 10, .height = 10, .dpi = 200, .quarter = 4}}) {
    expect_failure(testing::make_picture(head, 1'000), protocol::FailureReason::kFormat);
  }
  expect_failure("not a picture, whatever it says", protocol::FailureReason::kFormat);
}

TEST_F(HostilePicture, ThatIsTinyOrThinOrNoiseIsReadAsNothing) {
  SKIP_WITHOUT_TESSERACT();
  std::string input;
  std::uint32_t pictures = 0;
  std::uint32_t state = 7;
  for (const auto& [width, height] :
       {std::pair{1U, 1U}, {2U, 3U}, {30'000U, 1U}, {1U, 30'000U}, {30'000U, 3U}, {400U, 400U}}) {
    for (const char shade : {'\0', '\xff', '\x80'}) {
      input +=
          testing::make_picture({.width = width, .height = height, .dpi = 200}, std::size_t{width} * height, shade);
      ++pictures;
    }
    input += testing::make_picture({.width = width, .height = height, .dpi = 1}, 0);
    for (std::uint32_t i = 0; i < width * height; ++i) {
      state = state * 1'664'525 + 1'013'904'223;
      input.push_back(static_cast<char>(state >> 24));
    }
    ++pictures;
  }
  const std::vector<ParserMessage> messages = answer_to(input);
  ASSERT_EQ(messages.size(), 1 + pictures);
  for (std::size_t i = 1; i < messages.size(); ++i) ASSERT_TRUE(std::holds_alternative<ParsedPage>(messages[i])) << i;
}

}  // namespace
}  // namespace jackdaw::extract
