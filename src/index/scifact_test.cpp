#include <gtest/gtest.h>

#include "index/segmented_index.h"
#include "tests/support/beir.h"

namespace jackdaw::index {
namespace {

// bm25s 0.3.16, method "lucene", k1 = 1.2, b = 0.75, over the terms of Analyzer's defaults: the output of
// tools/bm25s_reference.py, which says how to repeat it.
constexpr double kBm25sNdcg = 0.69948;

TEST(Scifact, NdcgIsThatOfBm25sOverTheSameTerms) {
  const auto folder = testing::test_data(JACKDAW_SOURCE_DIR) / "retrieval" / "scifact";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent: set JACKDAW_TEST_DATA to the test data.";
  const auto collection = testing::read_beir(folder, "train");
  ASSERT_EQ(collection.corpus.size(), 5183u);
  std::vector<IndexedDocument> documents;
  for (std::size_t i = 0; i < collection.corpus.size(); ++i) {
    const auto& text = collection.corpus[i];
    documents.push_back({DocumentId{text.id}, {{ChunkId{static_cast<std::int64_t>(i)}, text.text, {1.0F}}}});
  }
  SegmentedIndex index({.dimensions = 1, .vectors = VectorEngine::kFlat});
  index.add(documents);
  const auto snapshot = index.snapshot();
  double sum = 0;
  for (const auto& query : collection.queries) {
    const auto relevant = collection.relevant.find(query.id);
    if (relevant == collection.relevant.end()) continue;
    std::vector<std::string> ranking;
    for (const ScoredChunk& found : snapshot->keyword->search(query.text, 10, {})) {
      ranking.push_back(collection.corpus[static_cast<std::size_t>(found.chunk.value)].id);
    }
    sum += testing::ndcg_at_10(ranking, relevant->second);
  }
  const double ndcg = sum / static_cast<double>(collection.relevant.size());
  RecordProperty("ndcg_at_10", std::to_string(ndcg));
  EXPECT_NEAR(ndcg, kBm25sNdcg, 0.003);
}

}  // namespace
}  // namespace jackdaw::index
