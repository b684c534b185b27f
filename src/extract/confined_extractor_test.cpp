#include "extract/confined_extractor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "extract/child_process.h"
#include "extract/confined/frame_writer.h"
#include "extract/testing/sample_files.h"
#include "extract/testing/sample_pdf.h"

namespace jackdaw::extract {
namespace {

using namespace std::chrono_literals;
using testing::make_pdf;
using testing::TemporaryFile;

ConfinedExtractorOptions options_with(std::string_view parser = "jackdaw-parse") {
  ConfinedExtractorOptions options;
  options.parser = testing::program(parser);
  options.text_parser = testing::program("jackdaw-parse-text");
  return options;
}

struct Extracted {
  ExtractionSummary summary;
  std::vector<Page> pages;
  std::vector<int> opened;
};

Extracted extract(const ExtractionRequest& request, const ConfinedExtractorOptions& options,
                  const Cancellation& cancellation = {}) {
  Extracted result;
  const ExtractionEvents events{.on_open = [&](int pages) { result.opened.push_back(pages); },
                                .on_page = [&](Page&& page) { result.pages.push_back(std::move(page)); }};
  result.summary = ConfinedExtractor(options).extract(request, events, cancellation);
  return result;
}

Extracted extract(const TemporaryFile& file, const ConfinedExtractorOptions& options = options_with(),
                  const Cancellation& cancellation = {}) {
  return extract({.path = file.path(), .filename = "report.pdf"}, options, cancellation);
}

// The same with what a child says before it goes wrong.
Extracted extract_partly(const TemporaryFile& file, const ConfinedExtractorOptions& options) {
  return extract({.path = file.path(), .filename = "report.pdf", .keep_partial = true}, options);
}

// The error that an extraction ends with.
Error error_of(const TemporaryFile& file, const ConfinedExtractorOptions& options = options_with(),
               const Cancellation& cancellation = {}) {
  try {
    extract(file, options, cancellation);
  } catch (const Error& error) {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
    EXPECT_EQ(errno, ECHILD);
    return error;
  }
  ADD_FAILURE() << "no error";
  return {ErrorCode::kInternal, ""};
}

bool says(const Error& error, std::string_view part) {
  return std::string_view(error.what()).find(part) != std::string_view::npos;
}

// A shell script in place of the parser.
class FakeParser {
 public:
  explicit FakeParser(const std::string& commands) : script_("#!/bin/sh\n" + commands + "\n") {
    script_.make_executable();
  }
  ConfinedExtractorOptions options() const {
    ConfinedExtractorOptions options;
    options.parser = script_.path();
    return options;
  }

 private:
  TemporaryFile script_;
};

const std::string kHello =
    make_pdf({"BT /F1 12 Tf 72 700 Td (Hello jackdaw) Tj ET", "BT /F1 12 Tf 72 700 Td (Page two) Tj ET"});

TEST(ConfinedExtractor, GivesTextAndBoxesPageByPage) {
  const Extracted result = extract(TemporaryFile(kHello));
  EXPECT_EQ(result.summary.media_type, "application/pdf");
  EXPECT_EQ(result.summary.pages, 2);
  ASSERT_EQ(result.pages.size(), 2U);
  const Page& page = result.pages[0];
  EXPECT_EQ(page.number, 1);
  EXPECT_EQ(page.text, "Hello jackdaw");
  EXPECT_EQ(page.width, 595);
  EXPECT_EQ(page.height, 842);
  ASSERT_EQ(page.words.size(), 2U);
  ASSERT_EQ(page.words[0].boxes.size(), 1U);
  const Box& box = page.words[0].boxes[0];
  EXPECT_NEAR(box.x0, 72, 1);
  EXPECT_NEAR(box.x1, 101, 2);
  EXPECT_GT(box.y0, 842 - 700 - 13);
  EXPECT_LT(box.y1, 842 - 700 + 4);
  EXPECT_EQ(result.pages[1].text, "Page two");
}

TEST(ConfinedExtractor, MeasuresBoxesFromTheCropBoxOfTheUnrotatedPage) {
  for (const char* rotation : {"0", "90", "180", "270"}) {
    const std::string page_entries =
        "/MediaBox [0 0 595 842] /CropBox [50 100 450 800] /Rotate " + std::string(rotation);
    const Extracted result =
        extract(TemporaryFile(make_pdf({"BT /F1 12 Tf 72 700 Td (Hello jackdaw) Tj ET"}, page_entries)));
    const Page& page = result.pages.at(0);
    EXPECT_EQ(page.width, 400);
    EXPECT_EQ(page.height, 700);
    EXPECT_NEAR(page.words.at(0).boxes.at(0).x0, 22, 1) << rotation;
    EXPECT_NEAR(page.words.at(0).boxes.at(0).y1, 100, 4) << rotation;
  }
}

TEST(ConfinedExtractor, BoxesOfTurnedTextSurroundIt) {
  const Extracted result = extract(TemporaryFile(make_pdf({"BT /F1 12 Tf 0 1 -1 0 300 200 Tm (upwards) Tj ET"})));
  const Box box = result.pages.at(0).words.at(0).boxes.at(0);
  EXPECT_NEAR(box.x1, 300, 4);
  EXPECT_GT(box.x0, 285);
  EXPECT_NEAR(box.y1, 842 - 200, 2);
  EXPECT_NEAR(box.y0, 842 - 248, 6);
}

TEST(ConfinedExtractor, SaysWhatAFileIsThatIsNoPdf) {
  const Error png = error_of(TemporaryFile("\x89PNG\r\n\x1a\n...."));
  EXPECT_EQ(png.code(), ErrorCode::kUnsupportedMediaType);
  EXPECT_TRUE(says(png, "\"report.pdf\" is a PNG image, which cannot be read. What can be read: PDF, plain text"))
      << png.what();
  EXPECT_TRUE(says(error_of(TemporaryFile("")), "is an empty file"));
}

TEST(ConfinedExtractor, ReadsOtherFormatsWithTheOtherProgram) {
  const Extracted result = extract(TemporaryFile("Just words.\n\nAnd more of them.\n"));
  EXPECT_EQ(result.summary.media_type, "text/plain");
  EXPECT_EQ(result.summary.pages, 0);
  ASSERT_EQ(result.pages.size(), 1U);
  EXPECT_TRUE(result.pages[0].text.starts_with("Just words."));
  EXPECT_TRUE(result.summary.pages_without_text.empty());
}

TEST(ConfinedExtractor, SaysThatAFileIsDamaged) {
  const Error error = error_of(TemporaryFile("%PDF-1.7\nthis is no PDF"));
  EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument);
  EXPECT_TRUE(says(error, "\"report.pdf\" starts like a PDF but")) << error.what();
}

TEST(ConfinedExtractor, KeepsThePlaceOfAPageThatCannotBeRead) {
  std::string pdf = kHello;
  // The first page's content is gone: its object number leads nowhere.
  pdf.replace(pdf.find("/Contents 5 0 R"), 15, "/Contents 9 0 R");
  const Extracted result = extract(TemporaryFile(pdf));
  ASSERT_EQ(result.pages.size(), 2U);
  EXPECT_EQ(result.pages[0].text, "");
  EXPECT_EQ(result.pages[1].text, "Page two");
}

TEST(ConfinedExtractor, RefusesMorePagesAndCharactersThanAllowed) {
  ConfinedExtractorOptions options = options_with();
  options.max_pages = 1;
  const Error pages = error_of(TemporaryFile(kHello), options);
  EXPECT_EQ(pages.code(), ErrorCode::kTooLarge);
  EXPECT_TRUE(says(pages, "has 2 pages; at most 1")) << pages.what();
  options = options_with();
  options.max_characters = 15;
  const Error characters = error_of(TemporaryFile(kHello), options);
  EXPECT_EQ(characters.code(), ErrorCode::kTooLarge);
  EXPECT_TRUE(says(characters, "more than 15 characters")) << characters.what();
}

TEST(ConfinedExtractor, AMissingParserIsSaid) {
  ConfinedExtractorOptions options;
  options.parser = "/nowhere/jackdaw-parse";
  const Error error = error_of(TemporaryFile(kHello), options);
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(says(error, "/nowhere/jackdaw-parse")) << error.what();
}

TEST(ConfinedExtractor, AParserThatCannotLoadItsLibraryIsSaid) {
  EXPECT_EQ(error_of(TemporaryFile(kHello), FakeParser("exit 127").options()).code(), ErrorCode::kUnavailable);
}

TEST(ConfinedExtractor, ASandboxThatCannotBeSetUpIsSaid) {
  // kFailure, 18 bytes, kSandbox, page 0, a detail of 9 bytes.
  const Error error =
      error_of(TemporaryFile(kHello), FakeParser("printf 'jdparse2\\004\\022\\000\\000\\000\\010\\000\\000\\000\\000"
                                                 "\\011\\000\\000\\000no filter'")
                                          .options());
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(says(error, "no filter")) << error.what();
  EXPECT_TRUE(says(error, "seccomp")) << error.what();
}

TEST(ConfinedExtractor, AParserThatDiesMakesADamagedDocument) {
  const Error killed = error_of(TemporaryFile(kHello), FakeParser("kill -SEGV $$").options());
  EXPECT_EQ(killed.code(), ErrorCode::kDamagedDocument);
  EXPECT_TRUE(says(killed, "SIGSEGV")) << killed.what();
  EXPECT_EQ(error_of(TemporaryFile(kHello), FakeParser("exit 3").options()).code(), ErrorCode::kDamagedDocument);
  EXPECT_EQ(error_of(TemporaryFile(kHello), FakeParser("printf jdparse2").options()).code(),
            ErrorCode::kDamagedDocument);
}

TEST(ConfinedExtractor, AParserThatTalksNonsenseIsNotBelieved) {
  const Error error = error_of(TemporaryFile(kHello), FakeParser("exec /bin/cat /dev/zero").options());
  EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument);
  EXPECT_TRUE(says(error, "hostile")) << error.what();
}

TEST(ConfinedExtractor, StopsAtThePageTime) {
  const FakeParser asleep("exec /bin/sleep 60");
  ConfinedExtractorOptions options = asleep.options();
  options.page_time = 50ms;
  options.starved_factor = 2;
  const Stopwatch watch;
  const Error error = error_of(TemporaryFile(kHello), options);
  EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument);
  EXPECT_TRUE(says(error, "longer than 50 ms on one page")) << error.what();
  EXPECT_GE(watch.elapsed_ms(), 100);
  EXPECT_LT(watch.elapsed_ms(), 5'000);
}

TEST(ConfinedExtractor, StopsAtTheDocumentTime) {
  const FakeParser asleep("exec /bin/sleep 60");
  ConfinedExtractorOptions options = asleep.options();
  options.document_time = 50ms;
  const Error error = error_of(TemporaryFile(kHello), options);
  EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument);
  EXPECT_TRUE(says(error, "longer than 50 ms to read")) << error.what();
}

TEST(ConfinedExtractor, CancellingWakesItUpAndKillsTheChild) {
  const FakeParser asleep("exec /bin/sleep 60");
  const Cancellation cancellation;
  const Stopwatch watch;
  std::thread canceller([&] {
    std::this_thread::sleep_for(50ms);
    cancellation.cancel(CancelReason::kClient);
  });
  EXPECT_EQ(error_of(TemporaryFile(kHello), asleep.options(), cancellation).code(), ErrorCode::kCancelled);
  EXPECT_LT(watch.elapsed_ms(), 5'000);
  canceller.join();
}

TEST(ConfinedExtractor, ADeadlineEndsIt) {
  const FakeParser asleep("exec /bin/sleep 60");
  const Stopwatch watch;
  const Cancellation cancellation = Cancellation().child(SteadyClock::now() + 50ms);
  EXPECT_EQ(error_of(TemporaryFile(kHello), asleep.options(), cancellation).code(), ErrorCode::kDeadlineExceeded);
  EXPECT_LT(watch.elapsed_ms(), 5'000);
}

TEST(ConfinedExtractor, CancellingInMidDocumentStopsBeforeTheNextPage) {
  const Cancellation cancellation;
  int pages = 0;
  const TemporaryFile file(kHello);
  try {
    ConfinedExtractor(options_with())
        .extract({.path = file.path(), .filename = "report.pdf"},
                 {.on_page =
                      [&](Page&&) {
                        ++pages;
                        cancellation.cancel(CancelReason::kShutdown);
                      }},
                 cancellation);
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kShuttingDown);
  }
  EXPECT_EQ(pages, 1);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(ConfinedExtractor, WhatOnPageThrowsEndsItAndComesOut) {
  const TemporaryFile file(kHello);
  EXPECT_THROW(ConfinedExtractor(options_with())
                   .extract({.path = file.path(), .filename = "report.pdf"},
                            {.on_page = [](Page&&) { throw Error(ErrorCode::kStorageFull, "The disk is full."); }}, {}),
               Error);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// A parser that says these bytes and then does that.
class TalkingParser {
 public:
  explicit TalkingParser(const std::function<void(FrameWriter&)>& talk, const std::string& then = "")
      : said_(""), script_("/bin/cat '" + said_.path().string() + "'\n" + then) {
    const Descriptor file(open(said_.path().c_str(), O_WRONLY));
    FrameWriter writer(file.get());
    talk(writer);
  }
  ConfinedExtractorOptions options() const { return script_.options(); }

 private:
  TemporaryFile said_;
  FakeParser script_;
};

void say_two_of_five(FrameWriter& writer) {
  writer.document(5, true, "application/pdf", "Half a report");
  EXPECT_TRUE(writer.page({.number = 1, .text = "One"}));
  EXPECT_TRUE(writer.page({.number = 2, .text = "Two"}));
}

TEST(ConfinedExtractor, SaysTheirNumberBeforeThePages) {
  EXPECT_EQ(extract(TemporaryFile(kHello)).opened, std::vector<int>{2});
}

TEST(ConfinedExtractor, ADeathInMidDocumentNamesThePageThatItReached) {
  const Error error = error_of(TemporaryFile(kHello), TalkingParser(say_two_of_five, "kill -SEGV $$").options());
  EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument);
  EXPECT_EQ(error.page(), 2);
  EXPECT_TRUE(says(error, "beyond page 2")) << error.what();
}

TEST(ConfinedExtractor, KeepsWhatItReadWhenTheCallerWantsThat) {
  struct Case {
    std::string then;
    std::string message;
  };
  for (const Case& end : {Case{"kill -SEGV $$", "SIGSEGV"}, Case{"exit 0", "give up"}, Case{"echo nonsense", "hostile"},
                          Case{"exec /bin/sleep 60", "longer than 50 ms on one page"}}) {
    const TalkingParser parser(say_two_of_five, end.then);
    ConfinedExtractorOptions options = parser.options();
    if (end.then.ends_with("60")) {
      options.page_time = 50ms;
      options.starved_factor = 100;
    }
    const Extracted result = extract_partly(TemporaryFile(kHello), options);
    ASSERT_EQ(result.pages.size(), 2U) << end.then;
    EXPECT_EQ(result.summary.pages, 2);
    EXPECT_EQ(result.summary.title, "Half a report");
    ASSERT_TRUE(result.summary.failure) << end.then;
    EXPECT_EQ(result.summary.failure->code, ErrorCode::kDamagedDocument);
    EXPECT_EQ(result.summary.failure->page, 2);
    EXPECT_NE(result.summary.failure->message.find(end.message), std::string::npos) << result.summary.failure->message;
  }
}

TEST(ConfinedExtractor, KeepsThePagesBeforeALimit) {
  ConfinedExtractorOptions options = options_with();
  options.max_characters = 15;
  const Extracted result = extract_partly(TemporaryFile(kHello), options);
  EXPECT_EQ(result.pages.size(), 1U);
  ASSERT_TRUE(result.summary.failure);
  EXPECT_EQ(result.summary.failure->code, ErrorCode::kTooLarge);
}

TEST(ConfinedExtractor, NothingOfADocumentIsNoPart) {
  const TalkingParser parser([](FrameWriter& writer) { writer.document(5, true, "application/pdf", ""); },
                             "kill -SEGV $$");
  EXPECT_THROW(extract_partly(TemporaryFile(kHello), parser.options()), Error);
}

TEST(ConfinedExtractor, NoPartIsKeptOfWhatSomebodyStopped) {
  const TalkingParser parser(say_two_of_five, "exec /bin/sleep 60");
  const Cancellation cancellation = Cancellation().child(SteadyClock::now() + 200ms);
  const TemporaryFile file(kHello);
  try {
    extract({.path = file.path(), .filename = "report.pdf", .keep_partial = true}, parser.options(), cancellation);
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
  }
}

TEST(ConfinedExtractor, NamesPagesWithoutText) {
  const Extracted result =
      extract(TemporaryFile(make_pdf({"BT /F1 12 Tf 72 700 Td (Hello) Tj ET", "", "0 0 9 9 re f"})));
  EXPECT_EQ(result.summary.pages, 3);
  EXPECT_EQ(result.summary.pages_without_text, (std::vector<int>{2, 3}));
}

TEST(ConfinedExtractor, DoesNotBelieveAKindOfDocumentThatTheFirstBytesDeny) {
  const TalkingParser parser([](FrameWriter& writer) {
    writer.document(1, false, "text/plain", "");
    EXPECT_TRUE(writer.page({.number = 1, .text = "One"}));
    writer.end(1);
  });
  EXPECT_EQ(error_of(TemporaryFile(kHello), parser.options()).code(), ErrorCode::kDamagedDocument);
}

TEST(ConfinedExtractor, SaysWhatTheParserCannotRead) {
  const TalkingParser zip(
      [](FrameWriter& writer) { writer.failure(protocol::FailureReason::kUnsupported, 0, "a ZIP archive"); });
  const Error unsupported = error_of(TemporaryFile(kHello), zip.options());
  EXPECT_EQ(unsupported.code(), ErrorCode::kUnsupportedMediaType);
  EXPECT_TRUE(says(unsupported, "\"report.pdf\" is a ZIP archive, which cannot be read")) << unsupported.what();
  const TalkingParser bomb([](FrameWriter& writer) {
    writer.failure(protocol::FailureReason::kArchive, 0, "it holds 20000 files; at most 10000 are allowed");
  });
  const Error archive = error_of(TemporaryFile(kHello), bomb.options());
  EXPECT_EQ(archive.code(), ErrorCode::kTooLarge);
  EXPECT_TRUE(says(archive, "it holds 20000 files")) << archive.what();
}

TEST(ConfinedExtractor, ReadsAlsoWithoutTheFilter) {
  ConfinedExtractorOptions options = options_with();
  options.without_filter = true;
  EXPECT_EQ(extract(TemporaryFile(kHello), options).pages.size(), 2U);
}

TEST(ConfinedExtractor, APictureReadBeforeIsNotReadAgain) {
  const TalkingParser parser([](FrameWriter& writer) {
    writer.document(3, true, "application/pdf", "");
    EXPECT_TRUE(writer.page({.number = 1, .label = "i", .text = "", .sections = {{0, "Chapter"}}}, 1));
    EXPECT_TRUE(writer.page({.number = 2, .text = ""}, 1));
    EXPECT_TRUE(writer.page({.number = 3, .text = ""}));
    writer.end(3);
  });
  std::vector<int> asked;
  std::vector<Page> pages;
  const TemporaryFile file(kHello);
  const ExtractionSummary summary =
      ConfinedExtractor(parser.options())
          .extract({.path = file.path(), .filename = "scan.pdf"},
                   {.on_page = [&](Page&& page) { pages.push_back(std::move(page)); },
                    .recognized_before =
                        [&](int number) {
                          asked.push_back(number);
                          return number == 1
                                     ? std::optional(Page{.number = 1, .text = "Recognised", .words = {{0, 10, {}}}})
                                     : std::nullopt;
                        }},
                   {});
  EXPECT_EQ(asked, (std::vector<int>{1, 2}));
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_EQ(pages[0].text, "Recognised");
  EXPECT_EQ(pages[0].label, "i");
  EXPECT_TRUE(pages[0].recognized);
  EXPECT_EQ(pages[0].sections, (std::vector<Section>{{0, "Chapter"}}));
  EXPECT_EQ(summary.pages_without_text, (std::vector<int>{2, 3}));
}

TEST(ConfinedExtractor, AnInflateBombIsStopped) {
  const std::string bomb = testing::inflate_bomb(std::size_t{1} << 30);
  EXPECT_LT(bomb.size(), 200'000U);
  const TemporaryFile file(make_pdf({bomb}, "/MediaBox [0 0 595 842]", "/Filter [/FlateDecode /FlateDecode]"));
  const Error error = error_of(file);
  EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument);
  EXPECT_TRUE(says(error, "made the parser stop")) << error.what();
}

TEST(ConfinedExtractor, AMillionOperatorsEndInTextOrInAStop) {
  std::string content = "BT /F1 12 Tf 72 700 Td ";
  for (int i = 0; i < 1'000'000; ++i) content += "(a)Tj ";
  const TemporaryFile file(make_pdf({content + "ET"}));
  ConfinedExtractorOptions options = options_with();
  options.page_time = 1s;
  try {
    EXPECT_EQ(extract(file, options).summary.pages, 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDamagedDocument) << error.what();
  }
}

TEST(ConfinedExtractor, ManyThreadsReadAtOnce) {
  const TemporaryFile file(kHello);
  ConfinedExtractor extractor(options_with());
  std::vector<std::thread> threads;
  std::atomic<int> pages = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        extractor.extract({.path = file.path(), .filename = "report.pdf"}, {.on_page = [&](Page&&) { ++pages; }}, {});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pages, 80);
}

}  // namespace
}  // namespace jackdaw::extract
