#include "extract/page_recognizer.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/error.h"
#include "extract/testing/recognition.h"
#include "extract/testing/sample_files.h"
#include "extract/testing/sample_pdf.h"
#include "extract/testing/sample_picture.h"

namespace jackdaw::extract {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::find_word;
using testing::recognizer_options;
using testing::TemporaryFile;

Page blank_page(int number = 1, float width = 595, float height = 842) {
  return {.number = number, .label = "iv", .width = width, .height = height};
}

void expect_at(const Page& page, std::string_view text, const Box& place, float tolerance = 3) {
  const Word* word = find_word(page, text);
  ASSERT_NE(word, nullptr) << text << " is not in: " << page.text;
  ASSERT_EQ(word->boxes.size(), 1U) << text;
  const Box& box = word->boxes.front();
  EXPECT_NEAR(box.x0, place.x0, tolerance) << text;
  EXPECT_NEAR(box.y0, place.y0, tolerance) << text;
  EXPECT_NEAR(box.x1, place.x1, tolerance) << text;
  EXPECT_NEAR(box.y1, place.y1, tolerance) << text;
}

// Two paragraphs in 14 point Helvetica, the first baseline at `y`.
std::string letter(int y = 700) {
  return "BT /F1 14 Tf 72 " + std::to_string(y) +
         " Td (The harbour master keeps a record of every vessel,) Tj 0 -18 Td "
         "(and each captain signs the book before the evening tide.) Tj "
         "0 -60 Td (Lanterns burn on both moles from dusk until dawn.) Tj ET";
}
constexpr std::string_view kLetterText =
    "The harbour master keeps a record of every vessel,\n"
    "and each captain signs the book before the evening tide.\n\n"
    "Lanterns burn on both moles from dusk until dawn.";

// Turning boxes back -------------------------------------------------------------------------------------------------

// A mark on a page of 200 by 100 points, 20..50 across and 10..30 down, drawn with two dots a point.
constexpr Box kMark{20, 10, 50, 30};

TEST(TurningBoxesBack, OnlyScalesWhereThePageIsNotTurned) {
  EXPECT_EQ(turn_back({40, 20, 100, 60}, {200, 100, 400, 200, 0}), kMark);
}

TEST(TurningBoxesBack, UndoesAQuarterTurnClockwise) {
  // What is at the left comes to the top: x' = height - y, y' = x.
  EXPECT_EQ(turn_back({140, 40, 180, 100}, {200, 100, 200, 400, 1}), kMark);
}

TEST(TurningBoxesBack, UndoesAHalfTurn) {
  EXPECT_EQ(turn_back({300, 140, 360, 180}, {200, 100, 400, 200, 2}), kMark);
}

TEST(TurningBoxesBack, UndoesAQuarterTurnCounterClockwise) {
  // What is at the right comes to the top: x' = y, y' = width - x.
  EXPECT_EQ(turn_back({20, 300, 60, 360}, {200, 100, 200, 400, 3}), kMark);
}

TEST(TurningBoxesBack, KeepsEveryBoxOnThePage) {
  for (const int quarter : {0, 1, 2, 3}) {
    const Box box = turn_back({-1e6F, -5, 1e6F, 1e5F}, {200, 100, 400, 200, quarter});
    EXPECT_EQ(box, (Box{0, 0, 200, 100})) << quarter;
  }
}

// Reading pages ------------------------------------------------------------------------------------------------------

TEST(PageRecognizer, ReadsADrawnPageWithTheWordsAtTheirPlaces) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile pdf(testing::make_pdf({letter()}));
  PageRecognizer recognizer(recognizer_options(), pdf.path(), "");
  const Page page = recognizer.recognize(blank_page(), {});
  EXPECT_TRUE(page.recognized);
  EXPECT_EQ(page.number, 1);
  EXPECT_EQ(page.label, "iv");
  EXPECT_EQ(page.width, 595);
  EXPECT_EQ(page.text, kLetterText);
  expect_at(page, "harbour", {100, 131, 148, 142});
  expect_at(page, "Lanterns", {73, 209, 126, 220});
}

TEST(PageRecognizer, TurnsThePlacesOfATurnedPageBack) {
  SKIP_WITHOUT_TESSERACT();
  // The same page, its text laid out so that it is upright once the page is turned.
  const struct {
    int degrees;
    int y;
    std::string_view turn;
    Box harbour;
  } kCases[] = {{90, 453, "0 1 -1 0 595 0 cm ", {131, 694, 142, 742}},
                {180, 700, "-1 0 0 -1 595 842 cm ", {447, 700, 495, 711}},
                {270, 453, "0 -1 1 0 0 842 cm ", {453, 100, 464, 148}}};
  for (const auto& [degrees, y, turn, harbour] : kCases) {
    SCOPED_TRACE(degrees);
    const TemporaryFile pdf(testing::make_pdf({std::string(turn) + letter(y)},
                                              "/MediaBox [0 0 595 842] /Rotate " + std::to_string(degrees)));
    PageRecognizer recognizer(recognizer_options(), pdf.path(), "");
    expect_at(recognizer.recognize(blank_page(), {}), "harbour", harbour);
  }
}

TEST(PageRecognizer, CountsPlacesFromTheCropBox) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile pdf(testing::make_pdf({letter()}, "/MediaBox [0 0 595 842] /CropBox [50 400 495 792]"));
  PageRecognizer recognizer(recognizer_options(), pdf.path(), "");
  const Page page = recognizer.recognize(blank_page(1, 445, 392), {});
  expect_at(page, "harbour", {50, 81, 98, 92});
}

TEST(PageRecognizer, ReadsPagesThatAreNothingButAPicture) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile drawn_pdf(testing::make_pdf({letter()}));
  const std::string picture = testing::picture_content(testing::drawn(drawn_pdf.path(), "1"));
  ASSERT_FALSE(picture.empty());
  const TemporaryFile pdf(testing::make_pdf({picture, "", picture}));
  PageRecognizer recognizer(recognizer_options(), pdf.path(), "");
  for (const int number : {1, 3}) {
    const Page page = recognizer.recognize(blank_page(number), {});
    EXPECT_EQ(page.number, number);
    EXPECT_EQ(page.text, kLetterText);
    expect_at(page, "harbour", {100, 131, 148, 142});
  }
  const Page empty = recognizer.recognize(blank_page(2), {});
  EXPECT_TRUE(empty.recognized);
  EXPECT_EQ(empty.text, "");
  EXPECT_TRUE(empty.words.empty());
}

TEST(PageRecognizer, OpensADocumentWithItsPassword) {
  SKIP_WITHOUT_TESSERACT();
  const std::filesystem::path folder = testing::unpacked("pdfminer");
  if (folder.empty()) GTEST_SKIP() << "pdfminer.tar.xz is absent: set JACKDAW_TEST_DATA";
  const auto pdf = folder / "pdfminer/samples/encryption/aes-256-r6.pdf";
  EXPECT_EQ(PageRecognizer(recognizer_options(), pdf, "usersecret").recognize(blank_page(1, 612, 792), {}).text,
            "Hello World");
  PageRecognizer locked(recognizer_options(), pdf, "wrong");
  EXPECT_EQ(code_of([&] { locked.recognize(blank_page(), {}); }), ErrorCode::kDamagedDocument);
}

TEST(PageRecognizer, GoesOnAfterAPageThatCannotBeDrawn) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile pdf(testing::make_pdf({letter()}));
  PageRecognizer recognizer(recognizer_options(), pdf.path(), "");
  EXPECT_EQ(code_of([&] { recognizer.recognize(blank_page(99), {}); }), ErrorCode::kDamagedDocument);
  EXPECT_EQ(recognizer.recognize(blank_page(1), {}).text, kLetterText);
}

TEST(PageRecognizer, StartsAnotherReaderAfterOneThatDied) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile marker("");
  const TemporaryFile dies_once("#!/bin/sh\nif [ -s " + marker.path().string() + " ]; then exec " +
                                recognizer_options().recognizer.string() + " \"$@\"; fi\necho x > " +
                                marker.path().string() + "\nkill -9 $$\n");
  dies_once.make_executable();
  RecognizerOptions wants = recognizer_options();
  wants.recognizer = dies_once.path();
  const TemporaryFile pdf(testing::make_pdf({letter()}));
  PageRecognizer recognizer(wants, pdf.path(), "");
  EXPECT_EQ(code_of([&] { recognizer.recognize(blank_page(), {}); }), ErrorCode::kDamagedDocument);
  EXPECT_EQ(recognizer.recognize(blank_page(), {}).text, kLetterText);
}

// Without Tesseract --------------------------------------------------------------------------------------------------

// A program of the test's own in the place of jackdaw-ocr or jackdaw-parse.
class Stand : public ::testing::Test {
 protected:
  static std::unique_ptr<TemporaryFile> script(const std::string& body) {
    auto file = std::make_unique<TemporaryFile>("#!/bin/sh\n" + body + "\n");
    file->make_executable();
    return file;
  }
  Page recognize_with_reader(const std::string& body, const RecognizerOptions& wanted,
                             const Cancellation& cancellation = {}) const {
    const auto reader = script(body);
    RecognizerOptions wants = wanted;
    wants.recognizer = reader->path();
    return PageRecognizer(wants, pdf_.path(), "").recognize(blank_page(), cancellation);
  }
  Page recognize_with_drawer(const std::string& body) const {
    const auto drawer = script(body);
    const auto reader = script("exec /bin/sleep 1000");
    RecognizerOptions wants = recognizer_options();
    wants.parser = drawer->path();
    wants.recognizer = reader->path();
    return PageRecognizer(wants, pdf_.path(), "").recognize(blank_page(), {});
  }
  TemporaryFile pdf_{testing::make_pdf({letter()})};
};

TEST_F(Stand, AReaderThatTakesTooLongIsStopped) {
  RecognizerOptions wants = recognizer_options();
  wants.page_time = 200ms;
  wants.starved_factor = 2;
  EXPECT_EQ(code_of([&] { recognize_with_reader("exec /bin/sleep 1000", wants); }), ErrorCode::kDamagedDocument);
}

TEST_F(Stand, AReaderThatSpeaksAnotherLanguageIsNotBelieved) {
  for (const std::string_view body : {"echo hello hello hello", "exit 0", "exit 1", "kill -11 $$", "cat"}) {
    EXPECT_EQ(code_of([&] { recognize_with_reader(std::string(body), recognizer_options()); }),
              ErrorCode::kDamagedDocument)
        << body;
  }
}

TEST_F(Stand, AMissingReaderIsUnavailable) {
  RecognizerOptions wants = recognizer_options();
  wants.recognizer = "/nowhere/jackdaw-ocr";
  PageRecognizer recognizer(wants, pdf_.path(), "");
  EXPECT_EQ(code_of([&] { recognizer.recognize(blank_page(), {}); }), ErrorCode::kUnavailable);
}

TEST_F(Stand, ADrawerThatLiesIsNotBelieved) {
  const std::string magic = "printf 'jdpict01";
  for (const std::string& body :
       {std::string("exit 0"), std::string("exit 1"), std::string("echo hello hello hello hello"),
        // No width; more pixels than allowed; a fifth quarter; fewer pixels than promised.
        magic + R"(\0\0\0\0\1\0\0\0\310\0\0\0\0\0\0\0')", magic + R"(\0\167\1\0\0\167\1\0\310\0\0\0\0\0\0\0')",
        magic + R"(\1\0\0\0\1\0\0\0\310\0\0\0\4\0\0\0x')", magic + R"(\2\0\0\0\2\0\0\0\310\0\0\0\0\0\0\0xxx')"}) {
    EXPECT_EQ(code_of([&] { recognize_with_drawer(body); }), ErrorCode::kDamagedDocument) << body;
  }
}

TEST_F(Stand, CancellingStopsAReaderAtOnceAndLeavesNoProcess) {
  const TemporaryFile pid_file("");
  Cancellation cancellation;
  const auto written_pid = [&] { return std::atoi(testing::content_of(pid_file.path()).c_str()); };
  std::jthread canceller([&] {
    for (int i = 0; i < 60'000 && written_pid() == 0; ++i) std::this_thread::sleep_for(1ms);
    cancellation.cancel(CancelReason::kClient);
  });
  const std::string body = "echo $$ > " + pid_file.path().string() + "; exec /bin/sleep 1000";
  EXPECT_EQ(code_of([&] { recognize_with_reader(body, recognizer_options(), cancellation); }), ErrorCode::kCancelled);
  canceller.join();
  ASSERT_GT(written_pid(), 0);
  EXPECT_EQ(kill(written_pid(), 0), -1);
}

TEST_F(Stand, ADeadlineStopsAReader) {
  const Cancellation cancellation = Cancellation().child(SteadyClock::now() + 100ms);
  EXPECT_EQ(code_of([&] { recognize_with_reader("exec /bin/sleep 1000", recognizer_options(), cancellation); }),
            ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace jackdaw::extract
