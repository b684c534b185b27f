// The real program jackdaw-parse-text, confined: what a format needs from the system shows only here.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/text.h"
#include "extract/parser_output.h"
#include "extract/testing/sample_archive.h"
#include "extract/testing/sample_files.h"

namespace jackdaw::extract {
namespace {

using testing::docx_paragraph;
using testing::TemporaryFile;

struct Outcome {
  int status = 0;  // as waitpid() gives it
  ParsedDocument document;
  std::string text;  // of all pages
  std::vector<Page> pages;
  ParserFailure failure;  // reason 0: none
};

Outcome run(const std::filesystem::path& file) {
  const std::string command =
      "'" + testing::program("jackdaw-parse-text").string() + "' read 5000 20000000 < '" + file.string() + "'";
  FILE* pipe = popen(command.c_str(), "r");
  Outcome outcome;
  ParserOutput output(5'000, 20'000'000);
  std::array<char, 64 << 10> buffer;
  for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.feed({buffer.data(), got});
    while (auto message = output.next()) {
      if (auto* opened = std::get_if<ParsedDocument>(&*message)) outcome.document = std::move(*opened);
      if (auto* failed = std::get_if<ParserFailure>(&*message)) outcome.failure = std::move(*failed);
      if (auto* page = std::get_if<ParsedPage>(&*message)) {
        outcome.text += page->page.text + '\n';
        outcome.pages.push_back(std::move(page->page));
      }
    }
  }
  outcome.status = pclose(pipe);
  EXPECT_TRUE(output.ended()) << file;
  return outcome;
}

Outcome run_on(const std::string& bytes) {
  const TemporaryFile file(bytes);
  return run(file.path());
}

TEST(ParseTextProgram, ReadsEveryFormatInsideOfItsSandbox) {
  const std::string mail =
      "From: a@example.org\nTo: b@example.org\nSubject: =?koi8-r?B?8NLJ18XU?=\n"
      "Content-Type: text/html; charset=windows-1252\n\n<p>jackdaw \x80";
  const std::vector<std::pair<std::string, std::string>> samples = {
      {"text/plain", "The jackdaw is a bird."},
      {"text/plain",
       "D\xe9j\xe0 vu, jackdaw \x96 \xe7"
       "a va"},
      {"text/plain", std::string("\xff\xfej\0a\0c\0k\0d\0a\0w\0", 16)},
      {"text/markdown", "# Birds\n\n- a [jackdaw](x)\n"},
      {"text/html", "<html><head><meta charset=shift_jis></head><h1>jackdaw</h1>\x93\xfa\x96\x7b"},
      {"text/csv", "Name,Price,Town\njackdaw,1,Kiel\n"},
      {"text/tab-separated-values", "Name\tPrice\njackdaw\t1\ncrow\t2\n"},
      {"application/json", R"({"bird":"jackdaw","weight":0.24})"},
      {"application/x-ndjson", "{\"bird\":\"jackdaw\"}\n{\"bird\":\"crow\"}\n"},
      {"message/rfc822", mail},
      {"application/epub+zip", testing::make_epub({"<html><p>jackdaw</p></html>"})},
      {"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
       testing::make_docx(docx_paragraph("jackdaw"))},
      {"application/vnd.openxmlformats-officedocument.presentationml.presentation",
       testing::make_pptx({"<p:sp><p:txBody><a:p><a:r><a:t>jackdaw</a:t></a:r></a:p></p:txBody></p:sp>"})},
      {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
       testing::make_xlsx({{"Birds",
                            "<row><c t=\"inlineStr\"><is><t>jackdaw</t></is></c><c s=\"1\"><v>45413.5</v></c>"
                            "</row>"}},
                          "", "<cellXfs><xf/><xf numFmtId=\"22\"/></cellXfs>")},
      {"application/vnd.oasis.opendocument.text", testing::make_opendocument("text", "<text:p>jackdaw</text:p>")},
  };
  for (const auto& [media_type, bytes] : samples) {
    const Outcome outcome = run_on(bytes);
    EXPECT_EQ(outcome.status, 0) << media_type;
    EXPECT_EQ(outcome.document.media_type, media_type) << outcome.failure.detail;
    EXPECT_NE(outcome.text.find("jackdaw"), std::string::npos) << media_type << outcome.text;
  }
}

TEST(ParseTextProgram, SaysWhyItDoesNotRead) {
  const Outcome archive = run_on(testing::make_zip({{"a", "b"}}));
  EXPECT_EQ(archive.failure.reason, protocol::FailureReason::kUnsupported);
  EXPECT_EQ(archive.failure.detail, "a ZIP archive without a document in it");
  const Outcome damaged = run_on(testing::make_docx("<w:p>"));
  EXPECT_EQ(damaged.failure.reason, protocol::FailureReason::kFormat);
  EXPECT_EQ(damaged.failure.detail, "a Microsoft Office document");
  EXPECT_EQ(run_on("").failure.reason, protocol::FailureReason::kUnsupported);
}

TEST(ParseTextProgram, AnArchiveThatNeedsMoreMemoryThanAllowedIsSaid) {
  // Every element takes more than fifty bytes in the tree, and less than a fortieth of a byte in the archive.
  std::string elements;
  for (int i = 0; i < 4'000'000; ++i) elements += i % 100 == 0 ? "<w:a w:b=\"" + std::to_string(i) + "\"/>" : "<w:a/>";
  const Outcome outcome = run_on(testing::make_docx(elements));
  EXPECT_EQ(outcome.status, 0);
  const auto reason = outcome.failure.reason;
  EXPECT_TRUE(reason == protocol::FailureReason::kOutOfMemory || reason == protocol::FailureReason::kArchive ||
              outcome.document.pages == 0)
      << static_cast<int>(reason);
}

TEST(ParseTextProgram, LargeFilesOfEachKindFit) {
  std::string text;
  while (text.size() < (std::size_t{8} << 20)) text += "A line of text about the jackdaw, and \xc3\xa9 more.\n\n";
  const Outcome plain = run_on(text);
  EXPECT_EQ(plain.status, 0);
  EXPECT_GT(plain.pages.size(), 250U);
  std::string page = "<html>";
  for (int i = 0; i < 100'000; ++i) page += "<p class=\"x\">A <b>line</b> of text " + std::to_string(i);
  const Outcome html = run_on(page);
  EXPECT_EQ(html.status, 0);
  EXPECT_NE(html.text.find("text 99999"), std::string::npos);
}

using Words = std::map<std::string, int>;

Words words_of(const std::string& text) {
  Words words;
  for (const text::Range& word : text::words(text)) ++words[text.substr(word.begin, word.end - word.begin)];
  return words;
}

// Markdown without what is no word of it: where links lead, comments, tags, entities.
std::string without_marks(const std::string& markdown) {
  std::string out;
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    const std::string_view rest = std::string_view(markdown).substr(i);
    const std::size_t end = rest.starts_with("](")     ? rest.find(')')
                            : rest.starts_with("<!--") ? rest.find("-->")
                            : rest.starts_with('<')    ? rest.find('>')
                            : rest.starts_with('&')    ? rest.substr(0, 8).find(';')
                                                       : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += markdown[i];
    } else {
      out += ' ';
      i += end;
    }
  }
  return out;
}

TEST(ParseTextProgram, TheWordsOfTheMarkdownSamplesSurvive) {
  const std::filesystem::path folder = testing::unpacked("docling");
  if (folder.empty()) GTEST_SKIP() << "the samples are absent: pdf/docling.tar.xz in " << testing::data_folder();
  std::size_t files = 0;
  std::size_t all = 0;
  std::size_t kept = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".md") continue;
    ++files;
    const Outcome outcome = run(entry.path());
    EXPECT_EQ(outcome.status, 0) << entry.path();
    const Words found = words_of(outcome.text);
    std::size_t own = 0;
    std::size_t own_kept = 0;
    for (const auto& [word, count] : words_of(without_marks(testing::content_of(entry.path())))) {
      const auto there = found.find(word);
      own += static_cast<std::size_t>(count);
      own_kept += static_cast<std::size_t>(there == found.end() ? 0 : std::min(count, there->second));
    }
    EXPECT_GE(static_cast<double>(own_kept), 0.94 * static_cast<double>(own)) << entry.path();
    all += own;
    kept += own_kept;
  }
  EXPECT_GT(files, 100U);
  EXPECT_GE(static_cast<double>(kept), 0.99 * static_cast<double>(all)) << kept << " of " << all;
}

}  // namespace
}  // namespace jackdaw::extract
