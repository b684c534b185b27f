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
