#include "server/ingest_report.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/commands.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;

IngestedFile good(const std::string& path, IngestOutcome outcome = IngestOutcome::kIndexed) {
  Document document;
  document.id = {"abcdefghijklmnopqrstuvwxyz"};
  document.filename = std::filesystem::path(path).filename();
  document.pages = 5;
  document.chunks = 12;
  return {.path = path, .outcome = outcome, .document = document, .error = {}};
}

IngestedFile bad(const std::string& path, IngestOutcome outcome = IngestOutcome::kFailed) {
  return {
      .path = path, .outcome = outcome, .document = {}, .error = Error(ErrorCode::kDamagedDocument, "It is broken.")};
}

bool contains(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

TEST(IngestReport, CountsEachOutcome) {
  IngestReport report(false);
  for (const char* path : {"/a", "/b", "/c", "/d"}) report.expect(path);
  report.add(good("/c", IngestOutcome::kReplaced));
  report.add(good("/a"));
  report.add(bad("/b"));
  const auto table = report.table();
  EXPECT_TRUE(contains(table, "indexed          1")) << table.front();
  EXPECT_TRUE(contains(table, "replaced         1"));
  EXPECT_TRUE(contains(table, "failed           1"));
  EXPECT_TRUE(contains(table, "not reached      1"));
  EXPECT_TRUE(contains(table, "  /b: It is broken. (damaged_document)"));
  EXPECT_EQ(report.exit_code(), kExitIncomplete);
}

TEST(IngestReport, TheExitCodeSaysWhetherAllAreThere) {
  IngestReport report(false);
  EXPECT_EQ(report.exit_code(), kExitOk);
  report.add(bad("/bad"));
  EXPECT_EQ(report.exit_code(), kExitFailed);
  report.add(bad("/picture.png", IngestOutcome::kSkipped));
  EXPECT_EQ(report.exit_code(), kExitFailed) << "nothing is there";
  report.add(good("/good"));
  EXPECT_EQ(report.exit_code(), kExitIncomplete);
  report.add(good("/bad"));
  EXPECT_EQ(report.exit_code(), kExitOk) << "the last outcome of a file counts";
  EXPECT_EQ(report.count(IngestOutcome::kFailed), 0u);
}

TEST(IngestReport, ShowsAFewSkippedFilesAndAllThatFailed) {
  IngestReport report(false);
  for (int i = 0; i < 10; ++i) report.add(bad("/skipped" + std::to_string(i), IngestOutcome::kSkipped));
  for (int i = 0; i < 10; ++i) report.add(bad("/failed" + std::to_string(i)));
  const auto table = report.table(3);
  EXPECT_TRUE(contains(table, "  and 7 more"));
  EXPECT_FALSE(contains(table, "  /skipped3: It is broken. (damaged_document)"));
  EXPECT_TRUE(contains(table, "  /failed9: It is broken. (damaged_document)"));
}

TEST(IngestReport, NoNameReachesTheTerminalAsItIs) {
  IngestReport report(false);
  report.add(bad("/evil\x1b[2J\n\xe2\x80\xae.pdf"));
  for (const std::string& line : report.table()) {
    EXPECT_EQ(line.find_first_of("\x1b\n"), std::string::npos);
    EXPECT_EQ(line.find("\xe2\x80\xae"), std::string::npos) << "the direction of writing is turned";
  }
}

TEST(IngestReport, IsOneObjectForScriptsInTheOrderOfTheFiles) {
  IngestReport report(false);
  report.expect("/docs/a.pdf");
  report.expect("/docs/b.pdf");
  report.add(bad("/docs/b.pdf"));
  report.add(good("/docs/a.pdf"));
  const json::object all = report.to_json();
  const json::object& first = all.at("documents").at(0).as_object();
  EXPECT_EQ(first.at("status"), "ready");
  EXPECT_EQ(first.at("outcome"), "indexed");
  EXPECT_EQ(first.at("source"), "/docs/a.pdf");
  EXPECT_EQ(first.at("pages"), 5);
  const json::object& second = all.at("documents").at(1).as_object();
  EXPECT_EQ(second.at("status"), "failed");
  EXPECT_EQ(second.at("error").at("code"), "damaged_document");
  EXPECT_EQ(all.at("summary").at("files"), 2);
  EXPECT_EQ(all.at("summary").at("indexed"), 1);
}

TEST(IngestReport, ADryRunSaysWhatWouldHappen) {
  IngestReport report(true);
  report.add({.path = "/a", .outcome = IngestOutcome::kIndexed, .document = {}, .error = {}});
  EXPECT_EQ(report.line(*report.find("/a")), "/a: new");
  EXPECT_TRUE(contains(report.table(), "new              1"));
  EXPECT_FALSE(report.to_json().at("documents").at(0).as_object().contains("status"));
}

TEST(IngestReport, SaysThatADocumentIsThereInPart) {
  IngestReport report(false);
  IngestedFile file = good("/a");
  file.document->failure =
      DocumentFailure{.code = ErrorCode::kDamagedDocument, .message = "Page 3 is broken.", .page = 3};
  report.add(file);
  EXPECT_EQ(report.line(file), "/a: ready, 5 pages, 12 passages, in part: Page 3 is broken.");
  EXPECT_EQ(report.to_json().at("documents").at(0).at("partial").at("page"), 3);
}

TEST(SourceOf, WritesBytesThatAreNoTextAsHex) {
  EXPECT_EQ(source_of("/docs/résumé.pdf"), "/docs/résumé.pdf");
  EXPECT_EQ(source_of("/docs/\xff\xc3.pdf"), "/docs/%FF%C3.pdf");
  EXPECT_EQ(source_of("/\xef\xbf\xbd"), "/\xef\xbf\xbd");
}

}  // namespace
}  // namespace jackdaw::server
