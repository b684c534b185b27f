#include "index/vector_index.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "index/flat_index.h"
#include "index/int8_index.h"
#include "index/segmented_index.h"
#include "tests/support/vector_index_contract.h"

namespace jackdaw::testing {
namespace {

// Segments of three documents each.
std::shared_ptr<const VectorIndex> make_with(index::VectorEngine engine, std::size_t dimensions,
                                             const std::vector<IndexedDocument>& documents,
                                             const std::vector<DocumentId>& removed) {
  index::SegmentedIndex made({.dimensions = dimensions, .vectors = engine});
  for (std::size_t begin = 0; begin < documents.size(); begin += 3) {
    made.add(std::span(documents).subspan(begin, std::min<std::size_t>(3, documents.size() - begin)));
  }
  for (const DocumentId& document : removed) made.remove(document);
  return made.snapshot()->vector;
}

VectorIndexMaker maker(index::VectorEngine engine) {
  return {[engine](std::size_t dimensions, const auto& documents, const auto& removed) {
    return make_with(engine, dimensions, documents, removed);
  }};
}

// The same after it was saved: its floats lie in a file, also those of the index that saved it.
VectorIndexMaker saved_and_loaded(index::VectorEngine engine) {
  return {[engine](std::size_t dimensions, const auto& documents, const auto& removed) {
    const auto file = std::filesystem::temp_directory_path() / ("jackdaw-index-" + random_id());
    const index::SegmentedIndexOptions options{.dimensions = dimensions, .vectors = engine};
    index::SegmentedIndex made(options);
    for (const IndexedDocument& document : documents) made.add({&document, 1});
    for (const DocumentId& document : removed) made.remove(document);
    made.save(file, "stamp", Cancellation());
    index::SegmentedIndex loaded(options);
    EXPECT_TRUE(loaded.load(file, "stamp"));
    loaded.merge_if_due(Cancellation());
    std::filesystem::remove(file);
    return loaded.snapshot()->vector;
  }};
}

INSTANTIATE_TEST_SUITE_P(Faiss, VectorIndexContract, ::testing::Values(maker(index::VectorEngine::kFaiss)));
INSTANTIATE_TEST_SUITE_P(Flat, VectorIndexContract, ::testing::Values(maker(index::VectorEngine::kFlat)));
INSTANTIATE_TEST_SUITE_P(Int8, VectorIndexContract, ::testing::Values(maker(index::VectorEngine::kInt8)));
INSTANTIATE_TEST_SUITE_P(Int8Approximate, VectorIndexContract,
                         ::testing::Values(maker(index::VectorEngine::kInt8Approximate)));
INSTANTIATE_TEST_SUITE_P(Int8Saved, VectorIndexContract,
                         ::testing::Values(saved_and_loaded(index::VectorEngine::kInt8)));

TEST(FlatIndex, GivesTheSameRankingOnEveryPathOfThisMachine) {
  constexpr std::size_t kDimensions = 50;
  const auto documents = whole_number_documents(1, 300, kDimensions, 4);
  std::vector<const float*> rows;
  std::vector<ChunkId> chunks;
  for (const IndexedChunk& chunk : documents[0].chunks) {
    rows.push_back(chunk.embedding.data());
    chunks.push_back(chunk.chunk);
  }
  index::RowSet odd(rows.size(), false);
  for (std::size_t row = 1; row < rows.size(); row += 2) odd.insert(row);
  const Embedding query = whole_number_documents(1, 1, kDimensions, 9)[0].chunks[0].embedding;
  for (const index::InnerProductPath& path : index::inner_product_paths()) {
    const index::FlatIndex flat(kDimensions, rows.size(), index::rows_at(rows, kDimensions), path);
    index::TopK all(40);
    flat.search(query, nullptr, chunks, all);
    EXPECT_EQ(all.take(), exact_search(documents, {}, query, 40, {})) << path.name;
    index::TopK some(10);
    flat.search(query, &odd, chunks, some);
    for (const ScoredChunk& found : some.take()) EXPECT_EQ(found.chunk.value % 2, 0) << path.name;
    Embedding copy(kDimensions);
    flat.copy_row(7, copy);
    EXPECT_EQ(copy, documents[0].chunks[7].embedding);
  }
}

}  // namespace
}  // namespace jackdaw::testing
