#include "index/keyword_index.h"

#include <gtest/gtest.h>

#include "index/segmented_index.h"
#include "tests/support/keyword_index_contract.h"

namespace jackdaw::testing {
namespace {

std::vector<std::string> analyzed(std::string_view text) {
  static const index::Analyzer analyzer;
  return analyzer.terms(text);
}

// Segments of three documents each.
std::shared_ptr<const KeywordIndex> make_bm25(const std::vector<IndexedDocument>& documents,
                                              const std::vector<DocumentId>& removed) {
  index::SegmentedIndex made({.dimensions = 1, .vectors = index::VectorEngine::kFlat});
  for (std::size_t begin = 0; begin < documents.size(); begin += 3) {
    made.add(std::span(documents).subspan(begin, std::min<std::size_t>(3, documents.size() - begin)));
  }
  for (const DocumentId& document : removed) made.remove(document);
  return made.snapshot()->keyword;
}

std::shared_ptr<const KeywordIndex> make_brute_force(const std::vector<IndexedDocument>& documents,
                                                     const std::vector<DocumentId>& removed) {
  return std::make_shared<BruteForceKeywordIndex>(analyzed, documents, removed);
}

INSTANTIATE_TEST_SUITE_P(Bm25, KeywordIndexContract, ::testing::Values(KeywordIndexMaker{make_bm25, analyzed}));
INSTANTIATE_TEST_SUITE_P(BruteForce, KeywordIndexContract,
                         ::testing::Values(KeywordIndexMaker{make_brute_force, analyzed}));

TEST(Bm25Index, ScoresDoNotDependOnHowChunksAreSpreadOverSegments) {
  const auto documents = random_word_documents(30, 100, 400, 12);
  index::SegmentedIndex one({.dimensions = 1, .vectors = index::VectorEngine::kFlat});
  one.add(documents);  // 3000 rows: more than one window
  index::SegmentedIndex many({.dimensions = 1, .vectors = index::VectorEngine::kFlat});
  for (const IndexedDocument& document : documents) many.add({&document, 1});
  std::mt19937 random(8);
  for (int n = 0; n < 100; ++n) {
    const std::string query = random_words(random, 5, 400);
    ASSERT_EQ(one.snapshot()->keyword->search(query, 50, {}), many.snapshot()->keyword->search(query, 50, {}));
  }
}

// A question of any kind gets a ranking, whatever it says.
TEST(Bm25Index, AnswersQuestionsOfNoWordsOfManyAndOfAnyScript) {
  index::SegmentedIndex made({.dimensions = 1, .vectors = index::VectorEngine::kFlat});
  auto documents = random_word_documents(30, 20, 3000, 14);
  documents.push_back({{"mixed"}, {{ChunkId{100'000}, "iPhone手机 مرحبا café", {1}}}});
  made.add(documents);
  const auto keyword = made.snapshot()->keyword;
  for (const char* none : {"", " ", "the of and", "🐦😀", "?!...", "\xFF\xFE"}) {
    EXPECT_TRUE(keyword->search(none, 10, {}).empty()) << none;
  }
  for (const char* mixed : {"手机", "مرحبا", "CAFÉ", "🐦 iphone the"}) {
    const Ranking found = keyword->search(mixed, 10, {});
    ASSERT_EQ(found.size(), 1u) << mixed;
    EXPECT_EQ(found[0].chunk, ChunkId{100'000});
  }
  std::mt19937 random(15);
  const std::string long_question = random_words(random, 2000, 3000);
  const BruteForceKeywordIndex exact(analyzed, documents);
  expect_same_ranking(keyword->search(long_question, 20, {}), exact.search(long_question, 20, {}), 1e-2);
}

TEST(Bm25Index, AWordOfAFieldCountsAsOftenAsItsWeightSays) {
  const auto score = [](const index::FieldWeights& fields, const IndexedDocument& document) {
    index::SegmentedIndex made({.dimensions = 1, .fields = fields, .vectors = index::VectorEngine::kFlat});
    const std::vector<IndexedDocument> documents{document, {{"other"}, {{ChunkId{9}, "owl nest tree", {1}}}}};
    made.add(documents);
    const Ranking found = made.snapshot()->keyword->search("magpie wing", 5, {});
    return found.empty() ? 0.0F : found[0].score;
  };
  const IndexedDocument fields{{"a"}, {{ChunkId{1}, "black feather", {1}, "magpie wing"}}, "magpie"};
  const auto body = [](const char* text) { return IndexedDocument{{"a"}, {{ChunkId{1}, text, {1}}}}; };
  EXPECT_EQ(score({.title = 1, .heading = 1}, fields), score({}, body("magpie magpie wing black feather")));
  EXPECT_EQ(score({.title = 3, .heading = 2}, fields),
            score({}, body("magpie magpie magpie magpie wing magpie wing black feather")));
  EXPECT_EQ(score({.title = 0, .heading = 1}, fields), score({}, body("magpie wing black feather")));
  EXPECT_EQ(score({.title = 0, .heading = 0}, fields), 0.0F);
}

TEST(Bm25Index, AnswersInTheWordsOfTheQuestionWhateverTheirForm) {
  index::SegmentedIndex made({.dimensions = 1, .vectors = index::VectorEngine::kFlat});
  const std::vector<IndexedDocument> documents{
      {{"a"}, {{ChunkId{1}, "The list price is €68,400 per unit.", {1}}, {ChunkId{2}, "It flies at dusk.", {1}}}}};
  made.add(documents);
  const Ranking found = made.snapshot()->keyword->search("What are the LIST PRICES?", 10, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].chunk, ChunkId{1});
}

}  // namespace
}  // namespace jackdaw::testing
