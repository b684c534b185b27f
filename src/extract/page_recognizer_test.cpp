#include "extract/page_recognizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "extract/child_process.h"
#include "extract/confined/picture_protocol.h"
#include "extract/parser_output.h"
#include "extract/testing/sample_files.h"
#include "extract/testing/sample_pdf.h"
#include "extract/testing/sample_picture.h"

namespace jackdaw::extract {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryFile;

RecognizerOptions options() {
  RecognizerOptions options{.parser = testing::program("jackdaw-parse"), .recognizer = testing::program("jackdaw-ocr")};
  options.page_time = 300s;  // a loaded machine decides nothing here
  return options;
}

// Looked for once a process.
const RecognizerStatus& installed() {
  static const RecognizerStatus status = find_recognizer(options());
  return status;
}

#define SKIP_WITHOUT_TESSERACT() \
  if (installed().version.empty()) GTEST_SKIP() << "Tesseract is not installed: " << installed().problem

Page blank_page(int number = 1, float width = 595, float height = 842) {
  return {.number = number, .label = "iv", .width = width, .height = height};
}

const Word* find_word(const Page& page, std::string_view text) {
  const auto found = std::ranges::find_if(page.words, [&](const Word& word) {
    return std::string_view(page.text).substr(word.begin, word.end - word.begin) == text;
  });
  return found == page.words.end() ? nullptr : &*found;
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

ErrorCode code_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
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

// What is installed --------------------------------------------------------------------------------------------------

TEST(FindRecognizer, SaysWhatIsInstalledAndProvesTheSandbox) {
  SKIP_WITHOUT_TESSERACT();
  EXPECT_TRUE(installed().usable) << installed().problem;
  EXPECT_EQ(installed().problem, "");
  EXPECT_EQ(installed().version.substr(0, 2), "5.") << installed().version;
  EXPECT_TRUE(std::ranges::count(installed().languages, "eng"));
}

TEST(FindRecognizer, NamesThePackageOfAMissingLanguage) {
  SKIP_WITHOUT_TESSERACT();
  RecognizerOptions wants = options();
  wants.languages = "eng+tlh_new";
  const RecognizerStatus status = find_recognizer(wants);
  EXPECT_FALSE(status.usable);
  EXPECT_EQ(status.version, installed().version);
  EXPECT_NE(status.problem.find("\"tlh_new\""), std::string::npos) << status.problem;
  EXPECT_NE(status.problem.find("tesseract-ocr-tlh-new"), std::string::npos) << status.problem;
}

TEST(FindRecognizer, RefusesWhatCannotBeALanguage) {
  for (const std::string languages : {"", "+", "eng+", "eng deu", "../eng", "/eng", "a/b/c", "-l", "eng\n"}) {
    RecognizerOptions wants = options();
    wants.languages = languages;
    EXPECT_EQ(code_of([&] { find_recognizer(wants); }), ErrorCode::kInvalidArgument) << languages;
  }
  RecognizerOptions wants = options();
  wants.languages = std::string(300, 'a');
  EXPECT_EQ(code_of([&] { find_recognizer(wants); }), ErrorCode::kInvalidArgument);
}

TEST(FindRecognizer, AMissingProgramIsAProblemAndNoError) {
  RecognizerOptions wants = options();
  wants.recognizer = "/nowhere/jackdaw-ocr";
  const RecognizerStatus status = find_recognizer(wants);
  EXPECT_FALSE(status.usable);
  EXPECT_NE(status.problem.find("/nowhere/jackdaw-ocr"), std::string::npos) << status.problem;
}

TEST(FindRecognizer, AProgramThatSpeaksAnotherLanguageIsAProblemAndNoError) {
  const TemporaryFile babble("#!/bin/sh\necho 5.3.0 eng deu\n");
  babble.make_executable();
  RecognizerOptions wants = options();
  wants.recognizer = babble.path();
  const RecognizerStatus status = find_recognizer(wants);
  EXPECT_FALSE(status.usable);
  EXPECT_NE(status.problem, "");
}

// Reading pages ------------------------------------------------------------------------------------------------------

TEST(PageRecognizer, ReadsADrawnPageWithTheWordsAtTheirPlaces) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile pdf(testing::make_pdf({letter()}));
  PageRecognizer recognizer(options(), pdf.path(), "");
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
    PageRecognizer recognizer(options(), pdf.path(), "");
    expect_at(recognizer.recognize(blank_page(), {}), "harbour", harbour);
  }
}

TEST(PageRecognizer, CountsPlacesFromTheCropBox) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile pdf(testing::make_pdf({letter()}, "/MediaBox [0 0 595 842] /CropBox [50 400 495 792]"));
  PageRecognizer recognizer(options(), pdf.path(), "");
  const Page page = recognizer.recognize(blank_page(1, 445, 392), {});
  expect_at(page, "harbour", {50, 81, 98, 92});
}

TEST(PageRecognizer, ReadsPagesThatAreNothingButAPicture) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile drawn_pdf(testing::make_pdf({letter()}));
  const std::string picture = testing::picture_content(testing::drawn(drawn_pdf.path(), "1"));
  ASSERT_FALSE(picture.empty());
  const TemporaryFile pdf(testing::make_pdf({picture, "", picture}));
  PageRecognizer recognizer(options(), pdf.path(), "");
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

TEST(PageRecognizer, GoesOnAfterAPageThatCannotBeDrawn) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile pdf(testing::make_pdf({letter()}));
  PageRecognizer recognizer(options(), pdf.path(), "");
  EXPECT_EQ(code_of([&] { recognizer.recognize(blank_page(99), {}); }), ErrorCode::kDamagedDocument);
  EXPECT_EQ(recognizer.recognize(blank_page(1), {}).text, kLetterText);
}

TEST(PageRecognizer, StartsAnotherReaderAfterOneThatDied) {
  SKIP_WITHOUT_TESSERACT();
  const TemporaryFile marker("");
  const TemporaryFile dies_once("#!/bin/sh\nif [ -s " + marker.path().string() + " ]; then exec " +
                                options().recognizer.string() + " \"$@\"; fi\necho x > " + marker.path().string() +
                                "\nkill -9 $$\n");
  dies_once.make_executable();
  RecognizerOptions wants = options();
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
    RecognizerOptions wants = options();
    wants.parser = drawer->path();
    wants.recognizer = reader->path();
    return PageRecognizer(wants, pdf_.path(), "").recognize(blank_page(), {});
  }
  TemporaryFile pdf_{testing::make_pdf({letter()})};
};

TEST_F(Stand, AReaderThatTakesTooLongIsStopped) {
  RecognizerOptions wants = options();
  wants.page_time = 200ms;
  wants.starved_factor = 2;
  EXPECT_EQ(code_of([&] { recognize_with_reader("exec /bin/sleep 1000", wants); }), ErrorCode::kDamagedDocument);
}

TEST_F(Stand, AReaderThatSpeaksAnotherLanguageIsNotBelieved) {
  for (const std::string_view body : {"echo hello hello hello", "exit 0", "exit 1", "kill -11 $$", "cat"}) {
    EXPECT_EQ(code_of([&] { recognize_with_reader(std::string(body), options()); }), ErrorCode::kDamagedDocument)
        << body;
  }
}

TEST_F(Stand, AMissingReaderIsUnavailable) {
  RecognizerOptions wants = options();
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
  EXPECT_EQ(code_of([&] { recognize_with_reader(body, options(), cancellation); }), ErrorCode::kCancelled);
  canceller.join();
  ASSERT_GT(written_pid(), 0);
  EXPECT_EQ(kill(written_pid(), 0), -1);
}

TEST_F(Stand, ADeadlineStopsAReader) {
  const Cancellation cancellation = Cancellation().child(SteadyClock::now() + 100ms);
  EXPECT_EQ(code_of([&] { recognize_with_reader("exec /bin/sleep 1000", options(), cancellation); }),
            ErrorCode::kDeadlineExceeded);
}

// Drawing ------------------------------------------------------------------------------------------------------------

TEST(DrawingPages, DrawsWithFewerDotsWhereAPictureWouldBecomeTooLarge) {
  const struct {
    std::string_view box;
    bool whole;  // at the 200 dots an inch that were asked for
  } kCases[] = {{"/MediaBox [0 0 595 842]", true},      {"/MediaBox [0 0 2384 3370]", false},
                {"/MediaBox [0 0 14400 14400]", false}, {"/MediaBox [0 0 14400 10]", false},
                {"/MediaBox [0 0 1 1]", true},          {"/MediaBox [0 0 900000 900000]", false}};
  for (const auto& [box, whole] : kCases) {
    const TemporaryFile pdf(testing::make_pdf({letter()}, box));
    const std::string picture = testing::drawn(pdf.path(), "1");
    const auto head = testing::head_of(picture);
    ASSERT_TRUE(head) << box;
    EXPECT_EQ(picture.size(), picture_protocol::kHeadBytes + head->pixels()) << box;
    EXPECT_EQ(head->dpi == 200, whole) << box << " was drawn with " << head->dpi;
  }
}

TEST(DrawingPages, DrawsNothingWhereThereIsNoPage) {
  const TemporaryFile pdf(testing::make_pdf({letter()}));
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
    return testing::parsed(
        testing::all_output(ChildProcess(options().recognizer, {"read", "eng"}, testing::open_file(file.path()))));
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
  for (std::size_t i = 1; i < messages.size(); ++i) ASSERT_TRUE(std::holds_alternative<Page>(messages[i])) << i;
}

// Scans --------------------------------------------------------------------------------------------------------------

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
    if (auto* page = std::get_if<Page>(&message)) return std::move(*page);
  }
  return {};
}

Page recognized_first_page(const std::filesystem::path& pdf) {
  return PageRecognizer(options(), pdf, "").recognize(first_page(pdf), {});
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
