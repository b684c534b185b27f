#include "extract/parser_output.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "extract/confined/frame_writer.h"

namespace jackdaw::extract {
namespace {

// What a FrameWriter wrote.
class Recording {
 public:
  Recording() : descriptor_(memfd_create("frames", MFD_CLOEXEC)), writer(descriptor_) {}
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording() { close(descriptor_); }

  std::string bytes() const {
    std::string all(static_cast<std::size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(descriptor_, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
    return all;
  }

 private:
  int descriptor_;

 public:
  FrameWriter writer;
};

Page sample_page(int number) {
  return {.number = number,
          .label = "iv",
          .width = 595.5F,
          .height = 842,
          .text = "Fundamentalgruppen für\nalle",
          .words = {{0, 18, {{10, 20, 60, 30}, {5, 32, 40, 42}}}, {19, 23, {{62, 20, 80, 30}}}, {24, 28, {}}},
          .sections = {{0, "Geometrie"}, {24, "Geometrie \u203A Alle"}}};
}

std::string sample_stream() {
  Recording recording;
  recording.writer.document(2, true, "application/pdf", "Geometrie \n und Topologie");
  EXPECT_TRUE(recording.writer.page(sample_page(1), 3));
  EXPECT_TRUE(recording.writer.page(sample_page(2)));
  recording.writer.end(2);
  return recording.bytes();
}

std::vector<ParserMessage> read_all(ParserOutput& output) {
  std::vector<ParserMessage> messages;
  while (auto message = output.next()) messages.push_back(std::move(*message));
  return messages;
}

void expect_same_page(const Page& page, const Page& expected) {
  EXPECT_EQ(page.sections, expected.sections);
  EXPECT_EQ(page.number, expected.number);
  EXPECT_EQ(page.label, expected.label);
  EXPECT_EQ(page.width, expected.width);
  EXPECT_EQ(page.height, expected.height);
  EXPECT_EQ(page.text, expected.text);
  EXPECT_EQ(page.words, expected.words);
}

void expect_sample(const std::vector<ParserMessage>& messages) {
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(std::get<ParsedDocument>(messages[0]).pages, 2U);
  EXPECT_EQ(std::get<ParsedDocument>(messages[0]).title, "Geometrie und Topologie");
  EXPECT_EQ(std::get<ParsedDocument>(messages[0]).media_type, "application/pdf");
  EXPECT_TRUE(std::get<ParsedDocument>(messages[0]).paged);
  EXPECT_EQ(std::get<ParsedPage>(messages[1]).pictures, 3);
  EXPECT_EQ(std::get<ParsedPage>(messages[2]).pictures, 0);
  expect_same_page(std::get<ParsedPage>(messages[1]).page, sample_page(1));
  expect_same_page(std::get<ParsedPage>(messages[2]).page, sample_page(2));
  EXPECT_TRUE(std::holds_alternative<ParsedEnd>(messages[3]));
}

// The error that one page's frame, or a whole stream, leads to.
ErrorCode refusal(const std::string& stream, std::size_t max_pages = 10, std::size_t max_characters = 1000) {
  ParserOutput output(max_pages, max_characters);
  try {
    output.feed(stream);
    read_all(output);
  } catch (const Error& error) {
    EXPECT_GT(std::string(error.what()).size(), 20U);
    return error.code();
  }
  ADD_FAILURE() << "was accepted";
  return ErrorCode::kInternal;
}

std::string stream_with(const Page& page) {
  Recording recording;
  recording.writer.document(1, false, "text/plain", "");
  EXPECT_TRUE(recording.writer.page(page));
  return recording.bytes();
}

TEST(ParserOutput, GivesBackWhatWasWritten) {
  ParserOutput output(10, 1000);
  EXPECT_FALSE(output.began());
  output.feed(sample_stream());
  expect_sample(read_all(output));
  EXPECT_TRUE(output.ended());
}

TEST(ParserOutput, GivesTheSameForAnySplitOfTheBytes) {
  const std::string stream = sample_stream();
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    ParserOutput output(10, 1000);
    output.feed(stream.substr(0, cut));
    std::vector<ParserMessage> messages = read_all(output);
    output.feed(stream.substr(cut));
    for (auto& message : read_all(output)) messages.push_back(std::move(message));
    expect_sample(messages);
  }
  ParserOutput output(10, 1000);
  std::vector<ParserMessage> messages;
  for (const char byte : stream) {
    output.feed({&byte, 1});
    for (auto& message : read_all(output)) messages.push_back(std::move(message));
  }
  expect_sample(messages);
}

TEST(ParserOutput, CarriesFailuresAndTheAnswerToTheSelfCheck) {
  Recording failed;
  failed.writer.failure(protocol::FailureReason::kSandbox, 0, "seccomp filter: Function not implemented");
  ParserOutput output(10, 1000);
  output.feed(failed.bytes());
  const auto failure = std::get<ParserFailure>(output.next().value());
  EXPECT_EQ(failure.reason, protocol::FailureReason::kSandbox);
  EXPECT_EQ(failure.detail, "seccomp filter: Function not implemented");

  Recording ready;
  ready.writer.ready();
  ParserOutput other(10, 1000);
  other.feed(ready.bytes());
  EXPECT_TRUE(std::holds_alternative<ParserReady>(other.next().value()));
}

TEST(ParserOutput, RefusesMoreThanIsAllowed) {
  EXPECT_EQ(refusal(sample_stream(), 1, 1000), ErrorCode::kTooLarge);
  EXPECT_EQ(refusal(sample_stream(), 10, 40), ErrorCode::kTooLarge);
}

TEST(ParserOutput, RefusesWordsThatAreNotInTheText) {
  for (const auto& [begin, end] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {5, 5}, {6, 5}, {0, 29}, {0, 0xFFFFFFFF}, {19, 21}, {21, 23}}) {
    Page page = sample_page(1);
    page.words = {{begin, end, {}}};
    EXPECT_EQ(refusal(stream_with(page)), ErrorCode::kDamagedDocument) << begin << ".." << end;
  }
  Page overlapping = sample_page(1);
  overlapping.words = {{0, 10, {}}, {9, 12, {}}};
  EXPECT_EQ(refusal(stream_with(overlapping)), ErrorCode::kDamagedDocument);
}

TEST(ParserOutput, RefusesPlacesThatAreOnNoPage) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Box& box :
       {Box{kNan, 0, 1, 1}, Box{0, 0, kInfinity, 1}, Box{2, 0, 1, 1}, Box{0, 2, 1, 1}, Box{-2e6F, 0, 1, 1}}) {
    Page page = sample_page(1);
    page.words = {{0, 5, {box}}};
    EXPECT_EQ(refusal(stream_with(page)), ErrorCode::kDamagedDocument);
  }
  Page page = sample_page(1);
  page.width = -1;
  EXPECT_EQ(refusal(stream_with(page)), ErrorCode::kDamagedDocument);
}

TEST(ParserOutput, RefusesHeadingsThatAreNotInTheText) {
  for (const std::vector<Section>& sections :
       {std::vector<Section>{{29, "beyond"}}, {{5, "a"}, {5, "b"}}, {{6, "a"}, {5, "b"}}, {{21, "in a letter"}}}) {
    Page page = sample_page(1);
    page.sections = sections;
    EXPECT_EQ(refusal(stream_with(page)), ErrorCode::kDamagedDocument) << sections.back().heading;
  }
}

TEST(ParserOutput, RefusesADocumentOfAnUnknownKind) {
  Recording recording;
  recording.writer.document(1, true, "application/x-executable", "");
  EXPECT_EQ(refusal(recording.bytes()), ErrorCode::kDamagedDocument);
}

TEST(ParserOutput, CutsLongHeadingsAtALetter) {
  Page page = sample_page(1);
  page.sections = {{0, std::string(kMaxHeadingBytes - 1, 'a') + "\u00E4"}};
  ParserOutput output(10, 1000);
  output.feed(stream_with(page));
  const std::vector<ParserMessage> messages = read_all(output);
  EXPECT_EQ(std::get<ParsedPage>(messages.at(1)).page.sections.at(0).heading, std::string(kMaxHeadingBytes - 1, 'a'));
}

TEST(ParserOutput, RefusesMessagesOutOfOrder) {
  const std::string stream = sample_stream();
  EXPECT_EQ(refusal("another!" + stream), ErrorCode::kDamagedDocument);
  EXPECT_EQ(refusal(stream + "x"), ErrorCode::kDamagedDocument);
  Recording page_first;
  EXPECT_TRUE(page_first.writer.page(sample_page(1)));
  EXPECT_EQ(refusal(page_first.bytes()), ErrorCode::kDamagedDocument);
  Recording skipped;
  skipped.writer.document(2, true, "application/pdf", "");
  EXPECT_TRUE(skipped.writer.page(sample_page(2)));
  EXPECT_EQ(refusal(skipped.bytes()), ErrorCode::kDamagedDocument);
  Recording early;
  early.writer.document(2, true, "application/pdf", "");
  early.writer.end(0);
  EXPECT_EQ(refusal(early.bytes()), ErrorCode::kDamagedDocument);
  Recording late;
  late.writer.document(0, true, "application/pdf", "");
  EXPECT_TRUE(late.writer.page(sample_page(1)));
  EXPECT_EQ(refusal(late.bytes()), ErrorCode::kDamagedDocument);
}

TEST(ParserOutput, RefusesAMessageThatClaimsToBeHuge) {
  EXPECT_EQ(refusal(std::string(protocol::kMagic) + "\x02\xff\xff\xff\xff"), ErrorCode::kDamagedDocument);
}

TEST(ParserOutput, RepairsTextThatIsNotUtf8AndDropsItsPlaces) {
  Page page = sample_page(1);
  page.text = std::string("ab\xff\0cd", 6);
  page.words = {{0, 2, {}}};
  page.sections = {{0, "stays"}, {4, "goes"}};
  ParserOutput output(10, 1000);
  output.feed(stream_with(page));
  const std::vector<ParserMessage> messages = read_all(output);
  EXPECT_EQ(std::get<ParsedPage>(messages.at(1)).page.text, "ab\uFFFD\uFFFDcd");
  EXPECT_TRUE(std::get<ParsedPage>(messages.at(1)).page.words.empty());
  EXPECT_EQ(std::get<ParsedPage>(messages.at(1)).page.sections, (std::vector<Section>{{0, "stays"}}));
}

TEST(ParserOutput, GivesOutOnlyWhatKeepsThePromisesWhateverIsFed) {
  const std::string stream = sample_stream();
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string hostile = stream;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      hostile[8 + random() % (hostile.size() - 8)] = static_cast<char>(random());
    }
    ParserOutput output(10, 1000);
    try {
      output.feed(hostile);
      for (const ParserMessage& message : read_all(output)) {
        const auto* page = std::get_if<ParsedPage>(&message);
        if (page == nullptr) continue;
        EXPECT_TRUE(text::is_valid_utf8(page->page.text));
        for (const Word& word : page->page.words) EXPECT_LE(word.end, page->page.text.size());
        for (const Section& section : page->page.sections) EXPECT_LE(section.begin, page->page.text.size());
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1'000);
}

TEST(FrameWriter, RefusesAPageThatIsTooLargeAndWritesNothing) {
  Recording recording;
  Page page = sample_page(1);
  page.text.assign(protocol::kMaxFrameBytes, 'a');
  EXPECT_FALSE(recording.writer.page(page));
  EXPECT_EQ(recording.bytes(), "");
}

}  // namespace
}  // namespace jackdaw::extract
