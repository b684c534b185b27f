#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "index/segmented_index.h"
#include "tests/support/test_data.h"

namespace jackdaw::index {
namespace {

struct LanguageOfXquad {
  const char* name;
  AnalyzerLanguage language;
  double least_recall;  // of the paragraph, in the first five
};

class Xquad : public ::testing::TestWithParam<LanguageOfXquad> {};
INSTANTIATE_TEST_SUITE_P(English, Xquad, ::testing::Values(LanguageOfXquad{"en", AnalyzerLanguage::kEnglish, 0.98}));
INSTANTIATE_TEST_SUITE_P(Unicode, Xquad,
                         ::testing::Values(LanguageOfXquad{"de", AnalyzerLanguage::kUnicode, 0.95},
                                           LanguageOfXquad{"ar", AnalyzerLanguage::kUnicode, 0.92},
                                           LanguageOfXquad{"zh", AnalyzerLanguage::kUnicode, 0.98}));

TEST_P(Xquad, FindsTheParagraphThatAQuestionIsAbout) {
  const auto file = testing::test_data(JACKDAW_SOURCE_DIR) / "retrieval" / "xquad" /
                    (std::string("xquad.") + GetParam().name + ".json");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent: set JACKDAW_TEST_DATA to the test data.";
  std::ifstream in(file);
  const boost::json::value parsed = boost::json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  std::vector<IndexedDocument> documents;
  std::vector<std::pair<std::string, ChunkId>> questions;
  for (const auto& article : parsed.at("data").as_array()) {
    for (const auto& paragraph : article.at("paragraphs").as_array()) {
      const ChunkId chunk{static_cast<std::int64_t>(documents.size())};
      const std::string text(paragraph.at("context").as_string());
      documents.push_back({DocumentId{std::to_string(chunk.value)}, {{chunk, text, {1.0F}}}});
      for (const auto& qa : paragraph.at("qas").as_array()) {
        questions.emplace_back(std::string(qa.at("question").as_string()), chunk);
      }
    }
  }
  ASSERT_EQ(documents.size(), 240u);
  ASSERT_EQ(questions.size(), 1190u);
  SegmentedIndex index(
      {.dimensions = 1, .analyzer = {.language = GetParam().language}, .vectors = VectorEngine::kFlat});
  index.add(documents);
  const auto keyword = index.snapshot()->keyword;
  const auto found = std::ranges::count_if(questions, [&](const auto& question) {
    const Ranking first = keyword->search(question.first, 5, {});
    return std::ranges::any_of(first, [&](const ScoredChunk& each) { return each.chunk == question.second; });
  });
  const double recall = static_cast<double>(found) / static_cast<double>(questions.size());
  RecordProperty("recall_at_5", std::to_string(recall));
  std::printf("xquad %s: the paragraph is among the first five for %.1f%% of the questions\n", GetParam().name,
              100 * recall);
  EXPECT_GE(recall, GetParam().least_recall);
}

}  // namespace
}  // namespace jackdaw::index
