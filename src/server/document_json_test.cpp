#include "server/document_json.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "server/json.h"

namespace jackdaw::server {
namespace {

namespace json = boost::json;
using Stage = JobProgress::Stage;

Document sample(DocumentStatus status) {
  Document document;
  document.id = {"aaaaaaaaaaaaaaaaaaaaaaaaaa"};
  document.filename = "a.pdf";
  document.status = status;
  return document;
}

JobProgress at(Stage stage) {
  JobProgress progress;
  progress.stage = stage;
  progress.page = 3;
  progress.pages = 9;
  return progress;
}

TEST(DocumentJson, WhatIsBeingReadSaysHowFarItHasCome) {
  const Document queued = sample(DocumentStatus::kQueued);
  EXPECT_EQ(to_json(queued).at("status").as_string(), "queued");
  EXPECT_FALSE(to_json(queued).contains("progress"));
  const json::object reading = to_json(queued, at(Stage::kExtracting));
  EXPECT_EQ(reading.at("status").as_string(), "extracting");
  EXPECT_EQ(dump(reading.at("progress")),
            R"({"page": 3, "pages": 9, "chunk": 0, "chunks": null, "pages_per_s": null, "eta_s": null})");
  EXPECT_EQ(to_json(queued, at(Stage::kEmbedding)).at("status").as_string(), "embedding");
  EXPECT_EQ(to_json(queued, at(Stage::kStoring)).at("status").as_string(), "embedding");
}

TEST(DocumentJson, AReadyDocumentStaysReadyWhileItsReplacementIsRead) {
  Document document = sample(DocumentStatus::kReady);
  document.replacement = Replacement{};
  const json::object out = to_json(document, at(Stage::kEmbedding));
  EXPECT_EQ(out.at("status").as_string(), "ready");
  EXPECT_FALSE(out.contains("progress"));
  const json::object& replacement = out.at("replacement").as_object();
  EXPECT_EQ(replacement.at("status").as_string(), "embedding");
  EXPECT_TRUE(replacement.contains("progress"));
}

TEST(DocumentJson, WhatIsStoredIsReadyOnlyOnceItCanBeFound) {
  const Document stored = sample(DocumentStatus::kReady);
  EXPECT_EQ(to_json(stored, at(Stage::kStoring)).at("status").as_string(), "embedding");
  JobProgress replacing = at(Stage::kStoring);
  replacing.replaces = true;
  const json::object out = to_json(stored, replacing);
  EXPECT_EQ(out.at("status").as_string(), "ready");
  EXPECT_EQ(out.at("replacement").at("status").as_string(), "embedding");
  EXPECT_EQ(to_json(stored).at("status").as_string(), "ready");
}

TEST(DocumentJson, OnlyWhatIsThereIsSaid) {
  Document document = sample(DocumentStatus::kFailed);
  for (const char* name : {"source", "error", "pages_without_text", "progress", "replacement"}) {
    EXPECT_FALSE(to_json(document).contains(name)) << name;
  }
  document.failure = DocumentFailure{ErrorCode::kDamagedDocument, "It is broken.", 0};
  document.pages_without_text = {2, 3};
  document.source = "/a";
  EXPECT_EQ(dump(to_json(document).at("error")),
            R"({"code": "damaged_document", "message": "It is broken.", "page": null})");
  EXPECT_EQ(dump(to_json(document).at("pages_without_text")), "[2, 3]");
  EXPECT_EQ(to_json(document).at("source").as_string(), "/a");
}

TEST(DocumentJson, WhoWaitedHearsWhyThereIsNothing) {
  EXPECT_FALSE(failure_of(sample(DocumentStatus::kReady)));
  EXPECT_EQ(failure_of(sample(DocumentStatus::kCancelled))->code(), ErrorCode::kCancelled);
  Document document = sample(DocumentStatus::kReady);
  document.failure = DocumentFailure{ErrorCode::kDamagedDocument, "In part.", 4};
  EXPECT_FALSE(failure_of(document)) << "it is there in part";
  document.replacement = Replacement{};
  document.replacement->status = DocumentStatus::kFailed;
  document.replacement->failure = DocumentFailure{ErrorCode::kNoText, "No text.", 2};
  EXPECT_EQ(failure_of(document)->code(), ErrorCode::kNoText);
  EXPECT_EQ(failure_of(document)->page(), 2);
}

TEST(DocumentJson, WordsCountCodePoints) {
  Page page;
  page.number = 2;
  page.text = "é€ x";
  page.words = {{.begin = 0, .end = 5, .boxes = {{1, 2, 3, 4}}}, {.begin = 6, .end = 7, .boxes = {}}};
  const json::object out = page_to_json({"d"}, page, true);
  EXPECT_EQ(dump(out.at("words")),
            R"([{"begin": 0, "end": 2, "boxes": [[1, 2, 3, 4]]}, {"begin": 3, "end": 4, "boxes": []}])");
  EXPECT_EQ(out.at("page").as_int64(), 2);
  EXPECT_TRUE(page_to_json({"d"}, page, false).at("page").is_null());
}

TEST(DocumentJson, APassageWithoutPagesHasAPlaceAllTheSame) {
  Passage passage;
  passage.span.page = 3;
  passage.paged = false;
  passage.heading = "Warranty";
  ChunkPage page;
  page.passages = {passage};
  EXPECT_EQ(dump(to_json(page)),
            R"({"chunks": [{"chunk_id": 0, "page": null, "heading": "Warranty", "text": ""}], "next": null})");
}

}  // namespace
}  // namespace jackdaw::server
