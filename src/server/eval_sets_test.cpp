#include "server/eval_sets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
#include "core/text_extractor.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

// Pages are separated by form feeds; the title is the first line.
class PlainExtractor : public TextExtractor {
 public:
  ExtractionSummary extract(const ExtractionRequest& request, const ExtractionEvents& events,
                            const Cancellation&) override {
    std::ifstream in(request.path);
    ExtractionSummary summary;
    for (std::string text; std::getline(in, text, '\f');) {
      Page page;
      page.number = ++summary.pages;
      page.text = text;
      if (summary.pages == 1) summary.title = text.substr(0, text.find('\n'));
      events.on_page(std::move(page));
    }
    return summary;
  }
};

class EvalSetsTest : public ::testing::Test {
 protected:
  EvalSetsTest() {
    std::string pattern = (fs::temp_directory_path() / "jackdaw-eval-sets-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    fs::create_directories(set() / "qrels");
    write("set/corpus.jsonl", R"({"_id": "a", "title": "Apples", "text": "Apples are red."}
{"_id": "b", "text": "Pears are green."}
)");
    write("set/queries.jsonl", R"({"_id": "q1", "text": "red fruit"}
{"_id": "q2", "text": "blue fruit"}
)");
    write("set/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\n");
  }
  ~EvalSetsTest() override { fs::remove_all(folder_); }

  fs::path set() const { return folder_ / "set"; }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  EvalSources sources(std::string split = "") { return {folder_, std::move(split), extractor_, folder_}; }

  EvalSet find(const std::string& name, const std::string& split = "") {
    return find_eval_set(name, sources(split), Cancellation());
  }

  // The message, or nothing when it is not refused so.
  std::string refusal(ErrorCode code, const std::string& name, const std::string& split = "") {
    try {
      find(name, split);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << name << " was read";
    return {};
  }

  PlainExtractor extractor_;
  fs::path folder_;
};

TEST_F(EvalSetsTest, ReadsAFolderInBeirsForm) {
  const EvalSet read = find(set().string());
  EXPECT_EQ(read.name, "set");
  ASSERT_EQ(read.texts.size(), 2U);
  EXPECT_EQ(read.texts[0].id, "a");
  EXPECT_EQ(read.texts[0].title, "Apples");
  EXPECT_EQ(read.texts[0].page.text, "Apples are red.");
  EXPECT_EQ(read.texts[1].title, "");
  ASSERT_EQ(read.queries.size(), 1U);
  EXPECT_EQ(read.queries[0].text, "red fruit");
  EXPECT_EQ(read.queries[0].gains, (Gains{{0, 2}, {1, 0}}));
  EXPECT_EQ(read.unjudged, 1U);
}

TEST_F(EvalSetsTest, ASplitHasItsOwnQuestionsAndJudgements) {
  write("set/queries_train.jsonl", R"({"_id": "t1", "text": "green fruit"})");
  write("set/qrels/train.tsv", "query-id\tcorpus-id\tscore\nt1\tb\t1\n");
  EXPECT_EQ(find(set().string(), "train").queries[0].id, "t1");
  EXPECT_EQ(find(set().string()).queries[0].id, "q1") << "the split test goes first";
  fs::remove(set() / "qrels" / "test.tsv");
  EXPECT_EQ(find(set().string()).queries[0].id, "t1") << "the only one";
}

TEST_F(EvalSetsTest, SeveralSplitsWithoutTestAskForAChoice) {
  fs::rename(set() / "qrels" / "test.tsv", set() / "qrels" / "dev.tsv");
  write("set/qrels/train.tsv", "");
  EXPECT_NE(refusal(ErrorCode::kInvalidArgument, set().string()).find("--split: dev, train"), std::string::npos);
}

TEST_F(EvalSetsTest, MalformedLinesAreNamedByFileAndLine) {
  const auto expect_refused = [&](const std::string& file, const std::string& content, const std::string& where) {
    std::ifstream in(folder_ / file);
    const std::string before((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    write(file, content);
    const std::string message = refusal(ErrorCode::kInvalidArgument, set().string());
    EXPECT_NE(message.find(where), std::string::npos) << message;
    write(file, before);
  };
  expect_refused("set/corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n\n{\"_id\": \"b\"", "corpus.jsonl, line 3");
  expect_refused("set/corpus.jsonl", "[1]\n", "corpus.jsonl, line 1: it is not one JSON object");
  expect_refused("set/corpus.jsonl", "{\"_id\": \"a\"}\n", "corpus.jsonl, line 1: the field \"text\"");
  expect_refused("set/corpus.jsonl", "{\"_id\": 5, \"text\": \"x\"}\n", "the field \"_id\"");
  expect_refused("set/corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n{\"_id\": \"a\", \"text\": \"y\"}\n",
                 "line 2: the id \"a\" comes twice");
  expect_refused("set/corpus.jsonl", "{\"_id\": \"a\", \"text\": \"\xff\"}\n", "line 1: it is not valid UTF-8");
  expect_refused("set/queries.jsonl", "{\"_id\": \"q1\"}\n", "queries.jsonl, line 1: the field \"text\"");
  expect_refused("set/qrels/test.tsv", "h\nq1 a 1\n", "test.tsv, line 2: it is not query, text and gain");
  expect_refused("set/qrels/test.tsv", "h\nq1\ta\tmuch\n", "line 2: the gain \"much\"");
  expect_refused("set/qrels/test.tsv", "h\nq9\ta\t1\n", "line 2: there is no query \"q9\"");
  expect_refused("set/qrels/test.tsv", "h\nq1\tz\t1\n", "line 2: there is no text \"z\"");
}

TEST_F(EvalSetsTest, ASetWithoutAnythingRelevantIsRefused) {
  write("set/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\tb\t0\n");
  EXPECT_NE(refusal(ErrorCode::kNotReady, set().string()).find("nothing is judged relevant"), std::string::npos);
}

TEST_F(EvalSetsTest, WhatIsNotThereIsNamed) {
  EXPECT_NE(refusal(ErrorCode::kNotFound, "nonsense").find("There is no set \"nonsense\""), std::string::npos);
  EXPECT_NE(refusal(ErrorCode::kNotFound, "scifact").find("no set \"scifact\" in"), std::string::npos);
  fs::remove(set() / "queries.jsonl");
  EXPECT_NE(refusal(ErrorCode::kNotFound, set().string()).find("queries.jsonl"), std::string::npos);
  fs::remove(set() / "corpus.jsonl");
  EXPECT_NE(refusal(ErrorCode::kNotFound, set().string()).find("corpus.jsonl"), std::string::npos);
}

TEST_F(EvalSetsTest, ANamedSetLiesInTheFolderOrBelowIt) {
  fs::create_directories(folder_ / "retrieval");
  fs::rename(set(), folder_ / "retrieval" / "clapnq");
  EXPECT_EQ(find("clapnq").name, "clapnq");
  fs::rename(folder_ / "retrieval" / "clapnq", folder_ / "clapnq");
  EXPECT_EQ(find("clapnq").name, "clapnq");
}

TEST_F(EvalSetsTest, ReadsTheRagBlueprint) {
  fs::create_directories(folder_ / "vespa-rag-blueprint" / "dataset");
  fs::create_directories(folder_ / "vespa-rag-blueprint" / "queries");
  write(
      "vespa-rag-blueprint/dataset/docs.jsonl",
      R"({"put": "id:doc:doc::7", "fields": {"id": "7", "title": "notes.md", "text": "# Notes\nText.\n```\n# code\n```\n## Part\nMore."}})");
  write("vespa-rag-blueprint/queries/queries.json",
        R"([{"query_id": "x", "query_text": "which notes", "relevant_document_ids": ["7"]}])");
  write("vespa-rag-blueprint/queries/test_queries.json", "[]");
  const EvalSet read = find("vespa-rag-blueprint");
  EXPECT_EQ(read.texts.at(0).title, "notes.md");
  EXPECT_EQ(read.texts.at(0).page.sections, (std::vector<Section>{{0, "Notes"}, {29, "Notes \u203a Part"}}));
  EXPECT_EQ(read.queries.at(0).gains, (Gains{{0, 1}}));
}

class EvalCaseTest : public EvalSetsTest {
 protected:
  EvalSet read(const std::string& text) {
    write("some.case", text);
    return find((folder_ / "some.case").string());
  }
};

TEST_F(EvalCaseTest, APageOfACaseIsAText) {
  write("manual.txt", "Manual\nIt flies.\fThe price is\n 5 euros.\fThe end.");
  const EvalSet set = read(
      "# comment\ndocument manual.txt\ndocument notes.txt\n  Written here.\n  Two lines.\n\n"
      "ask What does it cost?\nexpect page 2 in first 3\nexpect manual.txt in first 1\nexpect answer contains 5\n"
      "ask Where are two lines?\nexpect notes.txt in first 1\n"
      "ask How much?\nexpect source contains price is 5 euros\n"
      "ask Who won?\nexpect no evidence\n");
  ASSERT_EQ(set.texts.size(), 4U);
  EXPECT_EQ(set.texts[1].id, "manual.txt#2");
  EXPECT_EQ(set.texts[1].title, "Manual");
  EXPECT_EQ(set.texts[3].page.text, "Written here.\nTwo lines.\n");
  ASSERT_EQ(set.queries.size(), 3U);
  EXPECT_EQ(set.queries[0].gains, (Gains{{1, 1}}));
  EXPECT_TRUE(set.queries[1].by_document);
  EXPECT_EQ(set.queries[1].gains, (Gains{{1, 1}}));
  EXPECT_EQ(set.queries[2].gains, (Gains{{1, 1}}));
  EXPECT_EQ(set.unjudged, 1U);
}

TEST_F(EvalCaseTest, WhatACaseCannotSayIsNamedByLine) {
  const auto expect_refused = [&](const std::string& text, const std::string& where) {
    write("some.case", text);
    const std::string message = refusal(ErrorCode::kInvalidArgument, (folder_ / "some.case").string());
    EXPECT_NE(message.find(where), std::string::npos) << message;
  };
  expect_refused("  words\n", "line 1: an indented line");
  expect_refused("document a\n  x\nask y\n  words\n", "line 4: an indented line");
  expect_refused("document a\n  x\nask y\nexpect miracles\n", "line 4: no expectation reads \"miracles\"");
  expect_refused("document a\n  x\nask y\nexpect a in first few\n", "line 4");
  expect_refused("expect a in first 1\n", "line 1: cannot read");
  expect_refused("document a\n  x\nask y\ndelete a\n", "line 4: a collection that changes");
  expect_refused("ask y\ndocument a\n", "line 2: all documents");
}

TEST_F(EvalCaseTest, AFileThatIsInNoFolderAboveIsMissing) {
  write("some.case", "document no/such/file.pdf\nask y\nexpect page 1 in first 3\n");
  EXPECT_NE(refusal(ErrorCode::kNotFound, (folder_ / "some.case").string()).find("no/such/file.pdf"),
            std::string::npos);
}

}  // namespace
}  // namespace jackdaw::server
